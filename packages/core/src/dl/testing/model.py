"""The conformance suite for models that are networks: shapes, seeds, gradients, saving, and overfitting one batch.

Letters: ``n`` examples of the batch, ``K`` outputs.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.data.examples import Dataset
from dl.options import WEIGHTS as LOSS_WEIGHTS
from dl.options import Options, check
from dl.padded import Padded
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.recipe import SPLIT_OPTIONS, TRAIN_OPTIONS
from dl.runs.run import WEIGHTS
from dl.specs import ModelSpec
from dl.tasks.next_frame import Enclosed
from dl.testing import learner
from dl.testing.batch import Batches, Prepared, batches_for, cloned, same, whole_batch
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Results, Rules, Skipped, ask, options_hold, owner
from dl.training.checkpoint import copy_weights, load_weights, save_weights
from dl.training.regularizers import start
from dl.training.summary import summarize

EXAMPLES = 4  # of the batch to overfit; few enough for a linear model of a few columns
CLASSES = 3
RATES = (1e-3, 1e-2, 1e-1)  # learning rates that are tried
STEPS = 300  # optimizer steps at each
EVERY = 20  # steps between two evaluations
TOLERANCE = 1e-4  # between the logits of an example alone and in a batch
WIDTHS = (1, 2, 3, 10)
SMALL = 0.1  # error of a reconstruction that is known by heart, as a share of that of the mean input


def check_model(spec: ModelSpec, plugins: Plugins | None = None, sample: Dataset | None = None) -> Results:
    """Test a model against every rule, with default options, on the CPU.

    Args:
        spec: From `Plugins.model`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.
        sample: A small data set of its domain, if dl's own does not have the shape that the model needs.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    plugins = plugins or load_plugins()
    if spec.is_learner:
        of_learner = learner.LearnerSubject(spec, plugins, sample)
        return ask(f"the model {spec.name!r}", of_learner, learner.RULES, learner.NEEDED)
    subject = ModelSubject(spec, plugins, sample)
    needed = ("its domain is installed", "there is data of its domain", "it is built", "it returns logits (N, outputs)")
    with torch.random.fork_rng(devices=[]):
        return ask(f"the model {spec.name!r}", subject, RULES, needed)


class ModelSubject:
    """The model under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
        sample: Data of its domain; None takes dl's own or a registered data set.
    """

    def __init__(self, spec: ModelSpec, plugins: Plugins, sample: Dataset | None) -> None:
        self.spec, self.plugins, self.sample = spec, plugins, sample

    @cached_property
    def batches(self) -> Batches:
        """Prepared inputs of its domain."""
        state = owner(self.plugins, "models", (self.spec.domain, self.spec.name))
        return batches_for(self.spec.domain, self.plugins, self.sample, state.name if state else "")

    @cached_property
    def inputs(self) -> Prepared:
        """A batch of distinct inputs."""
        return whole_batch(self.batches, EXAMPLES)

    @property
    def rows(self) -> tuple[int, ...]:
        """Their positions."""
        return self.batches.rows[:EXAMPLES]

    @property
    def reconstructs(self) -> bool:
        """Whether its only network is an autoencoder."""
        return self.spec.build is None and self.spec.build_autoencoder is not None

    @property
    def predicts_frames(self) -> bool:
        """Whether its only network predicts the next frame."""
        return self.spec.build is None and self.spec.build_next_frame is not None

    @property
    def gives_inputs(self) -> bool:
        """Whether its network gives inputs, or the last frame of them."""
        return self.reconstructs or self.predicts_frames

    def build(self, outputs: int = CLASSES, seed: int = 0, changed: Options | None = None) -> nn.Module:
        """Build a network from a seed, with some options replaced, and the weights that it begins with."""
        if self.spec.member is not None:
            raise Skipped("it is a family of networks; check one of them by its name")
        options = check(self.spec.options, {}, self.spec.name) | dict(changed or {})
        torch.manual_seed(seed)
        shape = self.batches.preprocessor.input_shape
        remake, follow = self.spec.build_autoencoder, self.spec.build_next_frame
        if follow and self.predicts_frames:
            network: nn.Module = Enclosed(follow((shape[0] - 1, *shape[1:]), options))
        else:
            made = remake(shape, options) if remake and self.reconstructs else None
            network = made or self.spec.network(shape, outputs, options)
        start(self.spec, network, options, of_run=False)
        summarize(network, self.batches.preprocessor.example_input())  # as a fit does: lazy layers get their shapes
        return network


def _light(subject: ModelSubject) -> None:
    lists_lightly(subject.plugins, "models", (subject.spec.domain, subject.spec.name))


