"""The conformance suite for regularizers: they may change training, but not evaluation.

It uses a network and data of the regularizer's domain, or rows of numbers. Letters: ``B`` examples of a batch.
"""

from __future__ import annotations

import io
import tempfile
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import dl
from dl.data.examples import Dataset
from dl.inference.load import reopen
from dl.options import check_named
from dl.padded import Prepared, parts_of
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error
from dl.regularizer import Batch, Regularizer, State, fault_of_place
from dl.runs.outcomes import read_logits
from dl.specs import PLACES, RegularizerSpec
from dl.splits.partition import split_data
from dl.testing.batch import same
from dl.testing.light import lists_lightly
from dl.testing.regularized import STEPS, RegularizerSubject
from dl.testing.rules import Broken, Results, Rules, Skipped, ask, options_hold
from dl.training.devices import Devices
from dl.training.regularizers import Regularizers

SAME = 0.02  # tolerance between a fit and its network loaded again


def check_regularizer(
    spec: RegularizerSpec, plugins: Plugins | None = None, sample: Dataset | None = None, model: str = ""
) -> Results:
    """Test a regularizer against every rule, with default options, on the CPU.

    Args:
        spec: From `Plugins.regularizer`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.
        sample: A small data set of its domain, or of the model's; None takes a suitable one.
        model: A registered model for it; empty takes the first that it accepts.

    Raises:
        DoesNotConform: Naming each broken rule.
        DLError: If there is no such model, or it belongs to another domain than the regularizer.
    """
    subject = RegularizerSubject(spec, plugins or load_plugins(), sample, model)
    with torch.random.fork_rng(devices=[]):
        return ask(f"the regularizer {spec.name!r}", subject, RULES, needed=("there is a task and a model for it",))


def _light(subject: RegularizerSubject) -> None:
    lists_lightly(subject.plugins, "regularizers", subject.spec.name)


def _options(subject: RegularizerSubject) -> None:
    spec = subject.spec
    options_hold(spec.options)
    if spec.remedy:
        check_named(spec.options, spec.remedy, spec.name)
    if spec.place not in PLACES:
        raise Broken(f"its place is {spec.place!r}; there are {', '.join(PLACES)}")


def _fits(subject: RegularizerSubject) -> str:
    recipe, task, _ = subject.chosen
    return f"{recipe.model} of {subject.domain}, {task.info.name}"


def _acts(subject: RegularizerSubject) -> None:
    if fault := fault_of_place(subject.spec.place, subject.alone()):
        raise Broken(fault)


def _network(subject: RegularizerSubject) -> None:
    one = subject.alone()
    if one.network is None:
        raise Skipped("it does not change the network")
    plain = subject.network(Regularizers({"": Regularizer(choices=one.choices)}))
    changed = subject.network(subject.regularizers())
    if list(plain.state_dict()) != list(changed.state_dict()):
        raise Broken("it changes which parameters the network has, or their names")
    with torch.no_grad():
        before, after = plain.eval()(subject.inputs), changed.eval()(subject.inputs)
    if not torch.equal(before, after):
        raise Broken("in eval mode the changed network gives other logits")


def _eval_after_training(subject: RegularizerSubject) -> None:
    network, regularizers, _ = subject.trained()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    with torch.no_grad(), regularizers.scored_with(network):
        first, second = network.eval()(subject.inputs), network(subject.inputs)
    if not torch.equal(first, second):
        raise Broken("in eval mode the same inputs give other logits the second time")
    if changed := [name for name, value in network.state_dict().items() if not torch.equal(value, before[name])]:
        raise Broken(f"scoring changes {changed[0]} of the network")
    if network.training:
        raise Broken("it turns eval mode off")


def _batch(subject: RegularizerSubject) -> None:
    one = subject.alone()
    if one.batch is None:
        raise Skipped("it does not change batches")
    inputs, targets = subject.inputs, subject.targets.clone()
    gaps = subject.batches.preprocessor.gaps
    given = Batch(inputs, targets, gaps=gaps)
    found, again = (one.batch(given, torch.Generator().manual_seed(1)) for _ in range(2))
    if not same(inputs, subject.inputs) or not torch.equal(targets, subject.targets):
        raise Broken("it changes the tensors of its batch in place")
    if not isinstance(found, Batch) or len(_values(found.inputs)) != len(targets) or len(found.targets) != len(targets):
        raise Broken("it does not return a Batch of as many examples")
    if not same(found.inputs, again.inputs) or not torch.equal(found.targets, again.targets):
        raise Broken("the same generator gives another batch: draw from the given generator alone")
    if _values(found.inputs).is_floating_point() and not torch.isfinite(_values(found.inputs)).all():
        raise Broken("not all inputs of its batch are finite numbers")
    if found.share is not None and not bool(((found.share >= 0) & (found.share <= 1)).all()):
        raise Broken("the shares of mixed examples are not from 0 to 1")
    single = Batch(subject.batches.take(subject.batches.rows[:1]), targets[:1], gaps=gaps)
    one.batch(single, torch.Generator().manual_seed(1))


def _values(inputs: Prepared) -> Tensor:
    (part,) = parts_of(inputs).values()
    return part if isinstance(part, Tensor) else part.values


def _loss(subject: RegularizerSubject) -> None:
    one, task = subject.alone(), subject.chosen[1]
    if one.loss is None:
        raise Skipped("it does not change the loss")
    loss = one.loss(task.row.loss)
    with torch.no_grad():
        logits = subject.network(subject.regularizers()).eval()(subject.inputs)
        mean, each = loss(logits, subject.targets, "mean"), loss(logits, subject.targets, "none")
    if mean.ndim or each.shape != (len(logits),):
        raise Broken(f"with 'mean' it gives {tuple(mean.shape)}, with 'none' {tuple(each.shape)}; expected () and (B,)")
    if not torch.isfinite(each).all() or not torch.isclose(mean, each.mean(), rtol=1e-4, atol=1e-5):
        raise Broken("the mean of its losses is not finite, or differs from its mean loss")


