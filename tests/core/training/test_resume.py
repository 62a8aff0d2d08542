"""A fit that is cut off and resumed ends with the bytes of one that was not: wherever it is cut off, whatever is on."""

import os
import signal

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadOption, BadRun, PluginFailed
from dl.runs.run import Run
from dl.training.callbacks import RunWriter
from dl.training.checkpoint import DurableCheckpoints
from dl.training.devices import Devices
from dl.training.state import StateKeeper

TIMES = ("seconds", "train_seconds")


class Killed(BaseException):
    """In place of a kill: nothing is written after it."""


def kill_at(patch, moment, at, saved):
    """Let a fit end at a moment: after step ``at``, or in epoch ``at``; its state is saved after the steps ``saved``."""
    after_step, started, kept, ended = (
        StateKeeper.after_step,
        RunWriter.on_validation_start,
        RunWriter.keep_status,
        RunWriter.on_train_end,
    )

    def die(here):
        if here:
            patch.setattr(RunWriter, "end", lambda *_, **__: None)
            raise Killed

    def step(self, module):
        if module.steps_done in saved or module.stop():
            after_step(self, module)
        die(moment == "step" and module.steps_done == at)

    def validation(self, trainer, module):
        die(moment == "validation" and len(self.rows) + 1 == at)
        started(self, trainer, module)

    def keep(self):
        kept(self)
        die(moment == "kept" and len(self.rows) == at)

    def end(self, trainer, module):
        ended(self, trainer, module)
        die(moment == "end")

    patch.setattr(StateKeeper, "after_step", step)
    patch.setattr(RunWriter, "on_validation_start", validation)
    patch.setattr(RunWriter, "keep_status", keep)
    patch.setattr(RunWriter, "on_train_end", end)


def content(run):
    """Return everything that a run ends with, but its times: rows, bytes of files, weights and optimizers at the end."""
    rows = [{name: value for name, value in row.items() if name not in TIMES} for row in run.history.rows]
    names = ["best.safetensors", *(f"outcomes/{path.name}" for path in sorted(run.outcomes_folder.glob("*")))]
    names += [str(path.relative_to(run.path)) for path in sorted(run.path.glob("heads/*/outcomes/*"))]
    files = {name: (run.path / name).read_bytes() for name in names}
    state = DurableCheckpoints().load_checkpoint(run.path / "checkpoints" / "state.ckpt")
    ended = {name: state[name] for name in ("state_dict", "optimizer_states")}
    manifest = run.manifest
    return rows, files, flat(ended), (manifest.status, manifest.best_epoch, manifest.epochs, manifest.message)


def flat(value, name=""):
    if isinstance(value, dict):
        return {k: v for key, one in value.items() for k, v in flat(one, f"{name}.{key}").items()}
    if isinstance(value, (list, tuple)):
        return {k: v for key, one in enumerate(value) for k, v in flat(one, f"{name}.{key}").items()}
    return {name: value.numpy().tobytes() if isinstance(value, torch.Tensor) else value}


def same(first, second):
    """Assert that two runs end alike, naming what differs."""
    for one, other in zip(content(first), content(second), strict=True):
        if isinstance(one, dict):
            assert sorted(one) == sorted(other)
            assert [name for name in one if one[name] != other[name]] == []
        else:
            assert repr(one) == repr(other)  # NaN equals NaN


@pytest.fixture
def twice(plugins_with, blobs, tmp_path, monkeypatch, one_thread):
    """A function that makes one fit unbroken and one that is cut off and resumed, and compares how they end.

    twice([("step", 3), ("kept", 2)], saved=(2,), model="dense")
    """
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def compare(cuts, saved=(2, 9, 11), blocks=True, given=None, more=(), epochs=3, accelerate=None, **choices):
        if not blocks:
            monkeypatch.setattr(Devices, "supports_blocks", property(lambda self: False))
        plugins = plugins_with(given=given or blobs(), more=more)
        how = {"plugins": plugins, "devices": Devices("cpu", "1"), "epochs": epochs, "batch_size": 10, "save_every": 0}
        whole = dl.fit("numbers", "given", runs=tmp_path / "whole", **how, **choices)
        for number, cut in enumerate(cuts):
            with monkeypatch.context() as patch, pytest.raises((Killed, PluginFailed), match="Killed|^$"):
                kill_at(patch, *cut, saved)
                if number:
                    torch.manual_seed(number)  # what was drawn elsewhere does not matter
                    dl.resume(runs=tmp_path / "broken", plugins=plugins)
                else:
                    dl.fit("numbers", "given", runs=tmp_path / "broken", **how, **choices)
        broken = dl.resume(runs=tmp_path / "broken", plugins=plugins)
        same(whole, broken)
        return whole, broken

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
    [("step", 12), ("step", 13), ("validation", 2), ("kept", 2), ("end", 0)],
]


@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("cuts", MOMENTS, ids=lambda cuts: "-".join(f"{moment}{at}" for moment, at in cuts))
def test_a_fit_ends_alike_wherever_it_is_cut_off(twice, cuts, blocks):
    twice(cuts, blocks=blocks, model="dense", reg={"dropout": 0.5, "noise": 0.1, "mixup": 0.2}, optimizer="adamw")