def _domain(subject: ModelSubject) -> None:
    spec = subject.plugins.domain(subject.spec.domain)
    if subject.spec.recipe:
        subject.plugins.recipe(spec.name, subject.spec.recipe)


def _data(subject: ModelSubject) -> str:
    return f"{len(subject.rows)} different inputs, prepared to {subject.batches.preprocessor.input_shape}"


def _options(subject: ModelSubject) -> None:
    options_hold(subject.spec.options)
    taken = {option.name for option in (*TRAIN_OPTIONS, *SPLIT_OPTIONS)} - {LOSS_WEIGHTS}  # of several targets alone
    taken |= {option.name for option in subject.plugins.domain(subject.spec.domain).options}
    if twice := taken & {option.name for option in subject.spec.options}:
        raise Broken(f"{', '.join(sorted(twice))} is also an option of training, of the split or of the domain")


def _builds(subject: ModelSubject) -> str:
    network = subject.build()
    count = sum(parameter.numel() for parameter in network.parameters())
    if not any(parameter.requires_grad for parameter in network.parameters()):
        raise Broken("it has no parameter that can be trained")
    return f"{count:,} parameters"


def _choices(subject: ModelSubject) -> None:
    choosable = [option for option in subject.spec.options if option.choices or isinstance(option.default, bool)]
    if not choosable:
        raise Skipped("it has no options with choices")
    for option in choosable:
        for choice in option.choices or (False, True):
            try:
                subject.build(changed={option.name: choice}).eval()(cloned(subject.inputs))
            except Skipped:
                raise
            except Exception as error:
                raise Broken(f"{option.name}={choice} fails: {type(error).__name__}: {error}") from error


def _logits(subject: ModelSubject) -> None:
    if subject.gives_inputs:
        _gives_inputs(subject)
        return
    for outputs in WIDTHS:
        logits = subject.build(outputs).eval()(cloned(subject.inputs))
        wanted = (len(subject.rows), outputs)
        if not isinstance(logits, Tensor) or tuple(logits.shape) != wanted:
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise Broken(f"for {outputs} outputs and {wanted[0]} examples it returns {shape}, not {wanted}")
        if not logits.is_floating_point() or not torch.isfinite(logits).all():
            raise Broken(f"for {outputs} outputs not all logits are finite numbers")


def _gives_inputs(subject: ModelSubject) -> None:
    wanted = tuple(_numbers(subject).shape)
    found = tuple(subject.build().eval()(cloned(subject.inputs)).shape)
    if found != wanted:
        raise Broken(f"it gives inputs of shape {found}, where those to give have {wanted}")


def _numbers(subject: ModelSubject) -> Tensor:
    if not isinstance(subject.inputs, Tensor):
        raise Broken("inputs of its domain are tokens, which no autoencoder reconstructs")
    return subject.inputs[:, -1] if subject.predicts_frames else subject.inputs


def _one_example(subject: ModelSubject) -> None:
    network = subject.build().eval()
    with torch.no_grad():
        together = network(cloned(subject.inputs))
        for row, logits in zip(subject.rows, together, strict=True):
            alone = network(subject.batches.take([row]))
            if not same(alone, logits[None], TOLERANCE):
                apart = float((alone - logits).abs().max()) if alone.shape == logits[None].shape else alone.shape
                raise Broken(f"an example alone has other logits than in a batch, by {apart}")


def _leaves_inputs(subject: ModelSubject) -> None:
    given = cloned(subject.inputs)
    subject.build().train()(given)
    if not same(given, subject.inputs):
        raise Broken("its forward changes its inputs in place")


def _eval(subject: ModelSubject) -> None:
    network = subject.build().eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad():
        first, second = network(cloned(subject.inputs)), network(cloned(subject.inputs))
    if not torch.equal(first, second):
        raise Broken("in eval mode the same inputs give other logits the second time")
    if changed := [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]:
        raise Broken(f"in eval mode a forward changes {', '.join(changed[:3])}")


def _seeded(subject: ModelSubject) -> None:
    first, second = (subject.build(seed=7) for _ in range(2))
    if unlike := _unlike(first, second):
        raise Broken(f"built twice from one seed, it starts with another {unlike[0]}")
    for network in (first, second):
        torch.manual_seed(8)
        for _ in _steps(network, subject, 1e-3, 3):
            pass
    if unlike := _unlike(first, second):
        raise Broken(f"trained twice from one seed, it ends with another {unlike[0]}")


def _saved(subject: ModelSubject) -> None:
    first, second = subject.build(seed=1), subject.build(seed=2)
    for _ in _steps(first, subject, 1e-3, 3):
        pass
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / WEIGHTS
        save_weights(path, copy_weights(first))
        load_weights(path, second)
    with torch.no_grad():
        before, after = (network.eval()(cloned(subject.inputs)) for network in (first, second))
    if not torch.equal(before, after):
        raise Broken("its weights give other logits in a new network: state_dict is incomplete")


