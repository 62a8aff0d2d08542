"""Go on from a run: its task, preprocessor and weights are kept, and its network is trained further on other data.

recipe = resolve_from(plugins, run, Asked("vision", "newer"))
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from dl import sealed
from dl.data.examples import Dataset, Subset, fingerprints
from dl.data.paths import whole_path
from dl.domain import Domain, Preprocessor, comparable, encode_examples
from dl.errors import BadData, BadOption, BadRun, DLError
from dl.finding import Finding
from dl.intervals import Estimate, interval_of_mean
from dl.plugins.at_hand import AtHand
from dl.plugins.registry import Plugins
from dl.recipes.asked import Asked
from dl.recipes.recipe import AUTO, FOUND, LR, PartialRecipe, Recipe
from dl.recipes.resolve import check_recipe, pick_specs, resolve, sort_typed, start_recipe
from dl.runs.estimates import estimate
from dl.runs.forgotten import Forgotten
from dl.runs.manifest import AS_IT_WAS, Baseline
from dl.runs.run import PREPROCESSOR, WEIGHTS, Run
from dl.specs import IN_MEMORY
from dl.splits.leakage import found_in
from dl.splits.partition import DataSplits, split_data
from dl.tasks.table import restore
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset
from dl.training.checkpoint import load_weights
from dl.training.fit_data import FitData
from dl.training.read_new import OF_READING, OF_ROWS, Reader, adopt_splits, read_dataset, reload_dataset, split_given
from dl.training.scoring import compute_logits, score

GENTLE = 0.1  # of the rate of the run: its weights are to be changed a little, not learnt anew


@dataclass(frozen=True)
class Origin:
    """The run that a fit goes on from.

    Args:
        run: The run.
        task: As decided by its training target.
        preprocessor: As it learnt.
        reader: Reads other data as it read its own.
    """

    run: Run
    task: Task
    preprocessor: Preprocessor
    reader: Reader

    def read(self, recipe: Recipe, at_hand: AtHand) -> Dataset:
        """Read the new data in the form of the run, with targets in their own numbers."""
        if at_hand.data is None:
            return read_dataset(self.reader, recipe.data, None, {})
        found = split_given(self.reader, at_hand.data, recipe.data_options)
        return replace(found, title=at_hand.data.given.words)

    def own_splits(self, plugins: Plugins) -> DataSplits | None:
        """Return the splits of the run itself; None if its data is gone."""
        try:
            recipe = resolve(plugins, recipe=str(self.run.path / "recipe.toml"))
            dataset = reload_dataset(replace(self.reader, recipe=recipe))
            return adopt_splits(split_data(dataset, recipe, plugins), self.task.info, self.run.name)
        except DLError:
            return None

    def adopt(self, splits: DataSplits, own: DataSplits | None) -> DataSplits:
        """Return the splits with targets in the numbers of the run, and what it had learnt from marked as leaked.

        Args:
            splits: Of the new data.
            own: Of the run, if its data is still there.

        Raises:
            BadData: If there are classes that the run does not know.
        """
        seen = np.zeros(len(splits.val), bool)
        if own is not None:
            seen = found_in(self._hashes(splits.val), self._hashes(own.train))
        found = [_leak(seen, self.run.name)] if seen.any() else []
        adopted = adopt_splits(splits, self.task.info, self.run.name)
        return replace(adopted, leaked=splits.leaked | seen, findings=[*splits.findings, *found])

    def task_of(self, splits: DataSplits) -> Task:
        """Return the run's task, with the counts of the new training set."""
        info = self.task.info
        counts = info.counts
        if info.has_classes:
            counts = tuple(np.bincount(splits.train.targets.astype(np.int64), minlength=len(info.names)).tolist())
        return replace(self.task, info=replace(info, counts=counts, reason=f"as in {self.run.name}"))

    def load_into(self, network: nn.Module) -> None:
        """Read the weights of the run into a network.

        Raises:
            BadOption: If it is another network.
        """
        try:
            load_weights(self.run.path / WEIGHTS, network)
        except BadRun as error:
            why = f"the weights of {self.run.name} do not fit this network"
            raise BadOption(f"{why}; leave out what changes it: model options, shrink, other inputs") from error

    def _hashes(self, subset: Subset) -> NDArray[np.bytes_]:
        return fingerprints(Subset(comparable(subset.examples, self.preprocessor), subset.index))


