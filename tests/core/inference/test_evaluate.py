import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score

import dl
from dl.data.examples import Dataset
from dl.errors import BadData, BadRun
from dl.groups import Groups
from dl.intervals import OPEN, proportion_interval, wilson
from dl.runs.commit import replace_file
from dl.runs.ledger import LEDGER, read_ledger


@pytest.fixture
def opened():
    """How often the test set was opened."""
    return []


@pytest.fixture
def given(blobs, examples, opened):
    """Two classes with a test set, three of whose examples stand in the training set too."""
    known, unseen = blobs(2, n=60), blobs(2, n=30, seed=1)
    inputs = unseen.train.inputs.copy()
    inputs[:3] = known.train.inputs[:3]
    targets = unseen.train.targets.copy()
    targets[4] = 1 - targets[4]  # one that no network can get right

    def open_test():
        opened.append(1)
        return examples(inputs, targets, known.train.names, first=1000)

    return Dataset("given", known.train, open_test=open_test)


def test_the_test_part_is_opened_by_the_test_alone_and_scored(fit, given, plugins_with, runs, opened):
    run = fit(given)
    assert opened == []
    look = dl.evaluate(run, plugins=plugins_with(given=given))
    assert opened == [1]
    assert (look.run, look.data, look.examples, look.metric) == (run.name, "given", 30, "accuracy")
    assert look.score == pytest.approx((29 / 30, *wilson(29, 30)))
    assert look.metrics["accuracy"] == pytest.approx(accuracy_score([1] * 30, [1] * 29 + [0]))
    assert look.in_training == 3 and look.loss > 0 and look.groups == 0


def test_the_interval_of_a_test_score_goes_by_the_groups_of_the_test_part(fit, given, plugins_with):
    groups = np.arange(30) // 3
    grouped = replace(given, open_test=lambda: replace(given.open_test(), groups=groups))
    look = dl.evaluate(fit(given), plugins=plugins_with(given=grouped))
    right = np.arange(30) != 4
    assert look.groups == 10 and look.score == pytest.approx((29 / 30, *proportion_interval(right, Groups.of(groups))))
    few = replace(given, open_test=lambda: replace(given.open_test(), groups=np.arange(30) // 6))
    look = dl.evaluate(fit(given), plugins=plugins_with(given=few))
    assert look.groups == 5 and look.score == pytest.approx((29 / 30, *OPEN))


def test_the_ledger_counts_the_looks_of_all_runs_at_one_test_part(fit, given, blobs, examples, plugins_with, runs):
    first, second = fit(given), fit(given, seed=1)
    plugins = plugins_with(given=given)
    assert [dl.evaluate(run, plugins=plugins).look for run in (first, first, second)] == [1, 2, 3]
    unseen = blobs(2, n=20, seed=2).train
    other = Dataset("given", given.train, open_test=lambda: examples(unseen.inputs, unseen.targets, first=5000))
    assert dl.evaluate("last", runs=runs, plugins=plugins_with(given=other)).look == 1
    ledger = read_ledger(runs / LEDGER)
    assert [entry["look"] for entry in ledger] == [1, 2, 3, 1]
    assert [entry["run"] for entry in ledger] == [first.name, first.name, second.name, second.name]


def test_a_run_that_kept_a_0_where_nothing_was_said_of_the_split_is_tested(fit, given, plugins_with):
    run = fit(given, epochs=1)
    recipe = run.path / "recipe.toml"
    replace_file(recipe, recipe.read_text().replace('val = "auto"', "val = 0.0").encode())
    assert "val = 0.0" in recipe.read_text()
    assert dl.evaluate(run, plugins=plugins_with(given=given)).examples == 30


def test_a_look_is_one_line_of_json(fit, given, plugins_with, runs):
    look = dl.evaluate(fit(given, epochs=1), plugins=plugins_with(given=given))
    (line,) = map(json.loads, (runs / LEDGER).read_text().splitlines())
    assert len(line.pop("sum")) == 8
    assert line == json.loads(look.to_json()) and line["score"]["value"] == look.score.value


def test_without_a_test_part_there_is_no_test(fit, blobs, plugins_with, runs):
    given = blobs(2)
    run = fit(given, epochs=1)
    message = "given has no test set; its plugin has none; the validation score is in: dl report 0001-given-linear"
    with pytest.raises(BadData, match=message):
        dl.evaluate(run, plugins=plugins_with(given=given))
    assert not (runs / LEDGER).exists()


def test_data_that_has_changed_since_the_run_is_refused_before_the_test_part_is_opened(
    fit, given, examples, plugins_with, opened
):
    run = fit(given, epochs=1)
    train = given.train
    changed = Dataset("given", examples(train.inputs[1:], train.targets[1:], train.names), open_test=given.open_test)
    with pytest.raises(BadRun, match="given has changed since 0001-given-linear"):
        dl.evaluate(run, plugins=plugins_with(given=changed))
    assert opened == []


def test_a_loss_that_was_chosen_is_the_loss_of_the_test(fit, dataset, examples, plugins_with):
    inputs = np.random.default_rng(0).uniform(0, 1, (60, 2)).astype(np.float32)
    shares = inputs.mean(axis=1)
    given = dataset(inputs, shares, open_test=lambda: examples(inputs, shares, first=500))
    run = fit(given, loss="squared-error", epochs=20)
    look = dl.evaluate(run, plugins=plugins_with(given=given))
    assert look.loss == pytest.approx(look.metrics["rmse"] ** 2, rel=1e-3)
