"""A fit that is cut off and resumed ends with the bytes of one that was not: wherever it is cut off, whatever is on."""

import io
import json
import os
import platform
import re

import numpy as np
import pytest
import torch
from rich.console import Console

import dl
from dl.data.examples import Dataset, Examples
from dl.errors import BadOption, BadRun
from dl.plugins.loading import load_plugins
from dl.runs.commit import replace_file
from dl.runs.lock import run_lock
from dl.testing.numbers import NumbersPlugin
from dl.training.devices import Devices
from dl.training.run_writer import RunWriter
from tests.cutting import kill_at, same


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


def test_a_fit_on_data_that_is_read_in_blocks_ends_alike(twice, monkeypatch):
    monkeypatch.setattr("dl.training.batches.BLOCK", 256)
    monkeypatch.setattr("dl.training.batches.WINDOW", 2)
    whole, _ = twice([("step", 5), ("step", 12), ("validation", 2)], shuffle="blocks")
    assert whole.recipe.train["shuffle"] == "blocks"


def of_numbers():
    """Names of the regularizers that act on a dense network of numbers."""
    found = load_plugins().regularizers.values()
    return sorted(one.name for one in found if not one.only_for and one.name != "shrink")


def test_a_fit_of_64_bits_ends_alike(twice):
    twice([("step", 5)], devices=Devices("cpu", "1", precision="64-true"), optimizer="sgd", momentum=0.9)


@pytest.mark.slow
@pytest.mark.parametrize("blocks", [True, False])
@pytest.mark.parametrize("name", of_numbers())
def test_with_each_regularizer_a_fit_ends_alike(twice, name, blocks):
    twice(
        [("step", 5), ("step", 12)], blocks=blocks, reg={name: {}}, schedule="one-cycle", optimizer="sgd", momentum=0.9
    )


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


@pytest.fixture
def interrupted(fit, blobs, runs, monkeypatch):
    """A run of points that a signal ended in its second epoch; and its plugins."""

    def make(**choices):
        with monkeypatch.context() as patch:
            kill_at(patch, "signal", 10, saved=())
            return fit(blobs(), model="dense", epochs=3, batch_size=10, **choices)

    return make


def test_a_run_is_refused_with_one_line_where_it_would_be_another_fit(interrupted, plugins_with, blobs, runs):
    run, plugins = interrupted(), plugins_with(given=blobs())
    with pytest.raises(BadRun, match="the examples of given have changed since 0001-given-dense; put them back, or"):
        dl.resume(runs=runs, plugins=plugins_with(given=blobs(seed=5)))
    kept = json.loads((run.path / "environment.json").read_text())
    other = {**kept, "packages": {**kept["packages"], "torch": "2.0.0"}}
    replace_file(run.path / "environment.json", json.dumps(other).encode())
    line = (
        f"0001-given-dense: torch is {torch.__version__}, was 2.0.0; its numbers may differ  go on nevertheless: --acc"
    )
    with pytest.raises(BadRun, match=re.escape(line)):
        dl.resume(runs=runs, plugins=plugins)
    assert dl.resume(runs=runs, plugins=plugins, accept_changes=True).manifest.status == "finished"


@pytest.mark.parametrize(
    ("choices", "error", "line"),
    [
        ({"run": "last"}, BadRun, "is unfinished  more epochs of a finished one: dl fit --resume RUN epochs=N"),
        ({"run": 1}, BadRun, "0001-given-dense is finished after 2 epochs  more of them: dl fit --resume 0001-given-d"),
        ({"run": 1, "epochs": 2}, BadOption, "epochs=2: 0001-given-dense has trained 2 already; give more"),
        ({"run": 2, "epochs": 9}, BadRun, "0002-given-dense was ended after epoch 2 by early-stopping: "),
        ({"run": 3}, BadRun, "0003-in-memory-linear was fitted with its data in memory, which no run keeps; fit it"),
        ({"run": 4}, BadRun, "0004-given-dense has no identity to resume it by; fit it anew"),
    ],
)
def test_a_run_that_cannot_be_resumed_is_refused_with_the_reason(several_runs, choices, error, line):
    with pytest.raises(error, match=line):
        dl.resume(choices.pop("run"), **choices, **several_runs)


