import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, f1_score

from dl.groups import Groups
from dl.intervals import OPEN, Estimate, Interval, difference_interval, interval_of_mean, newcombe, wilson
from dl.runs.estimates import estimate, estimate_scores, gain_in_pairs, macro_f1, possible
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.runs.outcomes import Scored


@pytest.fixture
def task():
    """A function that makes a task of one metric: task(kind, higher=True)."""

    def make(kind, higher=True):
        metric = MetricInfo("m", higher, 1.0, kind)
        return TaskInfo("t", "", 3, (), (metric,), "loss")

    return make


def scored(score, logits=None):
    score = np.asarray(score, np.float32)
    logits = np.zeros((len(score), 1), np.float32) if logits is None else np.asarray(logits, np.float32)
    return Scored(np.zeros(len(score), np.float32), score, np.zeros(len(score), np.float32), logits)


COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, COUNTS)
def test_the_difference_of_two_proportions_is_newcombes(first, second):
    def one(right, n):
        return Estimate(right / n, *wilson(right, n))

    assert difference_interval(one(*first), one(*second)) == pytest.approx(newcombe(*first, *second), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60))
def test_macro_f1_is_scikit_learns(pairs):
    said, targets = (np.array(column) for column in zip(*pairs, strict=True))
    ours = macro_f1(said, targets)(np.ones((len(pairs), 1), np.float32))
    assert ours[0] == pytest.approx(f1_score(targets, said, average="macro", zero_division=0))


def test_weights_of_macro_f1_count_an_example_so_often():
    said, targets = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    weights = np.array([[1], [2], [0], [3]], np.float32)
    repeated = np.repeat(np.arange(4), [1, 2, 0, 3])
    expected = f1_score(targets[repeated], said[repeated], average="macro")
    assert macro_f1(said, targets)(weights)[0] == pytest.approx(expected)


def test_a_proportion_has_wilsons_interval(task):
    found = estimate(task("proportion"), scored([1, 1, 1, 0]), np.zeros(4))
    assert found == pytest.approx((0.75, *wilson(3, 4)))


def test_a_mean_has_the_interval_of_a_mean(task):
    errors = np.array([1.0, 2.0, 4.0])
    found = estimate(task("mean", higher=False), scored(errors), np.zeros(3))
    assert found == pytest.approx((errors.mean(), *interval_of_mean(errors)))


@pytest.mark.parametrize("kind", ["proportion", "mean", "confusion", "ranking"])
def test_examples_of_one_group_count_once_whatever_the_metric(task, kind):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(0, 1, (30, 2 if kind == "confusion" else 1)), rng.integers(0, 2, 30)
    score = rng.random(30) if kind == "mean" else rng.integers(0, 2, 30)
    once = estimate(task(kind), scored(score, logits), targets)
    many = [np.repeat(values, 20, axis=0) for values in (score, logits, targets)]
    groups = Groups(np.repeat(np.arange(30), 20))
    by_group = estimate(task(kind), scored(many[0], many[1]), many[2], groups)
    assert by_group == pytest.approx(once, rel=0.1, abs=0.02)
    single = estimate(task(kind), scored(many[0], many[1]), many[2])
    assert single.high - single.low < 0.5 * (by_group.high - by_group.low)


def test_too_few_groups_leave_the_score_without_an_interval_and_the_gap_too(task):
    score, groups = scored(np.arange(100) % 3 > 0), Groups(np.arange(100) // 20)
    found = estimate_scores(
        task("proportion"), score, score, np.zeros(100), np.zeros(100), {"val": groups, "probe": None}
    )
    assert found.val == Estimate(pytest.approx(0.66), *OPEN)
    assert found.gap == Estimate(0.0, *OPEN) and math.isfinite(found.probe.low)


def test_a_confusion_metric_is_macro_f1_within_its_interval(task):
    rng = np.random.default_rng(0)
    logits, targets = rng.normal(0, 1, (200, 3)), rng.integers(0, 3, 200)
    found = estimate(task("confusion"), scored(np.zeros(200), logits), targets)
    assert found.value == pytest.approx(f1_score(targets, logits.argmax(axis=1), average="macro"))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("shape", [(200,), (200, 1), (200, 4)])
def test_a_ranking_metric_is_average_precision_within_its_interval(task, shape):
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 2, shape)
    logits = rng.normal(0, 1, (200, 4 if shape == (200, 4) else 1)).astype(np.float32)
    found = estimate(task("ranking"), scored(np.zeros(200), logits), targets)
    reference = average_precision_score(targets, logits if shape == (200, 4) else logits[:, 0])
    assert found.value == pytest.approx(reference, abs=1e-6)
    assert found.low < found.value < found.high


