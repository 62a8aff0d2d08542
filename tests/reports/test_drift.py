"""Whether new data has drifted: data drawn alike is called so at most once in twenty times, and what moved is named."""

from dataclasses import replace

import numpy as np
import pytest

from dl.data.projection import project_inputs
from dl.data.summary import summarize_inputs
from dl.groups import Groups
from dl.intervals import Estimate, wilson
from dl.plugins.loading import load_plugins
from dl.runs import ledger
from dl.runs.drift import InputSample, NewData
from dl_reports.drift import find_drift
from dl_reports.simulate import SimulatedFit, simulate


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("drift") / "0001-simulated", SimulatedFit())


def sample(inputs, groups=None):
    rows = np.arange(len(inputs))
    return InputSample(project_inputs(inputs, rows), summarize_inputs(inputs, rows), groups)


def scored(run, right, n):
    share = right / n
    info = run.manifest.task.headline
    return ledger.TestEvaluation("r", "new", n, info, Estimate(share, *wilson(right, n)), {}, 0.0, 1, "", 0, "")


def test_random_halves_of_a_shipped_set_are_called_drifted_at_most_once_in_twenty_times(plugins, run):
    examples = plugins.dataset("tabular", "wine").load({}).train
    truth, states = float(run.best["val_accuracy"]), []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        order = rng.permutation(len(examples))
        first, second = (sample(examples.inputs[half]) for half in np.array_split(order, 2))
        score = scored(run, rng.binomial(300, truth), 300)
        states.append(find_drift(NewData(run, "half", (), 72, first, second, score=score), plugins).state)
    assert states.count("none") >= 56  # 57 expected at the level, and the tests are careful


def test_a_column_that_moved_is_named_with_how_far_and_new_categories_with_their_share(plugins, run):
    rng = np.random.default_rng(0)
    kinds = [("x", "f8"), ("c", "U5"), ("gap", "f8")]
    seen, here = (np.zeros(400, kinds) for _ in range(2))
    for table in (seen, here):
        table["x"], table["gap"] = rng.normal(size=(2, 400))
        table["c"] = rng.choice(["red", "blue"], 400)
    here["x"] += 1
    here["c"][:100] = "green"
    here["gap"][:80] = np.nan
    found = find_drift(NewData(run, "new", ("tabular", "new.csv"), 400, sample(seen), sample(here)), plugins)
    part = {one.name: one for one in found.parts}["columns"]
    assert found.state == "inputs" and set(part.evidence["columns"]) == {"x", "c", "gap"}
    assert "'c' 'green' 0.00 % -> 25.0 %, unseen 25.0 %" in part.message and "'x' median" in part.message
    assert "'gap' missing 0.00 % -> 20.0 %" in part.message and found.next == ""  # without targets nothing goes on


def test_a_score_below_that_of_validation_is_certain_only_beyond_the_choice_of_the_epoch(plugins, run):
    same = sample(np.random.default_rng(0).normal(size=(100, 4)))
    truth = float(run.best["val_accuracy"])
    new = NewData(run, "new", ("vision", "new"), 400, same, same, np.zeros(100, np.int64))
    worse = find_drift(replace(new, score=scored(run, round(400 * (truth - 0.3)), 400)), plugins)
    part = worse.parts[-1]
    assert worse.state in ("scores", "both") and "certainly worse by 30" in part.message and part.change.high < 0
    assert worse.next == f"dl fit vision new --from {run.path}"
    near = find_drift(replace(new, targets=None, score=scored(run, round(400 * (truth - 0.02)), 400)), plugins)
    assert near.state == "none" and near.parts[-1].change.low < 0 < near.parts[-1].change.high
    assert "which is not certain" in near.parts[-1].message


def test_few_examples_tell_nothing_and_groups_count_as_such(plugins, run):
    few = sample(np.zeros((8, 3)))
    assert find_drift(NewData(run, "few", (), 8, few, few), plugins).state == "unknown"
    rng = np.random.default_rng(1)
    seen, patients = rng.normal(size=(400, 3)), np.repeat(np.arange(20), 20)
    here = rng.normal(size=(20, 3))[patients] + 0.05 * rng.normal(size=(400, 3))  # 20 draws, each twenty times
    grouped = sample(here, Groups.of(patients))
    alone = find_drift(NewData(run, "new", (), 400, sample(seen), sample(here)), plugins)
    assert alone.state == "inputs"
    assert find_drift(NewData(run, "new", (), 400, sample(seen), grouped), plugins).state == "none"


def test_more_unknown_words_are_a_drift(plugins, run):
    rng = np.random.default_rng(0)
    same = sample(rng.normal(size=(100, 4)))
    known, strange = rng.uniform(0, 0.1, 100), rng.uniform(0.05, 0.2, 100)
    new = NewData(run, "new", (), 100, same, same, unknown=(known, strange))
    found = find_drift(new, plugins)
    assert found.state == "inputs" and "unknown words 5." in found.parts[2].message
    assert find_drift(replace(new, unknown=(known, known)), plugins).state == "none"
