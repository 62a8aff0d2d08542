"""Set up a fit without output: data, split, task, preprocessor, network and encoded inputs.

Nothing is printed and nothing is kept here; whatever does not fit is an error before a run folder exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl import collector
from dl.data.examples import Dataset, Fingerprints, Index, Subset, fingerprints, subset_fingerprint
from dl.data.larger import is_larger, memory
from dl.defaults import DataFacts, Default
from dl.domain import Preprocessor, comparable, encode_examples
from dl.errors import BadData, BadNetwork, BadOption, DLError, PluginFailed
from dl.learner import Learner
from dl.learners.fit_rivals import RivalScore
from dl.learners.fitted import learner_of
from dl.learners.rules import score_rules
from dl.options import Value
from dl.plugins.at_hand import NOTHING, AtHand
from dl.plugins.model_file import FileName, short_model
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.processes import this_process
from dl.recipes.close import close_recipe, data_facts
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import AUTO, BLOCKS, FULL, SHUFFLE, Recipe
from dl.runs.manifest import Baseline, Manifest, TaskInfo
from dl.runs.thresholds import need_both
from dl.specs import ModelSpec, OwnStep
from dl.splits.copies import only_copies
from dl.splits.on_leak import settle_leaks
from dl.splits.partition import DataSplits, guarded, load_dataset, split_data
from dl.tasks.table import decide, restore
from dl.tasks.task import Rung, Task
from dl.terminal import safe_text
from dl.training.batches import DeviceDataset, check_width
from dl.training.fit_data import FitData
from dl.training.optimizers import own_optimizer, own_optimizers
from dl.training.origin import AsItWas, open_origin, score_as_it_was
from dl.training.read_new import adopt_splits
from dl.training.regularizers import Regularizers, build_network
from dl.training.summary import count_parameters, find_network_fault
from dl.version import VERSION
from dl.words import many, show_bytes


@dataclass(frozen=True)
class Shared:
    """What the first process of a fit on several devices has prepared for all: plain values and arrays.

    Args:
        recipe: Every option, settled.
        task: As decided.
        preprocessor: Settings of the preprocessor.
        random_state: Of torch, from which the network is drawn.
        train: (n,) positions of the training set.
        val: (n,) positions of the validation set.
        probe: (n,) positions of the probe.
        sizes: Numbers of examples that were read, for training and validation.
        fingerprint: Of the validation set.
    """

    recipe: Recipe
    task: TaskInfo
    preprocessor: dict[str, Any]  # Any: as JSON holds it
    random_state: Tensor
    train: Index
    val: Index
    probe: Index
    sizes: tuple[int, int]
    fingerprint: str


@dataclass(frozen=True)
class FitSetup:
    """Everything that a fit needs before its first step.

    Args:
        recipe: Every option.
        dataset: The data set as it was read.
        splits: The training set, the validation set, the probe, and the findings of the guards.
        task: The decided task.
        preprocessor: Learnt from the training set alone.
        network: Preprocessed inputs -> logits.
        regularizers: Of the recipe, built.
        data: The encoded inputs to train on and score.
        baselines: Scores of trivial answers on the validation set.
        sketch: From one encoded input to a small picture or a text.
        at_hand: Arguments in memory, which the recipe cannot name.
        facts: Of the data set before the split.
        defaults: The choices that follow from them.
        learner: Fitted in place of the network, if the model is one; the network then is empty.
        created: Time of creation, in UTC (ISO 8601).
        as_it_was: The run that the fit goes on from, scored on the validation set; None for a fit from the start.
        rungs: Answers that follow from the network, scored example by example.
        random_state: Of torch after the preprocessor was learnt, from which the network is drawn.
        own_step: How the network is trained; None for dl's own training step.
        rules: Those of the domain, scored on the validation set.
    """

    recipe: Recipe
    dataset: Dataset
    splits: DataSplits
    task: Task
    preprocessor: Preprocessor
    network: nn.Module
    regularizers: Regularizers
    data: FitData
    baselines: tuple[Baseline, ...]
    sketch: Callable[[Any], Any]  # Any: as the domain encodes and shows inputs
    at_hand: AtHand = NOTHING
    facts: DataFacts | None = None
    defaults: tuple[Default, ...] = ()
    learner: Learner | None = None
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    as_it_was: AsItWas | None = None
    rungs: tuple[Rung, ...] = ()
    random_state: Tensor = field(default_factory=torch.get_rng_state)
    own_step: OwnStep | None = None
    rules: tuple[RivalScore, ...] = ()

    def manifest(self, name: str) -> Manifest:
        """Return the manifest before the first step, with the name of the run folder."""
        return Manifest(
            name=name,
            status="running",
            created=self.created,
            dl_version=VERSION,
            domain=self.recipe.domain,
            model=short_model(self.recipe.model),
            parameters=count_parameters(self.network),
            task=self.task.info,
            parts=self.splits.parts(self.dataset, self.preprocessor.input_shape),
            baselines=(*self.baselines, *(one.baseline for one in self.rules)),
            **this_process(),
            in_memory=self.at_hand.names,
            data=self.facts,
            learner=self.learner.answer if self.learner else "",
        )

    @property
    def constants(self) -> tuple[Baseline, ...]:
        """The baselines that do not follow from the network, nor from a run that the fit goes on from."""
        return tuple(one for one in self.baselines if one.name not in self.kept_scores)

    @property
    def kept_scores(self) -> dict[str, NDArray[np.float32]]:
        """The scores of single validation examples by whatever else than the network is known, by its name."""
        found = {one.baseline.name: one.scores for one in self.rungs}
        found |= {one.baseline.name: one.scores for one in self.rules}
        return found if self.as_it_was is None else found | {self.as_it_was.baseline.name: self.as_it_was.scores}

    def shared(self) -> Shared:
        """Return what the other processes of the fit need, so that it is read, looked at and learnt once."""
        splits = self.splits
        sizes = (len(splits.train.examples), len(splits.val.examples))
        positions = (splits.train.index, splits.val.index, splits.probe.index)
        settings = dict(self.preprocessor.settings())
        found = subset_fingerprint(splits.val)
        return Shared(self.recipe, self.task.info, settings, self.random_state, *positions, sizes, found)

    def fingerprints(self) -> Fingerprints:
        """Return the hashes of training and validation set, to find copies of their examples later."""
        subsets = map(only_copies, (self.splits.train, self.splits.val))
        comparables = [Subset(comparable(subset.examples, self.preprocessor), subset.index) for subset in subsets]
        return np.concatenate([fingerprints(subset) for subset in comparables])


def set_up(
    recipe: Recipe,
    plugins: Plugins,
    at_hand: AtHand = NOTHING,
    dataset: Dataset | None = None,
    splits: DataSplits | None = None,
    prepared: FitSetup | None = None,
) -> FitSetup:
    """Read and split the data, decide the task, learn the preprocessor and build the network.

    The random state of torch is seeded with the recipe's seed before anything is learnt or built.

    Args:
        recipe: Every choice.
        plugins: The registered plugins.
        at_hand: Arguments in memory, which the recipe cannot name.
        dataset: The recipe's data set, if it has been read before; None reads it.
        splits: Of this data set, in place of those that the recipe asks for.
        prepared: A fit that prepares these splits alike: its task, preprocessor and encoded inputs are taken.

    Raises:
        DLError: For a mistake of the user: unreadable data, a task or an option that does not fit.
        PluginFailed: If the network does not fit the task.
    """
    domain = plugins.domain(recipe.domain).load()
    collector.resume()  # all that is large is imported
    origin = open_origin(recipe, plugins, domain) if recipe.from_run else None
    dataset = dataset or (origin.read(recipe, at_hand) if origin else load_dataset(recipe, plugins, domain))
    mended: tuple[Default, ...] = ()
    if splits is None and not protocol_of(recipe.split)[1]:  # folds were looked at together
        recipe, dataset, mended = settle_leaks(recipe, dataset, plugins, domain)
    facts = data_facts(dataset)
    recipe, defaults = close_recipe(recipe, dataset, plugins, at_hand, facts)
    defaults = mended + defaults
    splits = splits or guarded(dataset, split_data(dataset, recipe, plugins))
    own = origin.own_splits(plugins) if origin else None
    splits = origin.adopt(splits, own) if origin else splits
    torch.manual_seed(recipe.seed)
    if prepared:
        task, preprocessor = prepared.task, prepared.preprocessor
        torch.set_rng_state(prepared.random_state)
    else:
        task = origin.task_of(splits) if origin else _decide(splits, recipe, plugins)
        preprocessor = origin.preprocessor if origin else domain.learn(splits.train, recipe.data_options)
    random_state = torch.get_rng_state()
    _check_threshold(task, splits, recipe)
    regularizers = Regularizers.of(recipe, plugins, task)
    learner = _learner(recipe, plugins, task, at_hand)
    network = nn.Identity() if learner else _build(recipe, plugins, preprocessor, task, regularizers, at_hand)
    if origin:
        origin.load_into(network)
    if not learner:
        _refuse_unreachable(network, preprocessor, task, splits)
    own_step = _own_step(recipe, plugins, network, regularizers, at_hand)
    regularizers.rehearse(network, preprocessor, task.encode(splits.train.targets[:1]), task.row)
    data = prepared.data if prepared else _encode(splits, preprocessor, task)
    recipe, larger = _settle_shuffle(recipe, data)
    size = int(recipe.train.get("batch_size", 1))
    check_width(splits.train, data.train_data.lengths, size, data.train_data.width)
    every = prepared.constants if prepared else task.row.baselines(task, splits.train, splits.val, preprocessor)
    as_it_was = score_as_it_was(origin, network, task, data, splits.val, own) if origin else None
    rungs = task.row.rungs(task, network, splits.train, splits.val, preprocessor)
    every = tuple(one for one in every if one.name not in {rung.baseline.name for rung in rungs})
    rules = prepared.rules if prepared else tuple(score_rules(domain, recipe, task, splits))
    baselines = (*every, *(one.baseline for one in rungs), *((as_it_was.baseline,) if as_it_was else ()))
    return FitSetup(
        recipe,
        dataset,
        splits,
        task,
        preprocessor,
        network,
        regularizers,
        data,
        baselines,
        domain.sketch,
        at_hand,
        facts,
        defaults + larger,
        learner,
        as_it_was=as_it_was,
        rungs=rungs,
        random_state=random_state,
        own_step=own_step,
        rules=rules,
    )


def set_up_alike(shared: Shared, plugins: Plugins) -> FitSetup:
    """Set up a process beside the first, which has split the data, looked at it and learnt the preprocessor.

    Raises:
        BadData: If this process reads other data than the first.
    """
    recipe = shared.recipe
    domain = plugins.domain(recipe.domain).load()
    collector.resume()
    origin = open_origin(recipe, plugins, domain) if recipe.from_run else None
    dataset = origin.read(recipe, NOTHING) if origin else load_dataset(recipe, plugins, domain)
    splits = _splits_alike(shared, dataset)
    splits = adopt_splits(splits, origin.task.info, origin.run.name) if origin else splits
    _check_alike(shared, splits)
    task, preprocessor = restore(shared.task, plugins.tasks), domain.restore(shared.preprocessor)
    torch.set_rng_state(shared.random_state)
    regularizers = Regularizers.of(recipe, plugins, task)
    network = _build(recipe, plugins, preprocessor, task, regularizers, NOTHING)
    if origin:
        origin.load_into(network)
    own_step = _own_step(recipe, plugins, network, regularizers, NOTHING)
    regularizers.rehearse(network, preprocessor, task.encode(splits.train.targets[:1]), task.row)
    given = (recipe, dataset, splits, task, preprocessor, network, regularizers, _encode(splits, preprocessor, task))
    return FitSetup(*given, (), domain.sketch, own_step=own_step)


def _splits_alike(shared: Shared, dataset: Dataset) -> DataSplits:
    """Return the splits of the first process; what only reports read of them is left out."""
    val = dataset.train if dataset.val is None else dataset.val
    if (sizes := (len(dataset.train), len(val))) != shared.sizes:
        raise BadData(
            f"this process read {sizes[0]:,} examples, and {sizes[1]:,} to validate on; the first process of the fit "
            f"{shared.sizes[0]:,} and {shared.sizes[1]:,}; all must read the same data"
        )
    train, probe = Subset(dataset.train, shared.train), Subset(dataset.train, shared.probe)
    nothing: dict[str, Any] = {}  # Any: no entries
    return DataSplits(train, Subset(val, shared.val), probe, "", np.zeros(0, np.bool_), nothing, nothing)


def _check_alike(shared: Shared, splits: DataSplits) -> None:
    if subset_fingerprint(splits.val) != shared.fingerprint:
        raise BadData(
            "this process read other validation examples than the first process of the fit; all must read the same"
        )


def pinned(task: Task) -> dict[str, Value]:
    """Return the options of training that fits on some of the examples share, decided on all of them."""
    found: dict[str, Value] = {"positive": task.info.positive or AUTO}
    if task.row.heads:
        numbers = [one.task.info for one in task.row.heads if one.task.row.log_scaled]
        found["target_scale"] = "log" if numbers and all(info.log_limits for info in numbers) else "plain"
    if task.row.log_scaled:
        found["target_scale"] = "log" if task.info.log_limits else "plain"
    return found


def _decide(splits: DataSplits, recipe: Recipe, plugins: Plugins) -> Task:
    """Return the task that the training target and the recipe ask for."""
    loss, positive, scale = (str(recipe.train.get(name, AUTO)) for name in ("loss", "positive", "target_scale"))
    names, weights = splits.train.examples.names, str(recipe.train.get("weights", AUTO))
    given = (recipe.task, loss, plugins.tasks, positive, scale, weights)
    return decide(splits.train.targets, names, *given, scored=splits.val.targets)


def _check_threshold(task: Task, splits: DataSplits, recipe: Recipe) -> None:
    """Refuse a threshold that the task has none of, and one to tune on a validation set of one class.

    Raises:
        BadData: If there is nothing to tune on.
        BadOption: If the task answers no yes or no by a probability.
    """
    asked = str(recipe.train["threshold"])
    if asked != AUTO and not task.info.has_thresholds:
        raise BadOption(
            f"threshold={asked} is for two classes, or labels; the task is {task.info.name}, which has no threshold"
        )
    if not protocol_of(recipe.split)[1]:  # the outcomes of all folds together are tuned on
        need_both(task.info, asked, splits.val.targets)


def _learner(recipe: Recipe, plugins: Plugins, task: Task, at_hand: AtHand) -> Learner | None:
    """Return the recipe's learner; None if its model is a network.

    Raises:
        BadOption: If the learner does not answer what the task asks, or callbacks are given.
    """
    spec = plugins.model(recipe.domain, recipe.model)
    if not spec.is_learner:
        return None
    if at_hand.callbacks:
        raise BadOption(f"callbacks=: the model {spec.name!r} is not trained in epochs; leave them out")
    learner = learner_of(spec, task.row, recipe.model_options)
    if learner is None:
        able = [name for (home, name), one in plugins.models.items() if home == spec.domain and _answers(one, task)]
        raise BadOption(
            f"the model {spec.name!r} has no answer to the task {task.row.name}; learners that have: "
            f"{', '.join(able) or 'none'}"
        )
    return learner


def _answers(spec: ModelSpec, task: Task) -> bool:
    return getattr(spec, task.row.learner, None) is not None if task.row.learner else False


def _build(
    recipe: Recipe,
    plugins: Plugins,
    preprocessor: Preprocessor,
    task: Task,
    regularizers: Regularizers,
    at_hand: AtHand,
) -> nn.Module:
    """Build the network, and try it with the user's own optimizer, before the run folder is made.

    Raises:
        BadNetwork: If the user's own network does not fit.
        BadOption: If an optimizer in memory does not fit.
        PluginFailed: If the model's network does not fit the task.
    """
    own, of_run = _own_network(recipe, at_hand), bool(recipe.from_run)
    with _naming_own_network(preprocessor, own) if own else nullcontext():
        network = build_network(recipe, plugins, preprocessor, task, regularizers, of_run=of_run)
        fault = find_network_fault(network, preprocessor.example_input(), task)
    if fault and own:
        raise BadNetwork(f"{own} {fault}")
    if fault:
        message = f"the model {recipe.model!r} {fault}"
        raise PluginFailed(plugins.line("models", (recipe.domain, recipe.model), message))
    if at_hand.optimizer is not None:
        own_optimizer(at_hand.optimizer, network)
    return network


def _own_network(recipe: Recipe, at_hand: AtHand) -> str:
    """Name the user's own network, in memory or of a file; empty for a registered model."""
    if at_hand.model is not None:
        return "the network given as model="
    return f"the network of {short_model(recipe.model)}" if FileName.of(recipe.model) else ""


