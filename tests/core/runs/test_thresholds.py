"""Thresholds: cuts known by hand, answers that no example had a part in, and intervals that hold."""

import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import f1_score

import dl
from dl.errors import BadData, BadOption
from dl.groups import Groups
from dl.intervals import Interval
from dl.recipes.threshold import parse_threshold
from dl.runs.manifest import Decision, MetricInfo, TaskInfo
from dl.runs.thresholds import (
    FEWEST,
    as_logit,
    best_cut,
    choose_thresholds,
    decided_answers,
    need_both,
    score_thresholds,
    widen,
)

ROOT = Path(__file__).parents[3]
RANKS, ACCURACY = MetricInfo("average_precision", True, 1.0, "ranking"), MetricInfo("accuracy", True, 1.0, "proportion")


def binary(metric=RANKS, positive="yes"):
    return TaskInfo(
        "", "", 1, ("no", "yes"), (metric,), "", has_classes=True, probabilities="sigmoid", positive=positive
    )


def labels(count):
    return TaskInfo("", "", count, tuple("abcd"[:count]), (RANKS,), "", probabilities="sigmoid")


def drawn(rare, other, seed=0):
    rng = np.random.default_rng(seed)
    targets = np.arange(rare + other) < rare
    return (rng.standard_normal(rare + other) + 2 * targets)[:, None].astype(np.float32), targets.astype(np.int64)


@pytest.mark.parametrize(
    ("rule", "cut"),
    [
        ("f1", 1.5),  # 3 right of 4 answers, of 4 in all: 6 / 8, more than 4 / 6 and 8 / 11
        ("recall:1", -1.5),  # the fourth lies at -1
        ("recall:0.75", 1.5),
        ("precision:1", 1.5),  # of fewer answers than there are examples, precision is chance
        ("balanced-accuracy", 3.5),  # 2 / 4 - 0 / 4, and 3 / 4 - 1 / 4 is no more
    ],
)
def test_the_cut_is_the_one_known_by_hand(rule, cut):
    logits = np.array([5.0, 4.0, 3.0, 2.0, 1.0, 0.0, -1.0, -2.0])
    found = np.array([1, 1, 0, 1, 0, 0, 1, 0], bool)
    assert best_cut(logits, found, parse_threshold(rule)) == cut


def test_of_cuts_as_precise_the_one_that_finds_more_is_taken():
    found = np.array([1, 1, 1, 1, 0], bool)
    assert best_cut(np.arange(5.0, 0.0, -1.0), found, parse_threshold("recall:0.5")) == 1.5


def test_equal_logits_are_never_cut_apart():
    found = np.array([1, 0, 0, 1], bool)
    assert best_cut(np.array([2.0, 2.0, 2.0, 1.0]), found, parse_threshold("f1")) == 0.0


def test_the_tuned_threshold_is_near_the_best_f1_that_scikit_learn_sees():
    logits, targets = drawn(80, 720)
    threshold = choose_thresholds(binary(), "auto", logits, targets).thresholds[0]
    reached = f1_score(targets, logits[:, 0] > as_logit(threshold))
    best = max(f1_score(targets, logits[:, 0] > cut) for cut in logits[:, 0])
    assert best - 0.02 < reached <= best + 1e-9


def test_auto_tunes_where_rare_classes_are_ranked_and_there_are_rows_enough():
    logits, targets = drawn(FEWEST, 600)
    assert choose_thresholds(binary(), "auto", logits, targets).tuned == (True,)
    few = choose_thresholds(binary(), "auto", *drawn(FEWEST - 1, 600))
    assert (few.thresholds, few.tuned) == ((0.5,), (False,))
    assert few.reason == "49 independent validation rows of the rarer side, and tuning takes 50"
    balanced = choose_thresholds(binary(ACCURACY), "auto", logits, targets)
    assert balanced.is_usual and "the classes are balanced" in balanced.reason
    assert choose_thresholds(binary(ACCURACY), "f1", logits, targets).tuned == (True,)


