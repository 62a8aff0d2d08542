"""The suite for regularizers: they may change training as they like, and leave evaluation as it is.

Asked on a network and data of the one domain that it knows, or on rows of numbers. Letters: ``B`` examples of a batch.
"""

from __future__ import annotations

import io
import tempfile
from copy import deepcopy
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

import dl
from dl.choose import resolve
from dl.data import Dataset, with_targets
from dl.devices import Devices
from dl.errors import BadOption
from dl.options import check, name_first
from dl.outcomes import read_logits
from dl.plugins import Plugins, load_plugins
from dl.recipe import Recipe
from dl.regularizer import Batch, Regularizer, Regularizers, State, build_network
from dl.reopen import reopen
from dl.road import divide
from dl.specs import PLACES, DatasetSpec, Options, RegularizerSpec
from dl.states import told
from dl.task import Task, decide
from dl.testing.batch import Batches, Prepared, batches_for, cloned, same, sample_of, whole_batch
from dl.testing.light import lists_lightly
from dl.testing.numbers import DOMAIN, NumbersPlugin, clouds
from dl.testing.rules import Broken, NotAsked, Results, Rules, ask, options_hold

EXAMPLES = 8  # of a batch
STEPS = 5  # of training
FITTED = 48  # examples of the fit
PARTS_OF_PLACE = {
    "network": ("choices", "network"),
    "batch": ("batch",),
    "penalty": ("penalty",),
    "training": ("loss", "after_step", "scored_with", "ends"),
}
SAME = 0.02  # logits are kept in half precision


def check_regularizer(spec: RegularizerSpec, plugins: Plugins | None = None, sample: Dataset | None = None) -> Results:
    """Ask every rule about a regularizer, at the defaults of its options, on the CPU.

    Args:
        spec: As `Plugins.regularizer` gives it, or as a plugin makes it.
        plugins: What is registered; None loads what is installed.
        sample: A small data set of the domain that it is for; None takes what there is.

    Raises:
        DoesNotConform: Naming each rule that does not hold.
    """
    subject = Subject(spec, plugins or load_plugins(), sample)
    with torch.random.fork_rng(devices=[]):
        return ask(f"the regularizer {spec.name!r}", subject, RULES, needed=("there is a task and a model for it",))


