"""A fit that is cut off and resumed ends with the bytes of one that was not: wherever it is cut off, whatever is on."""

import os
import signal

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadOption, BadRun
from dl.plugins.loading import load_plugins
from dl.training.callbacks import RunWriter
from dl.training.devices import Devices
from dl.training.state import StateKeeper


@pytest.fixture
def twice(plugins_with, blobs, cut_and_resumed, monkeypatch):
    """A function that cuts off a fit of points, and resumes it: twice([("step", 3)], saved=(2,), model="dense")."""

    def compare(cuts, saved=(2, 9, 11), blocks=True, given=None, more=(), **choices):
        if not blocks:
            monkeypatch.setattr(Devices, "supports_blocks", property(lambda self: False))
        plugins = plugins_with(given=given or blobs(), more=more)
        usual = {"model": "dense", "epochs": 3, "batch_size": 10, "save_every": 0, "devices": Devices("cpu", "1")}
        return cut_and_resumed(
            lambda runs: dl.fit("numbers", "given", runs=runs, plugins=plugins, **{**usual, **choices}),
            cuts,
            saved,
            plugins=plugins,
        )

    return compare


MOMENTS = [
    [("step", 1)],  # nothing is saved yet
    [("step", 5)],  # in the middle of an epoch
    [("step", 9)],  # right after the state was saved
    [("validation", 2)],
    [("kept", 1)],
    [("kept", 2)],
    [("kept", 3)],
    [("end", 0)],
]
EVERY = {"reg": {"dropout": 0.5, "noise": 0.1, "mixup": 0.2, "weight-averaging": 0.9}, "optimizer": "adamw"}


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("cuts", MOMENTS, ids=lambda cuts: "-".join(f"{moment}{at}" for moment, at in cuts))
def test_a_fit_ends_alike_wherever_it_is_cut_off(twice, cuts, blocks):
    twice(cuts, blocks=blocks, **EVERY)


@pytest.mark.parametrize("blocks", [True, False])
def test_a_fit_that_is_cut_off_again_and_again_ends_alike(twice, blocks):
    cuts = [("step", 1), ("step", 12), ("step", 13), ("validation", 2), ("kept", 2), ("end", 0)]
    twice(cuts, blocks=blocks, **EVERY)


def of_numbers():
    """Names of the regularizers that act on a dense network of numbers."""
    found = load_plugins().regularizers.values()
    return sorted(one.name for one in found if not one.only_for and one.name != "shrink")


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("name", of_numbers())
def test_with_each_regularizer_a_fit_ends_alike(twice, name, blocks):
    twice([("step", 5), ("step", 12)], blocks=blocks, reg={name: {}}, schedule="one-cycle", optimizer="sgd", momentum=0.9)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_with_each_schedule_a_fit_ends_alike(twice, schedule):
    names = ["label-smoothing", "max-norm", "focal", "resample", "l2", "early-stopping"]
    twice([("step", 12)], reg={name: {} for name in names}, schedule=schedule, clip=1.0)


# a block stops after the next step; Lightning's steps are checked at the first and the last of an epoch
@pytest.mark.parametrize(("blocks", "steps"), [(True, (3, 10, 13, 19)), (False, (8, 16, 20))])
def test_what_was_scored_after_a_signal_leaves_no_trace(twice, blobs, monkeypatch, blocks, steps):
    put_back, keep = [], RunWriter.keep_epoch

    def noted(self, module, *, is_best):
        put_back.append(bool(self.aside) and not is_best)
        keep(self, module, is_best=is_best)

    monkeypatch.setattr(RunWriter, "keep_epoch", noted)
    given = blobs(seed=1)
    given.train.targets[::3] = np.roll(given.train.targets[::3], 1)  # so much noise that epochs go up and down
    cuts = [("signal", at) for at in steps]
    _, broken = twice(cuts, blocks=blocks, given=given, optimizer="sgd", lr=3.0, monitor="loss", saved=())
    assert broken.manifest.signal == 0 and any(put_back)
