"""Rows ranked within queries: scores and losses by hand, by all orders of tied rows, and against scikit-learn."""

from itertools import permutations

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score, ndcg_score

from dl.data.examples import Examples, Subset
from dl.data.queries import QueryNames
from dl.groups import Groups
from dl.tasks import ranking
from dl.tasks.table import decide

NAMES = QueryNames(("relevance",))
LOSSES = (ranking.listwise, ranking.pairwise, ranking.pointwise)


def drawn(sizes, seed=0, grades=5):
    """Scores (N, 1) and targets (N, 2) of queries of these sizes, in mixed order; each has a row of grade 0."""
    rng = np.random.default_rng(seed)
    parts = []
    for number, size in enumerate(sizes):
        relevance = rng.integers(0, grades, size)
        relevance[:2] = (0, grades - 1)
        parts.append(np.stack([relevance, np.full(size, number)], axis=1))
    target = torch.from_numpy(rng.permutation(np.concatenate(parts)))
    return torch.from_numpy(rng.normal(size=(len(target), 1))), target


def by_query(scores, target):
    for number in target[:, 1].unique():
        own = target[:, 1] == number
        yield scores[own, 0].numpy(), target[own, 0].numpy()


def test_average_precision_is_that_of_scikit_learn_averaged_over_queries():
    scores, target = drawn([3, 7, 12, 40])
    expected = np.mean([average_precision_score(grades > 0, own) for own, grades in by_query(scores, target)])
    assert float(ranking.mean_average_precision(scores, target)) == pytest.approx(expected)


def test_discounted_gain_is_that_of_scikit_learn_with_tied_rows_on_average():
    scores, target = drawn([3, 7, 12, 40])
    tied = scores.round()
    for given in (scores, tied):
        each = [ndcg_score([2.0**grades - 1], [own], k=10) for own, grades in by_query(given, target)]
        assert float(ranking.ndcg(given, target)) == pytest.approx(np.mean(each))


def test_rows_of_equal_score_count_as_all_of_their_orders_on_average():
    scores, grades = np.array([2.0, 1.0, 1.0, 1.0, 0.0]), np.array([0, 1, 0, 1, 1])
    orders = []
    for tied in permutations([0.3, 0.2, 0.1]):
        apart = scores + np.array([0, *tied, 0])
        orders.append([average_precision_score(grades, apart), grades[np.argsort(-apart)[:2]].mean()])
    target = torch.from_numpy(np.stack([grades, np.zeros(5, np.int64)], axis=1))
    ranked = ranking.Ranked.of(torch.from_numpy(scores), target)
    found = [float(ranked.average_precision(target)[0]), float(ranked.precision(target, 2)[0])]
    assert found == pytest.approx(np.mean(orders, axis=0))


def test_a_constant_answer_scores_as_a_random_order():
    target = torch.tensor([[1, 0], [0, 0], [0, 0], [0, 0]])  # the only relevant row of four is at each rank alike
    expected = np.mean([1, 1 / 2, 1 / 3, 1 / 4])
    assert float(ranking.mean_average_precision(torch.zeros(4, 1), target)) == pytest.approx(expected)


def test_scores_of_rows_average_to_the_metric_and_their_groups_have_the_error_of_a_mean_over_queries():
    scores, target = drawn([3, 5, 9, 30, 4, 8, 2])
    rows = ranking.example_scores(scores, target).numpy()
    assert rows.mean() == pytest.approx(float(ranking.mean_average_precision(scores, target)))
    groups = Groups.of(target[:, 1].numpy())
    each = np.array([average_precision_score(grades > 0, own) for own, grades in by_query(scores, target)])
    sums = groups.sums(rows) - groups.sizes * rows.mean()
    assert np.allclose(sums * len(each) / len(rows), each - each.mean())


def test_losses_of_zeros_are_those_of_a_blind_choice():
    target = torch.tensor([[1, 0], [0, 0], [0, 0], [0, 0], [0, 1], [1, 1]])
    listwise, pairwise, pointwise = (float(loss(torch.zeros(6, 1), target)) for loss in LOSSES)
    assert listwise == pytest.approx((np.log(4) + np.log(2)) / 2)
    assert pairwise == pytest.approx(np.log(2)) and pointwise == pytest.approx(np.log(2))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_the_mean_loss_is_the_mean_of_the_rows_and_no_order_of_the_file_matters(loss):
    scores, target = drawn([3, 5, 9, 30])
    each, whole = loss(scores, target, "none"), float(loss(scores, target))
    shuffled = torch.randperm(len(target), generator=torch.Generator().manual_seed(1))
    assert float(each.mean()) == pytest.approx(whole) == pytest.approx(float(loss(scores[shuffled], target[shuffled])))
    assert torch.allclose(loss(scores[shuffled], target[shuffled], "none"), each[shuffled])


def test_queries_within_a_listwise_loss_are_compared_with_themselves_alone():
    scores, target = drawn([4, 6])
    moved = scores + 50 * target[:, 1:]
    assert float(ranking.listwise(moved, target)) == pytest.approx(float(ranking.listwise(scores, target)))


def test_the_rungs_are_a_random_order_and_the_best_column():
    rows = np.array(
        [(1.0, "a"), (3.0, "a"), (2.0, "b"), (5.0, "a"), (9.0, "b"), (7.0, "b")], [("n", "f4"), ("c", "U1")]
    )
    targets = np.array([[0, 0], [1, 0], [0, 0], [0, 1], [1, 1], [0, 1]])
    subset = Subset(Examples(rows, targets, np.arange(6), NAMES), np.arange(6))
    task = decide(targets, NAMES, "ranking")
    random, best = task.row.rungs(task, None, subset, subset, None)
    assert (random.baseline.name, random.baseline.score) == ("random order", pytest.approx(11 / 18))
    assert (best.baseline.answer, best.baseline.score) == ("column 'n' alone, the largest first", 1.0)
    assert task.info.reason == "6 rows in 2 queries, each ranked by relevance"
