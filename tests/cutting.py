"""Cut a fit off at a moment, resume it, and compare how it ends with a fit that was not cut off."""

import os
import signal
from contextlib import nullcontext

import pytest
import torch

import dl
from benchmarks.endings import differences
from dl.errors import PluginFailed
from dl.training.keeper import StateKeeper
from dl.training.run_writer import RunWriter


class Killed(BaseException):
    """In place of a kill: nothing is written after it."""


def numbers(run):
    """Return the history without what a clock says."""
    clocks = ("seconds", "train_seconds", "val_seconds")
    return [{name: value for name, value in row.items() if name not in clocks} for row in run.history.rows]


def kill_at(patch, moment, at, saved):
    """Let a fit end at a moment: after step ``at``, or in epoch ``at``; its state is saved after the steps ``saved``.

    At ``signal`` it gets one after step ``at``, and ends by itself.
    """
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
        if module.steps_done in saved or module.stops():
            after_step(self, module)
        die(moment == "step" and module.steps_done == at)
        if moment == "signal" and module.steps_done == at:
            signal.raise_signal(signal.SIGTERM)

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


def same(first, second):
    """Assert that two runs end alike, naming what differs."""
    assert differences(first, second) == []


def cut_and_resumed(monkeypatch, folder, fit, cuts, saved, **resumed):
    """Make a fit unbroken, and one that is cut off and resumed; compare how they end, and return both.

    Args:
        monkeypatch: Of the test.
        folder: For the runs.
        fit: From a folder of runs to a run.
        cuts: Moments as of `kill_at`, one after the other.
        saved: Steps after which the state is saved.
        **resumed: Arguments of `dl.resume`.
    """
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # waiting for the disk is most of so small a fit
    whole = fit(folder / "whole")
    for number, cut in enumerate(cuts):
        dies = pytest.raises((Killed, PluginFailed), match=r"Killed|^$") if cut[0] != "signal" else nullcontext()
        with monkeypatch.context() as patch, dies:
            kill_at(patch, *cut, saved)
            if number:
                torch.manual_seed(number)  # what was drawn elsewhere does not matter
                dl.resume(runs=folder / "broken", **resumed)
            else:
                fit(folder / "broken")
    broken = dl.resume(runs=folder / "broken", **resumed)
    same(whole, broken)
    return whole, broken
