"""Capacity grown until a network overfits, and the border between under- and overfitting."""

from dataclasses import replace

import numpy as np
import pytest

import dl
from dl.capacity.overfit import has_time
from dl.errors import BadData, BadRun
from dl.runs.run import list_runs


@pytest.fixture
def noisy(dataset):
    """A function that makes points whose labels follow the inputs but for a share of them: noisy(flipped=0.2)."""

    def make(flipped=0.2, n=300):
        rng = np.random.default_rng(1)
        inputs = rng.normal(size=(n, 6)).astype(np.float32)
        targets = (inputs[:, 0] > 0).astype(int)
        turned = rng.random(n) < flipped
        return dataset(inputs, np.where(turned, 1 - targets, targets), ("low", "high"))

    return make


def test_a_network_on_noisy_labels_crosses_the_border_and_the_fits_are_runs(noisy, study, runs):
    found = study("overfit", noisy(), epochs=20, width=64, lr=0.02, batch_size=32, val=100)
    assert found.state == "turned" and found.status == "finished"
    assert [point.label for point in found.points] == ["width=16", "width=64", "width=256"]
    assert "the border between under- and overfitting is crossed at width=" in found.conclusion
    assert found.next == "dl fit numbers given --model dense batch_size=32 lr=0.02 epochs=20 width=64 val=100"
    largest = found.points[-1]
    assert largest.probe.value > largest.val.value + 0.1 and largest.last_loss > largest.loss
    assert largest.change.low > 0 and largest.note == "overfits"
    run = found.run(3)
    assert run.manifest.status == "finished" and run.best["epoch"] == largest.best_epoch and run.report().answers
    assert run.recipe.regularizers == {} and list_runs(runs) == []
    assert str(found).splitlines()[-1].startswith("next: dl fit")


def test_of_labels_drawn_at_random_it_says_that_nothing_beyond_memorizing_is_learnt(noisy, study):
    found = study("overfit", noisy(flipped=0.5), epochs=20, width=64, lr=0.02, batch_size=32)
    assert found.state == "memorizes"
    assert found.conclusion.startswith("it learns by heart and nothing beyond: training accuracy")
    assert found.next == "dl show numbers given"


def test_a_network_that_is_too_small_or_too_briefly_trained_has_not_overfitted_yet(noisy, study):
    found = study("overfit", noisy(flipped=0.1), epochs=2, width=2, lr=0.02, batch_size=32)
    assert found.state == "growing" and "it has not overfitted yet: training" in found.conclusion
    assert found.next == "dl overfit numbers given --model dense batch_size=32 lr=0.02 epochs=2 width=32"


@pytest.mark.parametrize(
    ("seconds", "passed", "last", "larger", "has"),
    [(0, 99, 99, 4, True), (50, 10, 10, 4, True), (49, 10, 10, 4, False)],
)
def test_a_larger_size_begins_if_its_time_is_left(seconds, passed, last, larger, has):
    assert has_time(seconds, passed, last, larger) == has


def test_a_model_without_units_says_so_and_is_fitted_once(blobs, study):
    found = study("overfit", blobs(), model="linear", epochs=2)
    assert len(found.points) == 1 and any("has no option for a number of units" in note for note in found.notes)


def test_what_is_easy_is_learnt_by_heart_without_a_turn(blobs, study):
    found = study("overfit", blobs(400, spread=0.1), epochs=8, width=8)
    assert found.state == "saturated" and "nothing to regularize" in found.conclusion


def test_few_validation_examples_cannot_tell(blobs, study):
    found = study("overfit", blobs(80, spread=0.2), epochs=4, val=10)
    assert found.state == "unknown" and "cannot be told from 10 validation examples" in found.conclusion


def test_a_finished_fit_is_not_made_again_and_another_one_is_refused(blobs, study, runs):
    first = study("overfit", blobs(), epochs=1)
    before = (first.run(2).path / "run.json").stat().st_mtime_ns
    again = study("overfit", blobs(), epochs=1, resume="1")
    assert (again.run(2).path / "run.json").stat().st_mtime_ns == before and again.points == first.points
    with pytest.raises(BadRun, match="fit 01 of 0001-given-overfit has other choices"):
        study("overfit", blobs(), epochs=2, resume="1")
    with pytest.raises(BadRun, match="no study 'none'"):
        study("overfit", blobs(), epochs=1, resume="none")


def test_a_validation_set_of_one_class_is_refused_before_there_is_a_folder(blobs, dataset, study, runs):
    ours = blobs()
    low = dataset(ours.train.inputs[::2] + 0.01, ours.train.targets[::2], ("low", "high")).train
    with pytest.raises(BadData, match="all 80 validation examples are of one class, 'low'"):
        study("overfit", replace(ours, val=low), epochs=1)
    assert not runs.exists()


def test_a_run_of_a_study_is_opened_and_the_study_itself_is_named(blobs, study, runs):
    study("overfit", blobs(), epochs=1)
    with pytest.raises(BadRun, match="is a study of several fits, not one run"):
        dl.open_run(1, runs)
    assert dl.open_run(runs / "0001-given-overfit/fits/01").manifest.status == "finished"