def test_one_example_of_several_labels_is_one_example(task):
    found = estimate(task("ranking"), scored([1.0], [[2.0, -1.0, 3.0]]), np.array([[1, 0, 1]]))
    assert found.value == 1.0 and (found.low, found.high) == (-math.inf, math.inf)


@pytest.mark.parametrize("higher", [True, False])
def test_the_gap_is_above_zero_where_the_network_knows_the_training_part_better(task, higher):
    kind = "proportion" if higher else "mean"
    good, bad = ([1, 1, 1, 1], [1, 0, 0, 1]) if higher else ([0.1, 0.2, 0.1, 0.2], [1.0, 2.0, 1.5, 1.5])
    found = estimate_scores(task(kind, higher), scored(good), scored(bad), np.zeros(4), np.zeros(4))
    assert found.gap.value == pytest.approx(0.5 if higher else 1.35) and found.gap.low <= found.gap.value
    turned = estimate_scores(task(kind, higher), scored(bad), scored(good), np.zeros(4), np.zeros(4))
    assert turned.gap.value == pytest.approx(-found.gap.value)


def test_the_interval_of_the_gap_is_newcombes_or_that_of_two_means(task):
    probe, val = [1, 1, 1, 0, 1], [1, 0, 0, 1]
    found = estimate_scores(task("proportion"), scored(probe), scored(val), np.zeros(5), np.zeros(4))
    assert found.gap[1:] == pytest.approx(newcombe(4, 5, 2, 4))
    low, high = np.array([1.0, 2.0, 3.0]), np.array([2.0, 4.0, 9.0])
    found = estimate_scores(task("mean", higher=False), scored(low), scored(high), np.zeros(3), np.zeros(3))
    expected = difference_interval(*(Estimate(side.mean(), *interval_of_mean(side)) for side in (high, low)))
    assert found.gap[1:] == pytest.approx(expected, rel=1e-5)


def test_average_precision_is_that_of_the_class_to_find(task):
    rng = np.random.default_rng(1)
    flags = (rng.random(300) < 0.1).astype(np.int64)
    logits = rng.normal(0, 1, (300, 1)) + flags[:, None]
    two = replace(task("ranking"), names=("rare", "usual"), positive="rare")
    found = estimate(two, scored(flags, -logits), 1 - flags)
    assert found.value == pytest.approx(average_precision_score(flags, logits[:, 0]), abs=1e-6)
    assert found == pytest.approx(estimate(task("ranking"), scored(flags, logits), flags))


def test_the_gap_of_labels_is_of_those_that_both_sides_have(task):
    rng = np.random.default_rng(2)
    probe_targets, val_targets = (rng.integers(0, 2, (100, 3)) for _ in range(2))
    val_targets[:, 2] = 0
    logits = [targets + rng.normal(0, 1, (100, 3)) for targets in (probe_targets, val_targets)]
    logits[0][:, 2] = rng.normal(0, 1, 100)  # the label that validation lacks is not learnt at all
    parts = [scored(np.zeros(100), one) for one in logits]
    found = estimate_scores(task("ranking"), *parts, probe_targets, val_targets)
    two = [average_precision_score(probe_targets[:, :2], logits[0][:, :2])]
    two.append(average_precision_score(val_targets[:, :2], logits[1][:, :2]))
    assert found.gap.value == pytest.approx(two[0] - two[1], abs=1e-6)
    assert found.probe.value == pytest.approx(average_precision_score(probe_targets, logits[0]), abs=1e-6)


def test_labels_that_no_side_shares_leave_no_gap(task):
    targets = np.array([[1, 0], [1, 0]]), np.array([[0, 1], [0, 1]])
    found = estimate_scores(task("ranking"), *(scored([0, 0], np.zeros((2, 2))) for _ in range(2)), *targets)
    assert math.isnan(found.gap.value)