def _leak(seen: NDArray[np.bool_], run: str) -> Finding:
    count, n = int(seen.sum()), len(seen)
    message = f"{count:,} of {n:,} validation examples were trained on by {run}, from which this fit goes on"
    evidence = {"leaked": count, "val": n, "share": count / n}
    return Finding("data-duplicates-across-split", "issue", message, evidence)


@dataclass(frozen=True)
class AsItWas:
    """The run as it was, scored on the new validation set.

    Args:
        origin: The run.
        baseline: The rung on the ladder.
        scores: (n,) of each validation example.
        own: The splits of the run, if its data is still there.
    """

    origin: Origin
    baseline: Baseline
    scores: NDArray[np.float32]
    own: DataSplits | None

    def forgotten(self, network: nn.Module, folder: Path) -> Forgotten | None:
        """Score the run's own validation set, before the fit and after it; None if its data is gone.

        Args:
            network: To load both weights into.
            folder: Of the run that went on.
        """
        if self.own is None:
            return None
        task, val, groups = self.origin.task, self.own.val, self.own.groups["val"]
        examples = encode_examples(val.examples.take(val.index), self.origin.preprocessor.cpu())
        data, network = DeviceDataset.of(examples, task), network.cpu().eval()
        found = []
        for weights in (self.origin.run.path, folder):
            load_weights(weights / WEIGHTS, network)
            positions = np.arange(len(examples))
            logits = compute_logits(network, self.origin.preprocessor, task, data, positions)
            found.append(score(task, logits, data.targets))
        info, values = task.info, [estimate(task.info, one, val.targets, groups).value for one in found]
        change = None
        if info.headline.kind in ("proportion", "mean"):
            rise = found[1].score.astype(np.float64) - found[0].score.astype(np.float64)
            change = Estimate(float(rise.mean()), *interval_of_mean(rise, groups))
        return Forgotten(self.origin.run.name, info.headline, values[0], values[1], change, len(examples))


def score_as_it_was(
    origin: Origin, network: nn.Module, task: Task, data: FitData, val: Subset, own: DataSplits | None
) -> AsItWas:
    """Score the network of the run, before the first step, on the new validation set."""
    logits = compute_logits(deepcopy(network).eval(), origin.preprocessor, task, data.val_data, data.val)
    target = task.encode(val.targets)
    scored = score(task, logits, target)
    metric = task.metrics(logits, target)[task.info.headline.name]
    answer, loss = f"{origin.run.name} as it was", float(scored.loss.mean())
    baseline = Baseline(AS_IT_WAS, answer, metric, loss, rival=True, train=origin.run.manifest.parts.train)
    return AsItWas(origin, baseline, scored.score, own)


def open_origin(recipe: Recipe, plugins: Plugins, domain: Domain) -> Origin:
    """Open the run that a recipe goes on from.

    Raises:
        BadRun: If it is gone, or has changed since.
    """
    run = Run(Path(recipe.from_run))
    if not (run.path / "run.json").exists():
        raise BadRun(f"{recipe.from_run!r}, the run that this recipe goes on from, is no longer there; put it back")
    if hash_of(run) != recipe.from_hash:
        raise BadRun(f"{run.name} has changed since: its weights are others than those that this recipe goes on from")
    task = restore(run.manifest.task, plugins.tasks)
    reader = Reader.of_run(run, recipe, domain, task.info, plugins)
    return Origin(run, task, reader.preprocessor, reader)


def hash_of(run: Run) -> str:
    """Return a hash of the weights and the preprocessor of a run.

    Raises:
        BadRun: If it has none.
    """
    if run.manifest.learner:
        raise BadRun(f"{run.name} is {run.manifest.learner}, which has no weights to go on from; fit it anew")
    found = blake2b(digest_size=16)
    for name in (WEIGHTS, PREPROCESSOR):
        try:
            found.update(sealed.read(run.path / name))
        except OSError as error:
            folds = "; refit it: dl cv --final refit" if run.manifest.protocol else ""
            raise BadRun(f"{run.name} has no {name} to go on from{folds}") from error
    return found.hexdigest()