def _penalty(subject: RegularizerSubject) -> None:
    one = subject.alone()
    if one.penalty is None:
        raise Skipped("it adds no penalty")
    network = subject.network(subject.regularizers())
    penalty = one.penalty(network)
    if not isinstance(penalty, Tensor) or penalty.ndim or not torch.isfinite(penalty):
        raise Broken("it is not one finite number")
    if not penalty.requires_grad:
        raise Broken("it has no gradient, so it does nothing: compute it from the parameters themselves")


def _gradients(subject: RegularizerSubject) -> str:
    one = subject.alone()
    if one.gradients is None:
        raise Skipped("it does not act on gradients")
    network, batch = subject.network(subject.regularizers()).train(), Batch(subject.inputs, subject.targets)
    passes = 0

    def backward() -> Tensor:
        nonlocal passes
        passes += 1
        return subject.backward(network, Regularizers({}), batch, subject.chosen[1].row.loss)

    before = {name: value.detach().clone() for name, value in network.named_parameters()}
    one.gradients(network, backward)
    if not passes:
        raise Broken("it never calls the function that runs the backward pass")
    for name, parameter in network.named_parameters():
        if not torch.allclose(parameter, before[name], rtol=1e-4, atol=1e-5):
            raise Broken(f"it changes {name}: only the optimizer's step may change weights")
        if parameter.grad is not None and not torch.isfinite(parameter.grad).all():
            raise Broken(f"the gradient of {name} is not finite")
    if all(parameter.grad is None for parameter in network.parameters()):
        raise Broken("it leaves no gradient")
    return f"{passes} forward and backward {'pass' if passes == 1 else 'passes'} a step"


def _ends(subject: RegularizerSubject) -> None:
    one, task = subject.alone(), subject.chosen[1]
    if one.ends is None:
        raise Skipped("it does not end a fit")
    name = f"val_{task.info.headline.name}"
    rows = [{"epoch": float(k), "val_loss": 1.0 + k, name: 0.5} for k in range(1, 20)]
    for several in ([], rows[:1], rows):
        if not isinstance(one.ends(several, task.info.headline), str):
            raise Broken(f"after {len(several)} epochs it returns no text")


def _trains(subject: RegularizerSubject) -> None:
    network, _, losses = subject.trained()
    if not np.isfinite(losses).all():
        raise Broken(f"after {STEPS} steps the loss is {losses[-1]}")
    again = subject.trained()[0].state_dict()
    if unlike := [name for name, value in network.state_dict().items() if not torch.equal(value, again[name])]:
        raise Broken(f"trained twice from one seed, the network ends with another {unlike[0]}")


def _resumes(subject: RegularizerSubject) -> None:
    one = subject.alone()
    if one.state_dict is None and one.load_state_dict is None:
        raise Skipped("it has no state")
    if one.state_dict is None or one.load_state_dict is None:
        raise Broken("it has one of state_dict and load_state_dict; a checkpoint needs both")
    network, original, _ = subject.trained()
    copy, resumed = deepcopy(network), subject.regularizers()
    resumed.load_state_dict(_through_a_checkpoint(original.state_dict()))
    for trained, regularizers in ((network, original), (copy, resumed)):
        subject.train(trained, regularizers)
    with original.scored_with(network), resumed.scored_with(copy):
        found, wanted = copy.state_dict(), network.state_dict()
        if unlike := [name for name, value in wanted.items() if not torch.equal(value, found[name])]:
            raise Broken(f"a fit that resumes from its state ends with another {unlike[0]}")


def _through_a_checkpoint(states: dict[str, State]) -> dict[str, State]:
    """Save and load states as in a checkpoint, with ``weights_only``, which refuses arbitrary objects."""
    stream = io.BytesIO()
    try:
        torch.save(states, stream)
        stream.seek(0)
        return dict(torch.load(stream, weights_only=True))
    except Exception as error:  # torch and pickle raise many types
        raise Broken(f"its state holds more than numbers, words and tensors: {describe_error(error)}") from error


def _fitted(subject: RegularizerSubject) -> str:
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
        splits = split_data(plugins.dataset(subject.domain, "given").load(recipe.data_options), opened.recipe, plugins)
        rows = splits.val.index
        logits = opened.logits(splits.val.examples)[torch.from_numpy(rows)].numpy()
        kept = read_logits(run.outcomes_folder, "best").astype(np.float32)
    if not np.allclose(kept, logits, rtol=SAME, atol=SAME):
        raise Broken("the kept weights give other logits than those scored in the fit")
    return f"{len(rows)} validation examples have the same logits in the fit and after it"


RULES: Rules[RegularizerSubject] = {
    "listing it imports nothing heavy": _light,
    "its options can be used": _options,
    "there is a task and a model for it": _fits,
    "it acts at its place": _acts,
    "a changed network is evaluated as before": _network,
    "evaluation after training is unchanged": _eval_after_training,
    "it changes a batch by the generator alone": _batch,
    "its loss is finite, with a mean": _loss,
    "its penalty is a number with a gradient": _penalty,
    "its gradients are finite, and weights unchanged": _gradients,
    "it ends a fit with a reason": _ends,
    "training with it is finite, and the same for the same seed": _trains,
    "its state survives a checkpoint": _resumes,
    "a fit keeps the weights it scored": _fitted,
}