class Subject:
    """A regularizer that is asked about.

    Args:
        spec: Its specification.
        plugins: What is registered.
        given: A data set of its domain; None takes what there is.
    """

    def __init__(self, spec: RegularizerSpec, plugins: Plugins, given: Dataset | None) -> None:
        self.spec, self.domain, self.given = spec, spec.only_for or DOMAIN, given
        ours = NumbersPlugin({})
        self.plugins = replace(
            plugins,
            domains={**plugins.domains, DOMAIN: ours.register_domains()[0]},
            models={**plugins.models, **{(DOMAIN, model.name): model for model in ours.register_models()}},
            recipes={**plugins.recipes, (DOMAIN, "plain"): ours.register_recipes()[0]},
            regularizers={**plugins.regularizers, spec.name: spec},
        )
        self.refused: list[str] = []

    @cached_property
    def chosen(self) -> tuple[Recipe, Task, Plugins]:
        """The first task and model that it does not refuse; the data set of the plugins is called ``given``."""
        for dataset in self._datasets():
            loaded = DatasetSpec("given", self.domain, "of a suite", partial(_itself, dataset))
            plugins = replace(self.plugins, datasets={**self.plugins.datasets, (self.domain, "given"): loaded})
            task = decide(dataset.train.targets, dataset.train.names)
            for model in self._models(plugins):
                recipe = resolve(plugins, self.domain, "given", model=model, reg={self.spec.name: {}})
                try:
                    regularizers = Regularizers.of(recipe, plugins, task)
                    build_network(recipe, plugins, self.batches.preparation.input_shape, task, regularizers)
                except BadOption as error:
                    self.refused.append(f"{model} for {task.info.name}: {error}")
                else:
                    return recipe, task, plugins
        raise Broken(f"it refuses all that was tried, first {self.refused[0]}")

    def _datasets(self) -> list[Dataset]:
        """The same inputs with a target of each kind."""
        small = self.small.train
        numbers = np.arange(len(small))
        targets = {
            ("a", "b", "c"): numbers % 3,
            ("no", "yes"): numbers % 2,
            ("height",): (numbers - len(small) / 2).astype(np.float64),
            ("first", "second"): np.stack([numbers % 2, numbers // 2 % 2], axis=1),
        }
        return [replace(self.small, train=with_targets(small, target, names)) for names, target in targets.items()]

    @cached_property
    def small(self) -> Dataset:
        """Data of its domain, few examples."""
        if self.domain == DOMAIN:
            return clouds(FITTED)
        found = self.given or sample_of(self.domain, self.plugins)
        train, rows = found.train, np.arange(min(FITTED, len(found.train)))
        few = replace(train, inputs=train.inputs[rows], targets=train.targets[rows], ids=train.ids[rows])
        return replace(found, train=replace(few, sources=(), groups=None, times=None), val=None, open_test=None)

    def _models(self, plugins: Plugins) -> list[str]:
        usual = "dense" if self.domain == DOMAIN else resolve(plugins, self.domain, "given").model
        return [usual, *(name for domain, name in plugins.models if domain == self.domain and name != usual)]

    @cached_property
    def batches(self) -> Batches:
        """Prepared inputs."""
        return batches_for(self.domain, self.plugins, self.small)

    @property
    def inputs(self) -> Prepared:
        """A batch of different inputs."""
        return cloned(whole_batch(self.batches, EXAMPLES))

    @cached_property
    def targets(self) -> Tensor:
        """Their targets (B, ...), as the loss reads them."""
        recipe, task, plugins = self.chosen
        train = plugins.dataset(self.domain, recipe.data).load({}).train
        return task.encode(train.targets[list(self.batches.rows[:EXAMPLES])])

    def regularizers(self) -> Regularizers:
        """It alone, made anew."""
        recipe, task, plugins = self.chosen
        return Regularizers.of(recipe, plugins, task)

    def alone(self) -> Regularizer:
        """What it does, made anew."""
        return self.regularizers().by_name[self.spec.name]

    def network(self, regularizers: Regularizers) -> nn.Module:
        """The network as regularizers build and change it."""
        recipe, task, plugins = self.chosen
        torch.manual_seed(0)
        return build_network(recipe, plugins, self.batches.preparation.input_shape, task, regularizers)

    def trained(self) -> tuple[nn.Module, Regularizers, list[float]]:
        """A network after some steps of training from its start, and the losses."""
        regularizers = self.regularizers()
        network = self.network(regularizers)
        return network, regularizers, self.train(network, regularizers)

    def train(self, network: nn.Module, regularizers: Regularizers) -> list[float]:
        """Take some steps of training, as `FitModule` takes them; return the losses."""
        task, network = self.chosen[1], network.train()
        loss_of, losses = regularizers.loss(task.row.loss), []
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
        generator = torch.Generator().manual_seed(3)
        torch.manual_seed(3)
        for _ in range(STEPS):
            batch = regularizers.batch(Batch(self.inputs, self.targets), generator)
            loss = batch.loss(loss_of, network(batch.inputs))
            penalty = regularizers.penalty(network)
            optimizer.zero_grad()
            (loss if penalty is None else loss + penalty).backward()
            optimizer.step()
            regularizers.after_step(network)
            losses.append(float(loss.detach()))
        return losses


def _itself(dataset: Dataset, _options: Options) -> Dataset:
    return dataset


def _light(subject: Subject) -> None:
    lists_lightly(subject.plugins, "regularizers", subject.spec.name)


def _options(subject: Subject) -> None:
    spec = subject.spec
    options_hold(spec.options)
    if spec.remedy:
        check(spec.options, name_first({"": spec.remedy}, spec.options, spec.name), spec.name)
    if spec.place not in PLACES:
        raise Broken(f"its place is {spec.place!r}; there are {', '.join(PLACES)}")


def _fits(subject: Subject) -> str:
    recipe, task, _ = subject.chosen
    return f"{recipe.model} of {subject.domain}, {task.info.name}"


def _acts(subject: Subject) -> None:
    one = subject.alone()
    parts = [name for name in Regularizer.__dataclass_fields__ if getattr(one, name) is not None]
    if not parts:
        raise Broken("it does nothing: each of its parts is left out")
    if not set(parts) & set(PARTS_OF_PLACE[subject.spec.place]):
        raise Broken(f"its place is {subject.spec.place!r}, but it has only {', '.join(parts)}")


def _network(subject: Subject) -> None:
    one = subject.alone()
    if one.network is None:
        raise NotAsked("it does not change the network")
    plain = subject.network(Regularizers({"": Regularizer(choices=one.choices)}))
    changed = subject.network(subject.regularizers())
    if list(plain.state_dict()) != list(changed.state_dict()):
        raise Broken("it changes which parameters the network has, or their names")
    with torch.no_grad():
        before, after = plain.eval()(subject.inputs), changed.eval()(subject.inputs)
    if not torch.equal(before, after):
        raise Broken("in eval mode the changed network gives other logits")


def _eval_after_training(subject: Subject) -> None:
    network, regularizers, _ = subject.trained()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad(), regularizers.scored_with(network):
        first, second = network.eval()(subject.inputs), network(subject.inputs)
    if not torch.equal(first, second):
        raise Broken("in eval mode the same inputs give other logits the second time")
    if changed := [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]:
        raise Broken(f"after it was scored the network has another {changed[0]}")
    if network.training:
        raise Broken("it turns eval mode off")


def _batch(subject: Subject) -> None:
    one = subject.alone()
    if one.batch is None:
        raise NotAsked("it does not change batches")
    inputs, targets = subject.inputs, subject.targets.clone()
    given = Batch(inputs, targets)
    found, again = (one.batch(given, torch.Generator().manual_seed(1)) for _ in range(2))
    if not same(inputs, subject.inputs) or not torch.equal(targets, subject.targets):
        raise Broken("it changes the tensors of the batch that it is given")
    if not isinstance(found, Batch) or len(_values(found.inputs)) != len(targets) or len(found.targets) != len(targets):
        raise Broken("it returns something else than a Batch of as many examples")
    if not same(found.inputs, again.inputs) or not torch.equal(found.targets, again.targets):
        raise Broken("the same generator gives another batch: draw from the generator it is given alone")
    if _values(found.inputs).is_floating_point() and not torch.isfinite(_values(found.inputs)).all():
        raise Broken("not all inputs are finite numbers any more")
    if found.share is not None and not bool(((found.share >= 0) & (found.share <= 1)).all()):
        raise Broken("the shares of mixed examples are not from 0 to 1")
    single = Batch(subject.batches.take(subject.batches.rows[:1]), targets[:1])
    one.batch(single, torch.Generator().manual_seed(1))


def _values(inputs: Prepared) -> Tensor:
    return inputs if isinstance(inputs, Tensor) else inputs.values


def _loss(subject: Subject) -> None:
    one, task = subject.alone(), subject.chosen[1]
    if one.loss is None:
        raise NotAsked("it does not change the loss")
    loss = one.loss(task.row.loss)
    with torch.no_grad():
        logits = subject.network(subject.regularizers()).eval()(subject.inputs)
        mean, each = loss(logits, subject.targets, "mean"), loss(logits, subject.targets, "none")
    if mean.ndim or each.shape != (len(logits),):
        raise Broken(f"with 'mean' it gives {tuple(mean.shape)}, with 'none' {tuple(each.shape)}; expected () and (B,)")
    if not torch.isfinite(each).all() or not torch.isclose(mean, each.mean(), rtol=1e-4, atol=1e-5):
        raise Broken("the mean of the losses is not its mean loss, or is no finite number")


def _penalty(subject: Subject) -> None:
    one = subject.alone()
    if one.penalty is None:
        raise NotAsked("it adds no penalty")
    network = subject.network(subject.regularizers())
    penalty = one.penalty(network)
    if not isinstance(penalty, Tensor) or penalty.ndim or not torch.isfinite(penalty):
        raise Broken("it is not one finite number")
    if not penalty.requires_grad:
        raise Broken("no gradient comes from it, so it does nothing: compute it from the parameters themselves")


def _ends(subject: Subject) -> None:
    one, task = subject.alone(), subject.chosen[1]
    if one.ends is None:
        raise NotAsked("it does not end a fit")
    name = f"val_{task.info.headline.name}"
    rows = [{"epoch": float(k), "val_loss": 1.0 + k, name: 0.5} for k in range(1, 20)]
    for several in ([], rows[:1], rows):
        if not isinstance(one.ends(several, task.info.headline), str):
            raise Broken(f"after {len(several)} epochs it returns no text")


def _trains(subject: Subject) -> None:
    network, _, losses = subject.trained()
    if not np.isfinite(losses).all():
        raise Broken(f"after {STEPS} steps the loss is {losses[-1]}")
    again = subject.trained()[0].state_dict()
    if unlike := [name for name, value in network.state_dict().items() if not torch.equal(value, again[name])]:
        raise Broken(f"trained twice from one seed, the network ends with another {unlike[0]}")


def _remembers(subject: Subject) -> None:
    one = subject.alone()
    if one.state_dict is None and one.load_state_dict is None:
        raise NotAsked("it has nothing to remember")
    if one.state_dict is None or one.load_state_dict is None:
        raise Broken("it has one of state_dict and load_state_dict; a checkpoint needs both")
    network, going_on, _ = subject.trained()
    copy, resumed = deepcopy(network), subject.regularizers()
    resumed.load_state_dict(_through_a_checkpoint(going_on.state_dict()))
    for trained, regularizers in ((network, going_on), (copy, resumed)):
        subject.train(trained, regularizers)
    with going_on.scored_with(network), resumed.scored_with(copy):
        found, wanted = copy.state_dict(), network.state_dict()
        if unlike := [name for name, value in wanted.items() if not torch.equal(value, found[name])]:
            raise Broken(f"a fit that goes on from what it remembers ends with another {unlike[0]}")


def _through_a_checkpoint(states: dict[str, State]) -> dict[str, State]:
    """Return what a checkpoint gives back of states: it is read without running anything, so it holds no objects."""
    stream = io.BytesIO()
    try:
        torch.save(states, stream)
        stream.seek(0)
        return dict(torch.load(stream, weights_only=True))
    except Exception as error:  # torch and pickle raise what they like
        raise Broken(f"what it remembers is more than numbers, words and tensors: {told(error)}") from error


def _fitted(subject: Subject) -> str:
    recipe, _, plugins = subject.chosen
    reg = {subject.spec.name: dict(recipe.regularizers[subject.spec.name])}
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            subject.domain,
            "given",
            model=recipe.model,
            plugins=plugins,
            reg=reg,
            runs=Path(folder),
            devices=Devices("cpu", "1"),
            epochs=2,
            batch_size=16,
        )
        if run.manifest.status != "finished":
            raise Broken(f"a fit with it is {run.manifest.status}: {run.manifest.message}")
        opened = reopen(run, plugins)
        divided = divide(plugins.dataset(subject.domain, "given").load(recipe.data_options), opened.recipe)
        rows = divided.val.index
        logits = opened.logits(divided.val.examples)[torch.from_numpy(rows)].numpy()
        kept = read_logits(run.outcomes_folder, "best").astype(np.float32)
    if not np.allclose(kept, logits, rtol=SAME, atol=SAME):
        raise Broken("what a fit with it scored is not what the weights that were kept give when they are opened")
    return f"{len(rows)} validation examples scored alike in the fit and after it"


RULES: Rules[Subject] = {
    "listing it imports nothing heavy": _light,
    "its options can be used": _options,
    "there is a task and a model for it": _fits,
    "it acts where it says": _acts,
    "a changed network is evaluated as before": _network,
    "evaluation after training is left as it is": _eval_after_training,
    "a batch is changed by its generator alone": _batch,
    "its loss is a loss": _loss,
    "its penalty is a number with a gradient": _penalty,
    "it ends a fit with words": _ends,
    "training with it is finite, and the same for the same seed": _trains,
    "what it remembers is kept in a checkpoint": _remembers,
    "a fit with it keeps what it scored": _fitted,
}
