from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import nn

from dl.errors import BadOption, UnknownName
from dl.options import Option
from dl.regularizer import Batch, Regularizer
from dl.specs import RegularizerSpec
from dl.testing import check_regularizer
from dl.testing.regularizer import RULES


def spec(place="batch", options=(), remedy="", **does):
    def build(given, task):
        return Regularizer(**does)

    return RegularizerSpec("made", place, "of a test", build, options, remedy=remedy)


def noisy(batch, generator):
    noise = torch.randn(batch.inputs.shape, generator=generator)
    return replace(batch, inputs=batch.inputs + 0.1 * noise)


def in_place(batch, generator):
    batch.inputs.add_(1)
    return batch


def from_anywhere(batch, generator):
    return replace(batch, inputs=batch.inputs + torch.randn(batch.inputs.shape))


def halved(batch, generator):
    return Batch(batch.inputs[::2], batch.targets[::2])


def overshared(batch, generator):
    return batch.mixed(batch.inputs, torch.arange(len(batch.targets)), torch.full((len(batch.targets),), 2.0))


def another_layer(network):
    network.append(nn.Identity())
    network.append(nn.BatchNorm1d(3))


def always_drops(network):
    network[0].register_forward_hook(lambda layer, inputs, given: nn.functional.dropout(given, 0.5, training=True))


@contextmanager
def forgets_the_weights(network):
    with torch.no_grad():
        next(network.parameters()).mul_(0.9)
    yield


def averaged(network):
    return sum(one.square().sum() for one in network.parameters())


def detached(network):
    return sum(one.detach().square().sum() for one in network.parameters())


def halves_the_weights(network, backward):
    backward()
    with torch.no_grad():
        for one in network.parameters():
            one.mul_(0.5)


def scaled(factor):
    """What multiplies every gradient."""

    def gradients(network, backward):
        backward()
        for one in network.parameters():
            one.grad.mul_(factor)

    return gradients


class Counting:
    """Counts its steps, and shrinks the weights by how many there were."""

    def __init__(self):
        self.steps = 0

    def after_step(self, network):
        self.steps += 1
        with torch.no_grad():
            for one in network.parameters():
                one.mul_(1 - 0.01 * self.steps)

    def forget(self, state):
        """Takes nothing of what it is given."""

    def go_on(self, state):
        self.steps = state["steps"]


def counting(load="go_on", save=lambda one: {"steps": one.steps}):
    """A specification of one that counts and keeps what `save` gives."""

    def build(options, task):
        one = Counting()
        save_it, load_it = save and (lambda: save(one)), load and getattr(one, load)
        return Regularizer(after_step=one.after_step, state_dict=save_it, load_state_dict=load_it)

    return RegularizerSpec("made", "training", "of a test", build)


def refusing(options, task):
    raise BadOption("made is for nothing")


def drops_a_layer(rate=0.5):
    """What changes the network and leaves evaluation alone."""

    def change(network):
        network[-1].register_forward_pre_hook(
            lambda layer, inputs: nn.functional.dropout(inputs[0], rate, layer.training)
        )

    return change


BROKEN = {
    "its options can be used": [
        spec(options=(Option("share", 2.0, "x", high=1.0),), batch=noisy),
        spec(options=(Option("share", 0.5, "x", high=1.0),), remedy="7", batch=noisy),
    ],
    "there is a task and a model for it": [RegularizerSpec("made", "batch", "of a test", refusing)],
    "it acts at its place": [spec(), spec("penalty", batch=noisy)],
    "a changed network is evaluated as before": [
        spec("network", network=always_drops),
        spec("network", network=another_layer),
    ],
    "evaluation after training is unchanged": [
        spec("network", network=always_drops),
        spec("training", scored_with=forgets_the_weights),
    ],
    "it changes a batch by the generator alone": [
        spec(batch=one) for one in (in_place, from_anywhere, halved, overshared)
    ],
    "its loss is finite, with a mean": [
        spec("training", loss=lambda loss: lambda logits, target, reduction: loss(logits, target, "none")),
        spec("training", loss=lambda loss: lambda logits, target, reduction: 2 * loss(logits, target, "mean")),
    ],
    "its penalty is a number with a gradient": [
        spec("penalty", penalty=detached),
        spec("penalty", penalty=lambda network: next(network.parameters())),
        spec("penalty", penalty=lambda network: averaged(network) / 0),
    ],
    "its gradients are finite, and weights unchanged": [
        spec("training", gradients=lambda network, backward: None),
        spec("training", gradients=halves_the_weights),
        spec("training", gradients=scaled(float("nan"))),
        spec("training", gradients=lambda network, backward: (backward(), network.zero_grad())),
    ],
    "it ends a fit with a reason": [
        spec("training", ends=lambda rows, metric: len(rows) > 5),
        spec("training", ends=lambda rows, metric: f"after {rows[-1]['epoch']}"),
    ],
    "training with it is finite, and the same for the same seed": [
        spec("penalty", penalty=lambda network: averaged(network) * float("inf")),
        spec(batch=lambda batch, generator: replace(batch, inputs=batch.inputs * torch.Generator().seed() % 7)),
    ],
    "its state survives a checkpoint": [
        counting(load=None),
        counting(save=None),
        counting(load="forget"),
        counting(save=lambda one: {"itself": one}),
    ],
    "a fit keeps the weights it scored": [spec("network", network=always_drops)],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_regularizer, made, numbers)