@pytest.fixture(scope="module")
def several_runs(tmp_path_factory):
    """Where four runs lie that cannot be resumed as they are: finished, ended early, in memory, of an earlier dl."""
    rng, root = np.random.default_rng(0), tmp_path_factory.mktemp("several")
    inputs, targets = rng.normal(size=(60, 2)).astype(np.float32), np.arange(60) % 2
    examples = Examples(inputs, targets, np.arange(60), ("a", "b"))
    plugins = load_plugins(extra=[NumbersPlugin({"given": Dataset("given", examples)})])
    where = {"runs": root, "plugins": plugins}
    given = {**where, "devices": Devices("cpu", "1"), "epochs": 2}
    dl.fit("numbers", "given", model="dense", **given)
    dl.fit("numbers", "given", model="dense", **{**given, "epochs": 30, "lr": 0.0}, reg={"early-stopping": 1})
    dl.fit("numbers", (inputs, targets), model="linear", **given)
    run = dl.fit("numbers", "given", model="dense", seed=4, **given)
    (run.path / "identity.json").unlink()
    return where


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one-cycle"])
def test_epochs_of_a_finished_run_are_raised_exactly_where_the_rate_does_not_depend_on_them(
    plugins_with, blobs, tmp_path, schedule, one_thread
):
    plugins, told = plugins_with(given=blobs()), Console(width=500, file=io.StringIO())
    given = {"plugins": plugins, "devices": Devices("cpu", "1"), "model": "dense", "batch_size": 10}
    whole = dl.fit("numbers", "given", runs=tmp_path / "whole", epochs=4, schedule=schedule, **given)
    short = dl.fit("numbers", "given", runs=tmp_path / "short", epochs=2, schedule=schedule, **given)
    more = dl.resume(short, epochs=4, plugins=plugins, console=told)
    rates = [[row["lr"] for row in run.history.rows][2:] for run in (whole, more)]
    assert rates[0] == pytest.approx(rates[1], abs=1e-9)
    assert more.recipe.train["epochs"] == 4 and len(more.history) == 4
    if schedule == "constant":
        same(whole, more)
    line = f"the rate follows {schedule} over 4 epochs from here on, and before followed it over fewer: this is not"
    assert (line in told.file.getvalue()) == (schedule != "constant")


def test_if_a_run_of_this_recipe_on_this_data_exists_it_goes_on_or_is_returned(interrupted, plugins_with, blobs, runs):
    run, told = interrupted(), Console(width=200, file=io.StringIO())
    given = {"plugins": plugins_with(given=blobs()), "runs": runs, "console": told, "resume_if_exists": True}
    given |= {"devices": Devices("cpu", "1"), "model": "dense", "batch_size": 10}
    again = dl.fit("numbers", "given", epochs=3, **given)
    assert again.path == run.path and again.manifest.status == "finished"
    assert dl.fit("numbers", "given", epochs=3, save_every=5, **given).path == run.path
    lines = told.file.getvalue()
    assert "0001-given-dense is this recipe on this data, and unfinished: it is resumed" in lines
    assert "0001-given-dense is this recipe on this data, and finished; nothing is fitted" in lines
    assert dl.fit("numbers", "given", epochs=2, **given).name == "0002-given-dense"


def test_a_second_process_that_resumes_a_run_is_refused_with_the_first(interrupted, plugins_with, blobs, runs):
    run, plugins = interrupted(), plugins_with(given=blobs())
    line = f"0001-given-dense is being fitted by process {os.getpid()} on {platform.node()}; wait for it, or end it"
    with run_lock(run.path), pytest.raises(BadRun, match=re.escape(line)):
        dl.resume(runs=runs, plugins=plugins)
    assert dl.resume(runs=runs, plugins=plugins).manifest.status == "finished"


def test_a_damaged_list_of_states_keeps_no_fit_from_going_on(interrupted, plugins_with, blobs, runs):
    run, plugins = interrupted(save_every=0), plugins_with(given=blobs())
    (run.path / "checkpoints/manifest.json").write_text("[")
    with pytest.warns(UserWarning, match="going on from state-00.*, the newest state that is whole"):
        again = dl.resume(runs=runs, plugins=plugins)
    choices = {"model": "dense", "epochs": 3, "batch_size": 10, "devices": Devices("cpu", "1")}
    whole = dl.fit("numbers", "given", runs=runs, plugins=plugins, **choices)
    assert again.history.rows[-1]["val_loss"] == whole.history.rows[-1]["val_loss"]


def test_states_stay_while_a_run_is_unfinished_and_the_last_where_it_is_small(
    interrupted, plugins_with, blobs, runs, monkeypatch
):
    run, plugins = interrupted(save_every=0), plugins_with(given=blobs())
    assert len([*run.path.glob("checkpoints/*.ckpt")]) == 2
    assert len([*dl.resume(runs=runs, plugins=plugins).path.glob("checkpoints/*.ckpt")]) == 1
    monkeypatch.setattr("dl.training.keeper.LARGEST_KEPT", 100)
    assert [*dl.resume(run, epochs=4, plugins=plugins).path.glob("checkpoints/*.ckpt")] == []
    with pytest.raises(BadRun, match="0001-given-dense kept no state, which was too large  go on from its weights: dl"):
        dl.resume(run.path, epochs=5, plugins=plugins)


def test_a_fit_that_was_ended_by_its_time_goes_on(plugins_with, blobs, tmp_path, runs):
    plugins = plugins_with(given=blobs())
    given = {"plugins": plugins, "model": "dense", "epochs": 100_000, "runs": runs}
    run = dl.fit("numbers", "given", devices=Devices("cpu", "1", max_time="00:00:00:01"), **given)
    assert run.manifest.message.startswith("the time was up in epoch ")
    again = dl.resume(runs=runs, plugins=plugins, devices=Devices("cpu", "1", max_time="00:00:00:01"))
    assert again.path == run.path and again.manifest.epochs > run.manifest.epochs
    assert [row["epoch"] for row in again.history.rows] == [*range(1, again.manifest.epochs + 1)]
