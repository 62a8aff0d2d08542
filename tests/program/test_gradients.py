"""Regularizers on the gradients of a step, written as a plugin would: sharpness-aware minimization, clipping, noise."""

import os

import numpy as np
import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from safetensors.numpy import load_file
from torch import nn

import dl
from dl.errors import PluginFailed
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins.loading import load_plugins
from dl.regularizer import Regularizer
from dl.specs import RegularizerSpec
from dl.testing import check_regularizer
from dl.training.devices import Devices
from dl.training.regularizers import Regularizers

PASSES = 2  # of sharpness-aware minimization, a step


def sam(options, task):
    """Take the gradient where the loss is highest nearby. Source: Foret et al. 2021, algorithm 1."""

    def gradients(network, backward):
        backward()
        weights = [one for one in network.parameters() if one.grad is not None]
        before = [one.detach().clone() for one in weights]
        length = nn.utils.get_total_norm([one.grad for one in weights])
        with torch.no_grad():
            for one in weights:
                one.add_(one.grad * (options["rho"] / (length + 1e-12)))
        backward()
        with torch.no_grad():
            for one, value in zip(weights, before, strict=True):
                one.copy_(value)

    return Regularizer(gradients=gradients)


def clipping(options, task):
    """Bound the norm of all gradients together."""

    def gradients(network, backward):
        backward()
        nn.utils.clip_grad_norm_(network.parameters(), options["norm"])

    return Regularizer(gradients=gradients)


class Watch:
    """A plugin that notes what the optimizer is given, and how often the network is asked in training."""

    def __init__(self):
        self.norms, self.losses, self.drawn, self.forwards = [], [], [], 0

    def build(self, options, task):
        def count(layer, inputs):
            self.forwards += layer.training

        def note(network, backward):
            self.losses.append(float(backward()))
            self.norms.append(float(nn.utils.get_total_norm([one.grad for one in network.parameters()])))

        return Regularizer(network=lambda network: network.register_forward_pre_hook(count) and None, gradients=note)

    def draw(self, batch, generator):
        self.drawn.append(float(torch.rand((), generator=generator)))
        return batch

    @hookimpl
    def register_regularizers(self):
        rho, norm = Option("rho", 0.05, "how far", low=0.0), Option("norm", 1.0, "the bound", low=0.0)
        return [
            RegularizerSpec("sam", "training", "flat minima", sam, (rho,)),
            RegularizerSpec("bounded", "training", "gradients of a bounded norm", clipping, (norm,), rank=60),
            RegularizerSpec("draws", "batch", "notes what is drawn", lambda *_: Regularizer(batch=self.draw)),
            RegularizerSpec("watch", "training", "notes", self.build, rank=90),
            RegularizerSpec(
                "idle", "training", "no pass", lambda *_: Regularizer(gradients=lambda network, backward: None)
            ),
        ]


@pytest.fixture
def watch():
    return Watch()