def test_the_gap_of_macro_f1_is_of_the_classes_that_both_sides_have(task):
    probe_targets, val_targets = np.array([0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1, 1, 1])
    answers = np.array([0, 0, 1, 1, 0, 1]), np.array([0, 0, 1, 1, 1, 1])
    found = estimate_scores(
        task("confusion"), *(scored(np.zeros(6), np.eye(3)[one]) for one in answers), probe_targets, val_targets
    )
    shared = [
        f1_score(targets, one, labels=[0, 1], average="macro")
        for targets, one in zip((probe_targets, val_targets), answers, strict=True)
    ]
    assert found.gap.value == pytest.approx(shared[0] - shared[1])
    assert found.probe.value == pytest.approx(f1_score(probe_targets, answers[0], average="macro"))


def test_of_ten_rare_examples_that_all_rank_first_the_interval_reaches_as_far_down_as_ten_tell(task):
    targets = np.repeat([1, 0], [10, 90])
    found = estimate(task("ranking"), scored(targets == 1, targets[:, None]), targets)
    assert found.value == found.high == 1 and found.low == wilson(20, 20).low


def test_of_a_perfect_macro_f1_the_rare_class_decides_how_far_down_the_interval_reaches(task):
    logits = np.repeat(np.eye(2), [90, 10], axis=0)
    found = estimate(task("confusion"), scored(np.ones(100), logits), np.repeat([0, 1], [90, 10]))
    assert found.value == 1 and found.low == pytest.approx(wilson(72, 72).low), "4 / (1 / 90 + 1 / 10) = 36 examples"


def test_the_interval_of_a_nearly_perfect_ranking_of_few_holds(task):
    rng, found = np.random.default_rng(0), []
    for _ in range(100):
        targets = (rng.random(165) < 15 / 165).astype(int)
        logits = rng.standard_normal((165, 1)) + 3 * targets[:, None]
        found.append(estimate(task("ranking"), scored(targets == 1, logits), targets))
    held = np.mean([one.low <= 0.90 <= one.high for one in found])  # 0.90: of very many examples drawn alike
    assert held >= 0.93, "the plain percentile interval: 0.88"


@pytest.mark.parametrize(
    ("kind", "higher", "perfect", "limits", "left"),
    [
        ("ranking", True, 1.0, (0.986, 1.008), (0.986, 1.0)),
        ("proportion", True, 1.0, (-0.1, 0.4), (0.0, 0.4)),
        ("mean", False, 0.0, (-0.23, 5.6), (0.0, 5.6)),
        ("mean", False, 1.0, (0.7, 9.0), (1.0, 9.0)),
        ("mean", True, 1.0, (-2.0, 1.3), (-2.0, 1.0)),
    ],
    ids=["average-precision", "accuracy", "absolute-error", "perplexity", "explained-variance"],
)
def test_no_interval_holds_values_that_the_metric_cannot_have(kind, higher, perfect, limits, left):
    assert possible(MetricInfo("m", higher, perfect, kind), Interval(*limits)) == left


def test_a_gain_in_average_precision_is_that_of_scikit_learn_and_shorter_in_pairs_than_apart(task):
    rng = np.random.default_rng(0)
    rare = (np.arange(400) % 10 == 0).astype(int)
    shared = rng.normal(0, 1, 400) + 1.5 * rare
    first, second = (shared[:, None] + noise * rng.normal(0, 1, (400, 1)) for noise in (0.1, 0.4))
    info = replace(task("ranking"), outputs=1)
    found = gain_in_pairs(info, first, second, rare)
    scores = [average_precision_score(rare, one[:, 0]) for one in (first, second)]
    assert (found.first, found.second) == (pytest.approx(scores[0], abs=1e-6), pytest.approx(scores[1], abs=1e-6))
    assert found.better == pytest.approx(scores[0] - scores[1], abs=1e-6)
    apart = difference_interval(*(estimate(info, scored(rare, one), rare) for one in (first, second)))
    assert found.interval.high - found.interval.low < 0.7 * (apart.high - apart.low)
    alone = gain_in_pairs(info, first, first, rare)
    assert (alone.better, alone.se, alone.interval) == (0.0, 0.0, Interval(0.0, 0.0))


def test_a_gain_that_rests_on_one_example_or_few_groups_is_open(task):
    info, one = replace(task("ranking"), outputs=1), (np.arange(40) == 0).astype(int)
    logits = np.random.default_rng(0).normal(0, 1, (2, 40, 1))
    assert gain_in_pairs(info, *logits, one).interval == OPEN
    assert gain_in_pairs(info, *logits, np.arange(40) % 2, Groups.of(np.arange(40) // 20)).interval == OPEN
