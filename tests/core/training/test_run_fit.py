"""The road of a fit on small arrays: what it keeps, what it repeats, what stops it."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console

import dl
from dl.data.examples import Dataset
from dl.errors import BadData, BadDevices, BadOption, CannotWrite, PluginFailed, TrainingFailed
from dl.inference.load import reopen
from dl.runs.history import read_history
from dl.runs.outcomes import read_arrays
from dl.runs.run import open_run
from dl.training.devices import Devices


def weights(run):
    return (run.path / "best.safetensors").read_bytes()


def numbers(run):
    """The history without what a clock says."""
    clocks = ("seconds", "train_seconds", "val_seconds")
    return [{name: value for name, value in row.items() if name not in clocks} for row in run.history.rows]


# What is kept


def test_a_run_keeps_everything_that_a_reader_needs(fit, blobs):
    run = fit(blobs(), epochs=2)
    kept = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert {
        "recipe.toml",
        "run.json",
        "history.csv",
        "findings.json",
        "preprocessor.json",
        "environment.json",
        "best.safetensors",
        "outcomes/examples.npz",
        "outcomes/epoch-00001.npz",
        "outcomes/epoch-00002.npz",
        "outcomes/best.npz",
    } <= kept
    assert not [name for name in kept if name.endswith(".tmp")]
    assert run == open_run("last", run.path.parent)


def test_the_manifest_says_what_was_trained_on_what(fit, blobs):
    manifest = fit(blobs(classes=3, n=90), epochs=2).manifest
    assert (manifest.name, manifest.status, manifest.signal) == ("0001-given-linear", "finished", 0)
    assert (manifest.domain, manifest.model, manifest.parameters) == ("numbers", "linear", 9)
    parts = manifest.parts
    assert (parts.train, parts.val, parts.probe, parts.input_shape, parts.test) == (72, 18, 18, (2,), False)
    assert parts.rule == "stratified hold-out, seed 0"
    assert manifest.task.names == ("class 0", "class 1", "class 2")
    assert {one.name: one.score for one in manifest.baselines}["majority"] == pytest.approx(1 / 3)


def test_the_history_has_a_row_an_epoch_and_steps_are_counted(fit, blobs):
    run = fit(blobs(n=90), epochs=3, batch_size=10)
    assert run.history.column("epoch") == [1.0, 2.0, 3.0]
    assert run.history.column("step") == [8.0, 16.0, 24.0]  # 72 examples: seven batches of ten, one of two
    for row in run.history.rows:
        assert row["val_low"] <= row["val_accuracy"] <= row["val_high"]
        assert row["gap"] == pytest.approx(row["probe_accuracy"] - row["val_accuracy"])


def test_outcomes_belong_to_the_scores_of_their_epoch(fit, blobs):
    run = fit(blobs(), epochs=3, lr=0.01)
    for part in ("val", "probe"):
        kept = run.outcomes(part)
        assert kept.score.mean(axis=1) == pytest.approx(run.history.column(f"{part}_accuracy"))
        assert kept.loss.astype(float).mean(axis=1) == pytest.approx(run.history.column(f"{part}_loss"), rel=2e-3)
        assert ((kept.margin > 0) == kept.score).all()


def test_the_training_loss_is_the_mean_over_examples_though_the_last_batch_is_smaller(fit, dataset):
    rng = np.random.default_rng(0)
    inputs, targets = rng.normal(0, 1, (42, 3)).astype(np.float32), rng.integers(0, 2, 42)
    given = dataset(inputs, targets, val_size=20)  # 22 to train on: batches of 20 and of 2
    run = fit(given, epochs=1, batch_size=20, lr=0.0)  # with no rate the network stays as it is
    everything = fit(given, epochs=1, batch_size=22, lr=0.0)
    assert run.best["train_loss"] == pytest.approx(everything.best["train_loss"], rel=1e-5)


def test_the_best_weights_are_those_of_the_best_epoch(fit, blobs, plugins_with):
    given = blobs(4, n=120)
    run = fit(given, epochs=6, lr=1.0, optimizer="sgd", batch_size=8)
    opened = reopen(run, plugins_with(given=given))
    ids = run.outcomes("val").ids
    logits = opened.logits(given.train.take(ids))
    assert logits.numpy() == pytest.approx(read_arrays(run.outcomes_folder / "best.npz")["logits"], rel=2e-3, abs=2e-3)
    scores = [(row["val_accuracy"], -row["val_loss"]) for row in run.history.rows]
    assert run.manifest.best_epoch == scores.index(max(scores)) + 1


def test_the_best_epoch_can_be_chosen_by_the_loss(fit, blobs):
    run = fit(blobs(4, n=120), epochs=6, lr=1.0, optimizer="sgd", batch_size=8, monitor="loss")
    losses = run.history.column("val_loss")
    assert run.manifest.best_epoch == losses.index(min(losses)) + 1


def test_the_stored_recipe_runs_again_to_the_same_bits(fit, blobs, plugins_with, runs):
    given = blobs()
    first = fit(given, epochs=2, seed=5, lr=0.02)
    recipe = str(first.path / "recipe.toml")
    again = dl.fit(recipe=recipe, plugins=plugins_with(given=given), runs=runs, devices=Devices("cpu", "1"))
    assert weights(first) == weights(again) and numbers(first) == numbers(again)
    assert (again.path / "recipe.toml").read_text() == (first.path / "recipe.toml").read_text()


def test_findings_of_the_guard_are_kept(fit, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (40, 2)).astype(np.float32)
    inputs[20:24] = inputs[:4]
    targets = np.arange(40) % 2
    kept = fit(dataset(inputs, targets), epochs=1)
    assert [finding.code for finding in kept.findings] == ["data-duplicates"]
    assert not read_arrays(kept.outcomes_folder / "examples.npz")["val_leaked"].any()
    careless = [fit(dataset(inputs, targets), epochs=1, duplicates="ignore", seed=seed) for seed in range(4)]
    leaked = [int(read_arrays(run.outcomes_folder / "examples.npz")["val_leaked"].sum()) for run in careless]
    told = [sum(finding.evidence.get("leaked", 0) for finding in run.findings) for run in careless]
    assert leaked == told and max(leaked) > 0


# The same again, and not the same


def test_the_same_seed_is_the_same_result_bit_for_bit_and_another_is_another(fit, blobs):
    given = blobs()
    first, second = fit(given, model="dense", seed=1, epochs=2), fit(given, model="dense", seed=1, epochs=2)
    other = fit(given, model="dense", seed=2, epochs=2)
    assert weights(first) == weights(second) != weights(other)
    assert numbers(first) == numbers(second) != numbers(other)
    assert first.manifest.parts.val_fingerprint == second.manifest.parts.val_fingerprint
    assert first.manifest.parts.val_fingerprint != other.manifest.parts.val_fingerprint


def test_a_fit_neither_uses_nor_changes_the_callers_random_numbers(fit, blobs):
    given = blobs()
    torch.manual_seed(1)
    first = fit(given, model="dense", epochs=1)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    second = fit(given, model="dense", epochs=1)
    assert weights(first) == weights(second) and torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize(
    ("optimizer", "schedule"),
    [("adam", "one-cycle"), ("adamw", "cosine"), ("sgd", "constant"), ("rmsprop", "constant")],
)
def test_blocks_of_steps_and_single_steps_lead_to_the_same_weights(fit, blobs, monkeypatch, optimizer, schedule):
    given = blobs(n=101)
    choices = {"model": "dense", "epochs": 2, "batch_size": 7, "lr": 0.01, "optimizer": optimizer, "schedule": schedule}
    blocks = fit(given, precision="64-true", **choices)
    monkeypatch.setattr(Devices, "takes_blocks", False)
    steps = fit(given, precision="64-true", **choices)
    for local_positions, theirs in zip(numbers(blocks), numbers(steps), strict=True):
        assert local_positions.keys() == theirs.keys()
        for name in ("step", "lr", "train_loss", "val_loss", "probe_loss", "train_score"):
            assert local_positions[name] == pytest.approx(theirs[name], rel=1e-6), name
    states = [read_weights(run) for run in (blocks, steps)]
    for name, value in states[0].items():
        assert value.dtype == np.float64 and value == pytest.approx(states[1][name], abs=1e-6), name


def test_clipping_is_the_same_in_blocks_and_single_steps(fit, blobs, monkeypatch):
    choices = {"epochs": 2, "batch_size": 7, "optimizer": "sgd", "lr": 1.0, "clip": 0.05}
    blocks = fit(blobs(), precision="64-true", **choices)
    monkeypatch.setattr(Devices, "takes_blocks", False)
    steps = fit(blobs(), precision="64-true", **choices)
    free = fit(blobs(), precision="64-true", **{**choices, "clip": 0.0})
    for name, value in read_weights(blocks).items():
        assert value == pytest.approx(read_weights(steps)[name], abs=1e-6)
        assert not np.allclose(value, read_weights(free)[name])


def read_weights(run):
    from safetensors.numpy import load_file

    return load_file(run.path / "best.safetensors")


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true", "bf16-true"])
def test_other_number_types_learn_too(fit, blobs, precision):
    assert fit(blobs(2), precision=precision, epochs=15).best["val_accuracy"] == 1.0


# What stops it


@pytest.fixture
def line(dataset):
    """Sixty points on a line."""
    inputs = np.linspace(-1, 1, 60, dtype=np.float32)[:, None]
    return dataset(inputs, inputs.astype(np.float64) * 3)


@pytest.mark.parametrize("blocks", [True, False])
def test_a_loss_that_is_no_number_stops_with_step_and_advice(fit, line, runs, monkeypatch, blocks):
    monkeypatch.setattr(Devices, "takes_blocks", blocks)
    with pytest.raises(TrainingFailed, match=r"the loss is (nan|inf) at step 2 \(epoch 1, examples .*try: lr=1e\+29"):
        fit(line, lr=1e30, optimizer="sgd")
    run = open_run("last", runs)
    assert run.manifest.status == "failed" and "at step" in run.manifest.message


def test_the_weights_of_the_last_good_epoch_are_kept_when_the_loss_is_lost(fit, line, plugins_with, runs):
    with pytest.raises(TrainingFailed) as failed:
        fit(line, lr=3.0, optimizer="sgd", epochs=1000, batch_size=48)
    run = open_run("last", runs)
    good = run.manifest.best_epoch
    assert good >= 1 and f"epoch {len(run.history) + 1}" in str(failed.value)
    assert all(np.isfinite(value).all() for value in read_weights(run).values())
    assert np.isfinite(run.history.column("val_loss")).all()
    assert reopen(run, plugins_with(given=line)).network is not None


@pytest.mark.parametrize(
    ("choices", "kind"),
    [
        ({"epochs": -1}, BadOption),
        ({"val": 1000}, BadData),
        ({"val": 2.5}, BadData),
        ({"task": "multilabel"}, BadOption),
        ({"task": "binary"}, BadOption),
        ({"loss": "squared-error"}, BadOption),
    ],
)
def test_a_refused_choice_leaves_no_run(fit, blobs, runs, choices, kind):
    with pytest.raises(kind):
        fit(blobs(), **choices)
    assert not runs.exists() or not list(runs.iterdir())


def test_refused_devices_leave_no_run(blobs, plugins_with, runs):
    for devices in (Devices("cpu", "1000"), Devices("cpu", "-1"), Devices("cpu", "1", max_time="soon")):
        with pytest.raises(BadDevices):
            dl.fit("numbers", "given", plugins=plugins_with(given=blobs()), runs=runs, devices=devices)
    assert not runs.exists() or not list(runs.iterdir())


def test_a_disk_that_is_full_at_the_start_leaves_no_run(fit, blobs, runs, monkeypatch):
    real = dl.files.os.fsync
    calls = []

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) > 5:
            raise OSError(28, "No space left on device")
        real(descriptor)

    monkeypatch.setattr("dl.files.os.fsync", full)
    with pytest.raises(CannotWrite, match="the disk is full"):
        fit(blobs())
    assert list(runs.iterdir()) == []


def test_a_disk_that_fills_up_later_leaves_a_run_that_reads(fit, blobs, runs, monkeypatch):
    import os

    real, replace = [], os.replace

    def full(source, target):
        real.append(target)
        if "epoch-00003" in str(target):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("dl.files.os.replace", full)
    with pytest.raises(CannotWrite, match="the disk is full"):
        fit(blobs(), epochs=5)
    run = open_run("last", runs)
    assert run.manifest.status == "failed" and "the disk is full" in run.manifest.message
    assert len(run.history) == 2 == run.outcomes("val").loss.shape[0]


def test_a_model_that_fails_leaves_a_run_that_says_so(fit, blobs, runs, monkeypatch):
    def fail(self, *_):
        raise RuntimeError("out of something")

    monkeypatch.setattr("dl.training.module.make_optimizer", fail)
    with pytest.raises(PluginFailed, match="a run with the model 'linear' failed: RuntimeError: out of something"):
        fit(blobs())
    manifest = open_run("last", runs).manifest
    assert manifest.status == "failed"
    assert manifest.message.startswith("RuntimeError: out of something (test_run_fit.py:")


def test_a_runs_folder_that_cannot_be_written_is_said_before_anything_is_read(blobs, plugins_with, locked):
    with pytest.raises(CannotWrite, match="no write permission"):
        dl.fit("numbers", "given", plugins=plugins_with(given=blobs()), runs=locked, devices=Devices("cpu", "1"))


def test_whole_numbers_may_be_a_regression_where_that_is_asked(fit, dataset):
    inputs = np.random.default_rng(0).normal(0, 1, (60, 1)).astype(np.float32)
    run = fit(dataset(inputs, (1990 + 5 * inputs[:, 0]).round().astype(np.int64)), task="regression", epochs=40)
    assert run.manifest.task.name == "regression" and run.best["val_mae"] < 1.0


@pytest.mark.parametrize("targets", [[0] * 20, [-1, 1] * 10, [0, 2] * 10])
def test_classes_that_nothing_can_be_learnt_from_are_refused(fit, dataset, runs, targets):
    with pytest.raises(BadData):
        fit(dataset(np.random.default_rng(0).normal(0, 1, (20, 2)).astype(np.float32), targets))
    assert not list(runs.iterdir())


def test_the_test_part_is_never_opened_by_a_fit(fit, blobs):
    def open_test():
        raise AssertionError("the fit looked at the test part")

    assert fit(blobs(open_test=open_test), epochs=1).manifest.parts.test


def test_a_data_set_that_brings_its_validation_part_keeps_it(fit, blobs, examples):
    given = blobs(2, n=40)
    val = examples(given.train.inputs[:10] + 0.5, given.train.targets[:10], given.train.names, first=100)
    run = fit(Dataset("given", given.train, val=val), epochs=1)
    assert run.manifest.parts.rule == "as the data set brings it"
    assert (run.manifest.parts.train, run.manifest.parts.val) == (40, 10)
    assert run.outcomes("val").ids.tolist() == list(range(100, 110))


def test_one_validation_example_is_enough(fit, blobs):
    run = fit(blobs(2), epochs=1, val=1)
    assert run.manifest.parts.val == run.manifest.parts.probe == 1


def test_the_longest_time_is_obeyed(blobs, plugins_with, runs):
    devices = Devices("cpu", "1", max_time="00:00:00:01")
    run = dl.fit("numbers", "given", plugins=plugins_with(given=blobs()), runs=runs, devices=devices, epochs=100_000)
    assert run.manifest.status == "finished" and 1 < run.manifest.seconds < 15
    assert 1 < len(read_history(run.path / "history.csv")) < 100_000


def test_progress_is_one_plain_line_an_epoch_off_a_terminal(blobs, plugins_with, runs, tmp_path):
    with (tmp_path / "said").open("w") as stream:
        console = Console(file=stream, width=200, markup=False)
        devices = Devices("cpu", "1")
        plugins = plugins_with(given=blobs(2, title="[bold]\x1b[31m points"))
        dl.fit("numbers", "given", plugins=plugins, runs=runs, console=console, epochs=3, devices=devices)
    said = (tmp_path / "said").read_text()
    lines = said.splitlines()
    assert "\x1b" not in said and lines[0] == "given: [bold]\\x1b[31m points"
    assert [line.split()[0] for line in lines[-4:]] == ["epoch", "1/3", "2/3", "3/3"]
    assert "  task        binary - 2 classes, one for each example" in lines
    assert any(line.startswith("  to beat     50.00 % accuracy by always 'class") for line in lines)


def test_the_environment_is_kept(fit, blobs):
    stored = json.loads((fit(blobs(), epochs=1).path / "environment.json").read_text())
    assert stored["packages"]["torch"] == torch.__version__ and stored["trainer"]["accelerator"] == "cpu"


def test_every_epoch_of_a_fit_takes_the_order_of_its_own_number(fit, blobs, monkeypatch):
    from dl.training import batches

    drawn = []
    order = batches.epoch_permutation

    def noted(seed, epoch, positions):
        drawn.append((seed, epoch))
        return order(seed, epoch, positions)

    monkeypatch.setattr(batches, "epoch_order", noted)
    fit(blobs(), epochs=3, seed=7)
    assert drawn == [(7, 0), (7, 1), (7, 2)]


# Groups and times


def kept_ids(run):
    """Ids of the validation examples of a run."""
    return set(read_arrays(run.path / "outcomes" / "examples.npz")["val_ids"].tolist())


def test_groups_of_the_user_and_exact_duplicates_stay_whole_together(fit, blobs):
    given = blobs(classes=2, n=80)
    inputs = given.train.inputs.copy()
    inputs[1::20] = inputs[0]  # duplicates that lead from group to group
    groups = np.arange(80) // 4
    run = fit(replace(given, train=replace(given.train, inputs=inputs, groups=groups)), epochs=1)
    held = kept_ids(run)
    assert run.manifest.parts.rule == "stratified hold-out, seed 0, whole groups" and held
    for group in range(20):
        assert len({number in held for number in range(group * 4, group * 4 + 4)}) == 1
    assert len({number in held for number in (0, 1, 21, 41, 61)}) == 1


def test_where_there_are_times_the_newest_are_held_out(fit, blobs):
    given = blobs(classes=2, n=80)
    times = np.random.default_rng(0).permutation(80)
    run = fit(replace(given, train=replace(given.train, times=times)), epochs=1)
    assert run.manifest.parts.rule == "newest 20 % by time"
    assert kept_ids(run) == set(np.flatnonzero(times >= 64).tolist())
    assert not [finding for finding in run.findings if finding.code == "data-time-overlap"]


def test_training_examples_from_after_the_first_validation_example_are_said(fit, blobs):
    given = blobs(classes=2, n=80)
    groups = np.arange(80)
    groups[5] = 79  # an old example of the newest group
    run = fit(replace(given, train=replace(given.train, times=np.arange(80), groups=groups)), epochs=1)
    (found,) = [finding for finding in run.findings if finding.code == "data-time-overlap"]
    assert found.message == "59 of 64 training examples are later than the first validation example"