def test_there_is_a_broken_regularizer_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


@pytest.mark.parametrize(
    "made",
    [
        spec(batch=noisy, options=(Option("share", 0.5, "x", high=1.0),), remedy="0.5"),
        spec("penalty", penalty=averaged),
        spec("network", network=drops_a_layer()),
        spec("training", ends=lambda rows, metric: "enough" if len(rows) > 5 else ""),
        spec("training", gradients=scaled(0.5)),
        counting(),
    ],
    ids=["batch", "penalty", "network", "training", "gradients", "remembering"],
)
def test_one_that_holds_is_not_complained_about(made, broken, numbers):
    assert broken(check_regularizer, made, numbers) == {}


def test_one_for_a_regression_alone_is_asked_about_on_one(numbers):
    def build(options, task):
        if task.info.name != "regression":
            raise BadOption("made is for regressions")
        return Regularizer(penalty=averaged)

    results = check_regularizer(RegularizerSpec("made", "penalty", "of a test", build), numbers)
    assert "dense of numbers, regression" in {one.message for one in results}


def of_convolutions(options, task):
    """Builds what asks for one kind of network."""

    def change(network):
        if not any(isinstance(one, nn.Conv2d) for one in network.modules()):
            raise BadOption("made needs a convolution")

    return Regularizer(network=change)


def test_one_for_a_kind_of_network_is_asked_about_on_the_model_that_is_named(numbers, broken):
    made = RegularizerSpec("made", "network", "of a test", of_convolutions)
    refused = broken(check_regularizer, made, numbers)
    said = "made needs a convolution  name one that it accepts: --model NAME, or check_regularizer(..., model=NAME)"
    assert refused["there is a task and a model for it"].endswith(said)
    for model in ("convnet", "vision/convnet"):
        results = check_regularizer(made, numbers, model=model)
        assert "convnet of vision, multiclass" in {one.message for one in results}
    assert "first dense for multiclass: made needs" in next(
        iter(broken(check_regularizer, made, numbers, model="vision/dense").values())
    )


@pytest.mark.parametrize(
    ("model", "only_for", "kind", "message"),
    [
        ("convnat", "", UnknownName, "no model named 'convnat'; did you mean 'convnet'"),
        ("text/convnet", "", UnknownName, "no text model named 'text/convnet'"),
        ("convnet", "text", UnknownName, "no text model named 'convnet'"),
        (
            "dense",
            "",
            BadOption,
            "model 'dense': numbers, tabular, vision each have one; name the domain, as in numb",
        ),
    ],
)
def test_a_model_that_is_not_there_or_not_one_alone_is_said(numbers, model, only_for, kind, message):
    made = RegularizerSpec("made", "network", "of a test", of_convolutions, only_for=only_for)
    with pytest.raises(kind, match=message):
        check_regularizer(made, numbers, model=model)


@pytest.mark.parametrize(
    "name", ["vision/cutmix", "text/word-dropout", "vision/l2", "vision/dropout", "vision/weight-averaging"]
)
def test_regularizers_of_ours_hold(name, broken, numbers):
    assert broken(check_regularizer, numbers.regularizer(*name.split("/")), numbers) == {}