def _own_step(
    recipe: Recipe, plugins: Plugins, network: nn.Module, regularizers: Regularizers, at_hand: AtHand
) -> OwnStep | None:
    """Return the training step in place of dl's own, with its optimizers tried.

    Raises:
        BadOption: If a regularizer or an option changes the loss or the gradients, which are those of that step.
    """
    found = at_hand.own_step or plugins.model(recipe.domain, recipe.model).own_step
    if found is None:
        return None
    for name, one in regularizers.by_name.items():
        if one.loss or one.penalty or one.gradients:
            raise BadOption(f"--reg {name} changes a loss or gradients that are those of training_step; leave it out")
    if recipe.train.get("clip"):
        raise BadOption("clip= changes gradients, which are those of training_step; leave it out")
    own_optimizers(found, network)
    return found


@contextmanager
def _naming_own_network(preprocessor: Preprocessor, own: str) -> Iterator[None]:
    """Turn errors of the user's own network, or of the function that builds it, into one line.

    Raises:
        BadNetwork: For anything but a `DLError`.
    """
    try:
        yield
    except DLError:
        raise
    except Exception as error:  # the user's network may raise anything
        shape = tuple(preprocessor.input_shape)
        why = "; ".join([describe_error(error), *getattr(error, "__notes__", ())])
        raise BadNetwork(f"{own} fails on an input of shape {shape}: {why}") from error