def resolve_from(plugins: Plugins, run: Run, asked: Asked) -> Recipe:
    """Resolve the choices of a fit that goes on from a run: its recipe, on other data, at a tenth of its rate.

    Raises:
        BadOption: For a choice that the run has made.
        BadRun: If it cannot be gone on from.
    """
    kept = run.recipe
    _refuse_choices(run, kept, asked)
    _refuse_search(run, asked)
    found = hash_of(run)
    wanted = PartialRecipe(kept.domain, asked.data, run.manifest.task.name, asked.seed, regularizers=asked.reg)
    start = start_recipe(plugins, wanted, str(run.path / "recipe.toml"))
    specs = pick_specs(plugins, start)
    for name in asked.options:
        if name in {option.name for option in specs.model.options}:
            raise BadOption(f"{name}= is an option of the network, which is that of {run.name}; leave it out")
    _refuse_networks(plugins, run, asked)
    known = {option.name for option in specs.groups["options"]}
    other_kind = (kept.domain, kept.data) in plugins.datasets or specs.dataset is not None
    dropped = {*OF_READING} if other_kind and kept.data != start.data else {*()}
    data_options = {k: v for k, v in start.data_options.items() if k in known and k not in dropped}
    split = {**start.split, "val": AUTO, "protocol": "holdout", "fold": 0}
    start = replace(start, data_options=data_options, split=split, task=kept.task)
    typed = sort_typed(specs, start, {**_gentle(kept, asked), **asked.options})
    _refuse_preparing(run, specs.dataset.options if specs.dataset else (), typed["options"])
    recipe = check_recipe(plugins, specs, start, typed)
    return replace(recipe, from_run=str(whole_path(run.path)), from_hash=found)


def _refuse_search(run: Run, asked: Asked) -> None:
    """Refuse options to be found: short fits from the start tell nothing of weights that are learnt.

    Raises:
        BadOption: Naming the option, and what to type.
    """
    for name in FOUND:
        if asked.options.get(name) == AUTO:
            usual = f"a tenth of that of {run.name}" if name == LR else f"that of {run.name}"
            raise BadOption(
                f"{name}=auto makes fits from the start, and this one goes on from {run.name}  "
                f"give a number, or leave it out for {usual}"
            )


def _gentle(kept: PartialRecipe, asked: Asked) -> Mapping[str, object]:
    rate = kept.train.get("lr")
    return {"lr": float(f"{GENTLE * rate:.3g}")} if isinstance(rate, float) and "lr" not in asked.options else {}


def _refuse_choices(run: Run, kept: PartialRecipe, asked: Asked) -> None:
    """Refuse choices that the run has made.

    Raises:
        BadOption: Naming the choice.
        BadRun: If its network or optimizer was in memory.
    """
    typed = {"--recipe": asked.recipe, "--task": asked.task}
    typed |= {"--model": "" if asked.model == kept.model else asked.model}
    typed |= {"the domain": "" if asked.domain == kept.domain else asked.domain}
    for name, word in typed.items():
        if word:
            raise BadOption(
                f"{name} {word}: a fit that goes on from {run.name} keeps its network and task; leave it out"
            )
    for what in ("model", "optimizer"):
        if what in run.manifest.in_memory and what not in asked.options:
            noun = "network" if what == "model" else what
            raise BadRun(f"{run.name} was fitted with its {noun} in memory; go on in Python, with the {noun} at hand")
    if not asked.data:
        raise BadOption(f"new data is needed to go on from {run.name}  example: dl fit {kept.domain} newer --from last")
    if asked.data == IN_MEMORY and run.manifest.task.tells_tokens:
        raise BadData(f"{run.name} reads its target from texts; give a file to go on")


def _refuse_networks(plugins: Plugins, run: Run, asked: Asked) -> None:
    """Refuse regularizers that change the network, unless the run has them alike.

    Raises:
        BadOption: Naming the regularizer.
    """
    for name in asked.reg:
        if plugins.regularizer(run.manifest.domain, name).place == "network":
            raise BadOption(f"--reg {name} changes the network, which is that of {run.name}; leave it out")


def _refuse_preparing(run: Run, of_set: tuple[Any, ...], typed: Mapping[str, object]) -> None:
    """Refuse options that change how inputs are prepared. Any: options of a data set.

    Raises:
        BadOption: Naming the option.
    """
    for name in typed:
        if name not in (*OF_READING, *OF_ROWS, *(option.name for option in of_set)):
            raise BadOption(f"{name}= changes how inputs are prepared, which {run.name} has learnt; leave it out")


def refuse_going_on(recipe: Recipe, what: str) -> None:
    """Refuse a recipe that goes on from a run where several fits would.

    Raises:
        BadOption: Naming the run.
    """
    if recipe.from_run:
        raise BadOption(
            f"{what} makes fits from the start; this recipe goes on from {Path(recipe.from_run).name}  use: dl fit"
        )
