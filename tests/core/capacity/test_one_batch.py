"""One batch is learnt by heart by a sound network; a fault planted in it is named."""

import numpy as np
import pytest
from torch import nn

import dl
from dl.training.devices import Devices


@pytest.fixture
def batch(study, monkeypatch):
    """A function that returns what became of one batch: batch(dataset, **choices)."""
    monkeypatch.setattr("dl.capacity.one_batch.STEPS", 400)
    return lambda given, **choices: study("overfit", given, epochs=1, **choices).batch


def test_a_sound_network_learns_a_batch_by_heart(blobs, batch):
    found = batch(blobs())
    assert found.reached and found.examples == 8 and found.share <= 0.05 and not found.faults
    assert found.steps < 1000


def test_a_rate_that_is_too_low_is_named_with_one_that_does(blobs, batch):
    found = batch(blobs(spread=2.0), lr=2e-4)
    assert not found.reached and any(
        one.startswith("learning rate too low: lr=0.002 learns it") for one in found.faults
    )


def test_a_rate_that_is_too_high_is_named_with_one_that_does(dataset, batch):
    inputs = np.random.default_rng(0).normal(size=(120, 3)).astype(np.float32)
    given = dataset(inputs, inputs.sum(axis=1).astype(np.float64))
    found = batch(given, model="linear", optimizer="sgd", lr=2.0)
    assert not found.reached and any(one.startswith("learning rate too high: lr=0.2 learns it") for one in found.faults)


def test_identical_inputs_with_different_targets_are_named(dataset, batch):
    inputs = np.repeat(np.arange(24, dtype=np.float32), 2)[:, None] / 24
    given = dataset(inputs, np.arange(48) % 2, ("a", "b"))
    found = batch(given, duplicates="ignore", batch_size=38, val=10)
    assert not found.reached
    assert any("contradictory targets" in one and "#" in one for one in found.faults)


def test_too_few_units_are_named_with_how_many_do(dataset, batch):
    x = np.arange(60) % 3 - 1.0
    inputs = (x + np.random.default_rng(0).normal(0, 0.05, 60))[:, None].astype(np.float32)
    given = dataset(inputs, (x == 0).astype(int), ("edge", "middle"))
    found = batch(given, width=1, batch_size=24, lr=0.02)
    assert any(one.startswith("too few units: width=4 learns it in") for one in found.faults)


def deep(inputs, outputs):
    """Twelve layers of sigmoids, through which no gradient comes back."""
    sizes = [inputs, *[8] * 12]
    layers = [layer for size in sizes[:-1] for layer in (nn.Linear(size, 8), nn.Sigmoid())]
    return nn.Sequential(*layers, nn.Linear(8, outputs))


def dead(inputs, outputs):
    """Units that never fire."""
    first = nn.Linear(inputs, 8)
    nn.init.constant_(first.bias, -1e4)
    return nn.Sequential(first, nn.ReLU(), nn.Linear(8, outputs))


@pytest.mark.parametrize(("network", "fault"), [(deep, "gradients vanish"), (dead, "dead units: 100 %")])
def test_vanishing_gradients_and_dead_units_are_named(plugins_with, runs, monkeypatch, network, fault):
    monkeypatch.setattr("dl.capacity.one_batch.STEPS", 100)
    rng = np.random.default_rng(0)
    data = (rng.normal(size=(120, 3)).astype(np.float32), np.arange(120) % 2)
    shared = {"plugins": plugins_with(), "runs": runs, "devices": Devices("cpu", "1"), "epochs": 1, "batch_size": 16}
    found = dl.overfit("numbers", data, model=lambda shape, n: network(shape[0], n), **shared)
    assert not found.batch.reached and any(one.startswith(fault) for one in found.batch.faults)
    assert found.next == ""  # what is in memory has no command


def test_a_loss_that_is_not_finite_is_named_with_its_step(blobs, study):
    found = study("overfit", blobs(), lr=1e30, optimizer="sgd", epochs=1)
    assert any("not finite at step" in one for one in found.batch.faults)
    assert found.state == "failed" and found.next.startswith("dl curve numbers given --model dense")
    assert found.next.endswith("--over lr")
