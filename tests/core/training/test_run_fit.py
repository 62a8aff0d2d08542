"""A fit on small arrays: what it keeps, what it repeats, what it refuses."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadData, BadDevices, BadOption, CannotWrite
from dl.runs.outcomes import read_arrays
from dl.runs.run import open_run
from dl.training.devices import Devices
from tests.cutting import numbers


def weights(run):
    return (run.weights).read_bytes()


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
        run.weights.name,
        "outcomes/examples.npz",
        "outcomes/epoch-00001.npz",
        "outcomes/epoch-00002.npz",
        f"outcomes/best-{run.manifest.best_epoch:05d}.npz",
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
    assert [finding.code for finding in kept.guard_findings] == ["data-duplicates"]
    assert not read_arrays(kept.outcomes_folder / "examples.npz")["val_leaked"].any()
    careless = [fit(dataset(inputs, targets), epochs=1, duplicates="ignore", seed=seed) for seed in range(4)]
    leaked = [int(read_arrays(run.outcomes_folder / "examples.npz")["val_leaked"].sum()) for run in careless]
    told = [sum(finding.evidence.get("leaked", 0) for finding in run.guard_findings) for run in careless]
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


# What stops it


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
        with pytest.raises((BadDevices, BadOption)):
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


def test_a_runs_folder_that_cannot_be_written_is_said_before_anything_is_read(blobs, plugins_with, locked):
    with pytest.raises(CannotWrite, match="no write permission"):
        dl.fit("numbers", "given", plugins=plugins_with(given=blobs()), runs=locked, devices=Devices("cpu", "1"))


def test_the_environment_is_kept(fit, blobs):
    stored = json.loads((fit(blobs(), epochs=1).path / "environment.json").read_text())
    assert stored["packages"]["torch"] == torch.__version__ and stored["trainer"]["accelerator"] == "cpu"


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
    assert not [finding for finding in run.guard_findings if finding.code == "data-time-overlap"]


def test_training_examples_from_after_the_first_validation_example_are_said(fit, blobs):
    given = blobs(classes=2, n=80)
    groups = np.arange(80)
    groups[5] = 79  # an old example of the newest group
    run = fit(replace(given, train=replace(given.train, times=np.arange(80), groups=groups)), epochs=1)
    (found,) = [finding for finding in run.guard_findings if finding.code == "data-time-overlap"]
    assert found.message == "59 of 64 training examples are later than the first validation example"