def test_rows_of_one_group_count_once():
    logits, targets = drawn(100, 900)
    groups = Groups(np.arange(1000) // 4)
    assert choose_thresholds(binary(), "auto", logits, targets, groups).reason.startswith("25 independent")


def test_a_number_is_kept_as_it_is():
    assert choose_thresholds(binary(), "0.2", *drawn(60, 100)).thresholds == (0.2,)


def test_other_tasks_have_no_threshold():
    several = TaskInfo("", "", 3, ("a", "b", "c"), (ACCURACY,), "", has_classes=True, probabilities="softmax")
    assert choose_thresholds(several, "auto", np.zeros((3, 3)), np.arange(3)) is None


def test_the_first_class_is_found_by_the_same_threshold_as_the_second_would_be():
    logits, targets = drawn(60, 540)
    second = choose_thresholds(binary(), "f1", logits, targets)
    first = choose_thresholds(binary(positive="no"), "f1", -logits, 1 - targets)
    assert first.thresholds == second.thresholds
    offsets = [replace(binary(positive=name), decision=second).offsets[0] for name in ("no", "yes")]
    assert offsets[0] == -offsets[1] != 0
    answers = decided_answers(replace(binary(positive="no"), decision=first), -logits, 1 - targets)
    assert np.array_equal(1 - answers, decided_answers(replace(binary(), decision=second), logits, targets))


def test_each_label_has_a_threshold_of_its_own():
    (one, first), (other, second) = drawn(60, 540), drawn(20, 580)
    info, both = labels(2), (np.hstack([one - 3, other]), np.stack([first, second], axis=1))
    decision = choose_thresholds(info, "auto", *both)
    assert decision.tuned == (True, False) and decision.thresholds[0] < 0.5 == decision.thresholds[1]
    assert decision.reason == "tuned for f1 on validation of 1 of 2 labels, the others have too few rows"
    answers = decided_answers(replace(info, decision=decision), *both)
    assert np.array_equal(answers[:, 1], (other[:, 0] > 0).astype(int)) and answers[:, 0].sum() > 0


def test_no_example_has_a_part_in_the_threshold_that_decides_it():
    logits, targets = drawn(12, 60)
    asked = replace(binary(), decision=Decision("recall:1", (0.5,), (True,), ""))
    lowest = int(np.flatnonzero(targets)[logits[targets == 1, 0].argmin()])
    logits[lowest] = -9.0  # all of its class are found only by a threshold that knows it
    assert decided_answers(asked, logits, targets)[lowest] == 0
    grouped = Groups(np.where(targets == 1, 0, np.arange(72)))
    assert decided_answers(asked, logits, targets, grouped).shape == targets.shape, "one group holds the class"


def test_recall_and_precision_at_a_threshold_are_those_of_its_answers():
    logits, targets = np.array([[3.0], [1.0], [0.5], [-1.0]]), np.array([1, 0, 1, 1])
    info = replace(binary(), decision=Decision("0.7", (0.7,), (False,), ""))  # a logit of 0.85
    (found,) = score_thresholds(info, logits, targets)
    assert (found.recall.value, found.precision.value) == (pytest.approx(1 / 3), 0.5)
    assert found.as_dict()["recall"]["low"] == found.recall.low
    assert score_thresholds(binary(), logits, targets) == ()
    none = score_thresholds(info, logits - 9, targets)[0]
    assert none.as_dict()["precision"] == {"value": None, "low": 0.0, "high": 1.0}


def test_one_class_alone_cannot_be_tuned_on():
    with pytest.raises(BadData, match="threshold=f1: the validation set holds one class alone"):
        need_both(binary(), "f1", np.ones(5, np.int64))
    need_both(binary(), "auto", np.ones(5, np.int64))
    assert choose_thresholds(binary(), "auto", np.zeros((5, 1)), np.ones(5)).reason == "validation has one side alone"


def test_an_interval_is_widened_within_zero_and_one():
    low, high = widen(0.9, Interval(0.8, 0.99))
    assert (low, high) == (pytest.approx(0.79), pytest.approx(0.999))
    assert widen(1.0, Interval(0.7, 1.0)).high == 1.0


def test_intervals_hold_at_the_threshold_on_examples_that_it_was_not_tuned_on(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    covered = importlib.import_module("benchmarks.thresholds").covered("f1", 50, 450, 2.0, repeats=150)
    assert covered["recall"] > 0.9 and covered["precision"] > 0.9
    assert abs(covered["precision, bias"]) < 0.02


@pytest.fixture
def rare(dataset):
    """Three numbers a row, of which 80 in 500 are of the class to find."""
    rng = np.random.default_rng(2)
    targets = (np.arange(500) % 25 < 4).astype(np.int64)
    inputs = rng.standard_normal((500, 3)).astype(np.float32) + 1.2 * targets[:, None].astype(np.float32)
    return dataset(inputs, targets, ("no", "yes"))


def test_a_fit_keeps_its_threshold_and_decides_by_it(fit, rare, plugins_with):
    run = fit(rare, threshold="recall:0.9", val=0.5, epochs=4)
    found = run.manifest.task.decision
    threshold = found.thresholds[0]
    assert found.tuned == (True,) and 0 < threshold < 0.5
    loaded = dl.load(run, plugins=plugins_with(given=rare))
    assert loaded.thresholds == {"yes": threshold}
    inputs = rare.train.inputs
    yes = loaded(inputs).numpy() > threshold
    assert np.array_equal(loaded.answers(inputs).numpy(), yes)
    assert [one.answer for one in loaded.predict(inputs)] == ["yes" if one else "no" for one in yes]
    plugins = plugins_with(given=rare)
    tested = dl.evaluate(run, data=(inputs, np.array(["no", "yes"])[rare.train.targets]), plugins=plugins)
    assert tested.metrics["recall"] == pytest.approx(yes[rare.train.targets == 1].mean(), abs=1e-6)
    assert tested.decided[0].recall.value == pytest.approx(tested.metrics["recall"], abs=1e-6)
    best = run.best["val_recall"]  # of the history, from 0.5 on
    assert best < tested.metrics["recall"]
    again = fit(rare, recipe=str(run.path / "recipe.toml"), model="", epochs=4)
    assert again.manifest.task.decision == found


def test_a_task_without_a_threshold_refuses_one(fit, dataset):
    numbers = dataset(np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32), np.linspace(0, 9, 40))
    with pytest.raises(BadOption, match="threshold=f1 is for two classes, or labels; the task is regression"):
        fit(numbers, threshold="f1")