def _refuse_unreachable(network: nn.Module, preprocessor: Preprocessor, task: Task, splits: DataSplits) -> None:
    """Refuse examples that no output of the network can answer rightly.

    Raises:
        BadData: Naming the first of them, and its target.
    """
    if task.row.unreachable is None:
        return
    training = network.training
    with torch.no_grad():
        output = network.eval()(preprocessor.example_input())
    network.train(training)
    for subset in (splits.train, splits.val):
        target = task.encode(subset.targets)
        gone = task.row.unreachable(output, target).numpy()
        if gone.any():
            at = int(np.argmax(gone))
            source, words = safe_text(subset.examples.source(int(subset.index[at]))), task.in_words(target[at])
            others = f", and {many(int(gone.sum()) - 1, 'other')} like it" if gone.sum() > 1 else ""
            raise BadData(
                f"{source}: {safe_text(words, 60)!r} has more characters than the network has steps, {output.shape[1]}"
                f"{others}; use wider images, leave such rows out, or look for the wrong transcript"
            )


def _settle_shuffle(recipe: Recipe, data: FitData) -> tuple[Recipe, tuple[Default, ...]]:
    """Return the recipe with the order of an epoch that fits the memory of this machine, which a resume keeps."""
    if recipe.train.get(SHUFFLE) != AUTO:
        return recipe, ()
    several = [data.train_data] if data.val_data is data.train_data else [data.train_data, data.val_data]
    size = sum(one.inputs.nbytes for one in several)
    chosen = BLOCKS if is_larger(size) else FULL
    settled = replace(recipe, train={**recipe.train, SHUFFLE: chosen})
    if chosen == FULL:
        return settled, ()
    room = show_bytes(memory())
    reason = f"{show_bytes(size)} of inputs, too much for {room} of memory; they are read from disk"
    return settled, (Default(SHUFFLE, BLOCKS, reason),)


def _encode(splits: DataSplits, preprocessor: Preprocessor, task: Task) -> FitData:
    """Encode the inputs; examples shared by training and validation set are encoded once."""
    for_training = encode_examples(splits.train.examples, preprocessor)
    train = DeviceDataset.of(for_training, task)
    shared = splits.val.examples is splits.train.examples
    for_scoring = for_training if shared else encode_examples(splits.val.examples, preprocessor)
    val = train if shared else DeviceDataset.of(for_scoring, task)
    of_training = preprocessor.all_unknown(for_training.inputs)
    of_scoring = of_training if shared else preprocessor.all_unknown(for_scoring.inputs)
    unknown = {"training": of_training[splits.train.index], "validation": of_scoring[splits.val.index]}
    return FitData(train, val, splits.train.index, splits.val.index, splits.probe.index, unknown)