@pytest.fixture
def digits(watch, tmp_path, monkeypatch):
    """A function that fits on small digits: digits({"sam": 0.05}, blocks=False, epochs=2, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    plugins = load_plugins([watch])
    small = {"model": "dense", "width": 16, "epochs": 2, "batch_size": 100, "val": 297, "lr": 0.01}

    def fit(reg, *, blocks=True, precision="32-true", **choices):
        monkeypatch.setattr(Devices, "supports_blocks", blocks)
        devices = Devices("cpu", "1", precision=precision)
        return dl.fit(
            "vision", "digits", reg=reg, plugins=plugins, runs=tmp_path, devices=devices, **{**small, **choices}
        )

    return fit


def weights(run):
    return load_file(run.weights)


def same(first, second):
    return all(np.array_equal(value, weights(second)[name]) for name, value in weights(first).items())


@pytest.mark.parametrize("blocks", [True, False])
def test_sharpness_aware_minimization_that_looks_nowhere_else_is_the_fit_without_it_to_the_bit(digits, blocks):
    given = {"blocks": blocks, "clip": 0.5, "schedule": "one-cycle"}
    still, without = digits({"sam": 0.0}, **given), digits({}, **given)
    assert same(still, without) and still.history.column("train_loss") == without.history.column("train_loss")
    assert still.history.column("grad_norm") == without.history.column("grad_norm")
    assert not same(digits({"sam": 0.5}, **given), without)


@pytest.mark.parametrize("blocks", [True, False])
def test_it_asks_the_network_twice_a_step(digits, watch, blocks):
    run = digits({"sam": 0.05, "watch": {}}, blocks=blocks)
    steps = int(run.history.rows[-1]["step"])
    assert (watch.forwards, len(watch.norms)) == (PASSES * steps, steps)


@pytest.mark.parametrize("reg", [{"sam": 0.2}, {"sam": 0.2, "bounded": 0.1, "noise": 0.1, "mixup": 0.2, "l2": 0.01}])
def test_blocks_of_steps_and_single_steps_lead_to_the_same_weights(digits, reg):
    blocks, steps = (digits(reg, blocks=blocks, precision="64-true") for blocks in (True, False))
    for name, value in weights(blocks).items():
        assert value == pytest.approx(weights(steps)[name], abs=1e-6), name
    assert blocks.history.column("train_loss") == pytest.approx(steps.history.column("train_loss"), rel=1e-6)


@pytest.mark.parametrize("blocks", [True, False])
def test_clipping_bounds_the_norm_and_clips_as_the_training_option_does(digits, watch, blocks):
    clipped = digits({"bounded": 0.1, "watch": {}}, blocks=blocks)
    assert watch.norms and max(watch.norms) <= 0.1 * 1.0001
    assert min(watch.losses) > 0
    option = digits({}, clip=0.1, blocks=blocks)
    for name, value in weights(clipped).items():
        assert value == pytest.approx(weights(option)[name], abs=1e-5)


def test_of_several_each_acts_on_what_the_one_before_it_left(digits, watch):
    digits({"sam": 0.05, "bounded": 0.1, "watch": {}})
    assert max(watch.norms) <= 0.1 * 1.0001, "clipped after the second pass, not before"


def test_the_loss_that_is_returned_has_the_penalties_and_that_which_is_shown_has_not(digits, watch):
    one_step = {"batch_size": 2000, "epochs": 1, "optimizer": "sgd"}
    run = digits({"l2": 1.0, "watch": {}}, **one_step)
    shown = run.history.rows[0]["train_loss"]
    with_penalty = list(watch.losses)
    digits({"watch": {}}, **one_step)
    assert watch.losses[-1] == pytest.approx(shown, rel=1e-5) and with_penalty[0] > shown + 1


def test_one_that_never_runs_backward_is_named(digits):
    with pytest.raises(PluginFailed, match="gradients of the regularizer 'idle' never called the function that runs"):
        digits({"idle": {}})


def test_what_is_drawn_is_drawn_once_a_step(digits, watch):
    for reg in ({"draws": {}}, {"draws": {}, "sam": 0.1}):
        digits(reg)
    once, twice = np.array_split(watch.drawn, 2)
    assert len(once) > 10 and once.tolist() == twice.tolist()


def test_a_scale_of_half_precision_is_taken_off_before_and_put_on_again_after(digits, monkeypatch, watch):
    """Lightning multiplies the loss, so that small gradients survive; a plugin must not see that."""
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    trainer = Devices.trainer

    def scaled(self, epochs, callbacks):
        made = trainer(self, epochs, callbacks)
        made.strategy.precision_plugin = MixedPrecision("16-mixed", "cpu", scaler)
        return made

    given = {"reg": {"bounded": 100.0, "watch": {}}, "blocks": False, "optimizer": "sgd", "epochs": 1}
    plain, norms = digits(**given), list(watch.norms)
    monkeypatch.setattr(Devices, "trainer", scaled)
    half = digits(**given)
    assert scaler.get_scale() == 1024.0 and len(norms) > 10
    assert watch.norms[len(norms) :] == pytest.approx(norms, rel=0.05)
    assert max(norms) < 99, "what is bounded is larger with its scale alone"
    for name, value in weights(half).items():
        assert value == pytest.approx(weights(plain)[name], abs=0.01)


def test_fits_that_nobody_regularizes_have_nothing_around_their_backward_pass():
    assert not Regularizers({}).act_on_gradients
    assert not Regularizers({"a": Regularizer(penalty=lambda network: torch.zeros(()))}).act_on_gradients
    assert Regularizers({"a": Regularizer(gradients=lambda network, backward: None)}).act_on_gradients


@pytest.mark.parametrize("name", ["sam", "bounded"])
def test_they_hold_what_regularizers_must(watch, name):
    plugins = load_plugins([watch])
    said = {one.rule: one.message for one in check_regularizer(plugins.regularizers[name], plugins)}
    passes = {"sam": "2 forward and backward passes a step", "bounded": "1 forward and backward pass a step"}
    assert said["its gradients are finite, and weights unchanged"] == passes[name]