def _gradients(subject: ModelSubject) -> None:
    network = subject.build().train()
    waiting = {name: parameter for name, parameter in network.named_parameters() if parameter.requires_grad}
    for _ in _steps(network, subject, 1e-2, EVERY):
        reached = [name for name, one in waiting.items() if one.grad is not None and one.grad.ne(0).any()]
        for name in reached:
            del waiting[name]
        if not waiting:
            return
    raise Broken(f"no gradient reaches {', '.join(list(waiting)[:3])} in {EVERY} steps")


def _overfits(subject: ModelSubject) -> str:
    targets, best = _targets(subject), 0
    for rate in RATES:
        network = subject.build()
        torch.manual_seed(0)
        for step, _ in enumerate(_steps(network, subject, rate, STEPS), 1):
            if step % EVERY == 0:
                right = _known(network.eval(), subject, targets)
                network.train()
                best = max(best, right)
                if right == len(targets):
                    return f"{right} examples in {step} steps at lr={rate:g}"
    rates = ", ".join(f"{rate:g}" for rate in RATES)
    raise Broken(f"after {STEPS} steps of adam at lr {rates} it knows at most {best} of {len(targets)} examples")


def _causal(subject: ModelSubject) -> None:
    if subject.spec.build_causal is None:
        raise Skipped("it has no form for the task next-token")
    batch, shape = subject.batches.take(subject.rows[:1]), subject.batches.preprocessor.input_shape
    if not isinstance(batch, Padded):
        raise Broken(
            f"inputs of the domain {subject.spec.domain!r} are not rows of tokens, so build_causal cannot be used"
        )
    torch.manual_seed(0)
    network = subject.spec.build_causal(shape, check(subject.spec.options, {}, subject.spec.name)).eval()
    later = torch.arange(batch.values.shape[1]) >= batch.values.shape[1] // 2
    others = Padded(torch.where(later, batch.values % (shape[1] - 1) + 1, batch.values), batch.lengths)
    with torch.no_grad():
        first, second = network(batch), network(others)
    wanted = (*batch.values.shape, shape[1])
    if tuple(first.shape) != wanted:
        raise Broken(
            f"for a row of {wanted[1]} tokens of {wanted[2]} kinds it returns {tuple(first.shape)}, not {wanted}"
        )
    if not same(first[:, ~later], second[:, ~later], TOLERANCE):
        raise Broken("its logits at a token change with the tokens that come later")


def _known(network: nn.Module, subject: ModelSubject, targets: Tensor) -> int:
    """Count the examples that are told rightly, or reconstructed with a small error."""
    with torch.no_grad():
        output = network(cloned(subject.inputs))
    if not subject.gives_inputs:
        return int((output.argmax(dim=1) == targets).sum())
    inputs = _numbers(subject)
    errors = (output - inputs).square().flatten(1).mean(dim=1)
    return int((errors < SMALL * (inputs - inputs.mean(dim=0)).square().mean()).sum())


def _targets(subject: ModelSubject) -> Tensor:
    return torch.arange(len(subject.rows)) % CLASSES


def _steps(network: nn.Module, subject: ModelSubject, rate: float, steps: int) -> Iterator[None]:
    """Train on the batch, yielding after each step."""
    targets = _targets(subject)
    optimizer = torch.optim.Adam([one for one in network.parameters() if one.requires_grad], lr=rate)
    network.train()
    for _ in range(steps):
        optimizer.zero_grad()
        output = network(cloned(subject.inputs))
        loss = F.mse_loss(output, _numbers(subject)) if subject.gives_inputs else F.cross_entropy(output, targets)
        loss.backward()
        optimizer.step()
        yield


def _unlike(first: nn.Module, second: nn.Module) -> list[str]:
    other = second.state_dict()
    return [name for name, value in first.state_dict().items() if not torch.equal(value, other[name])]


RULES: Rules[ModelSubject] = {
    "listing it imports nothing heavy": _light,
    "its domain is installed": _domain,
    "there is data of its domain": _data,
    "its options can be used": _options,
    "it is built": _builds,
    "it returns logits (N, outputs)": _logits,
    "every choice of its options works": _choices,
    "an example has the same logits alone and in a batch": _one_example,
    "it keeps its inputs unchanged": _leaves_inputs,
    "in eval mode nothing is random, and nothing changes": _eval,
    "the same seed gives the same network": _seeded,
    "it survives saving and loading": _saved,
    "gradients reach every parameter": _gradients,
    "it overfits one batch": _overfits,
    "its causal form reads no later token": _causal,
}
