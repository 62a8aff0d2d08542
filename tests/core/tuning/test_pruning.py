import numpy as np
import pytest

from dl.groups import Groups
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.runs.outcomes import Scored
from dl.tuning.pruning import Pruner, Reference, first_epoch, gains, paired_z

INFO = TaskInfo("binary", "", 1, ("no", "yes"), (MetricInfo("accuracy", True, 1.0, "proportion"),), "cross_entropy")


def history(*right):
    """Rows and outcomes of epochs in which so many of 100 examples are right."""
    rows = [{"val_accuracy": count / 100, "val_loss": 1 - count / 100} for count in right]
    none = np.zeros(100, np.float32)
    return rows, [Scored(none, (np.arange(100) < count).astype(np.float32), none, none) for count in right]


@pytest.fixture
def pruner():
    """A function that makes a judge against a trial with 80 of 100 right after each of nine epochs."""

    def make(groups=None, first=3, monitor="metric"):
        rows, epochs = history(*[80] * 9)
        best = Reference(4, tuple(rows), np.stack([epoch.score for epoch in epochs]))
        return Pruner(best, first, 9, monitor, groups)

    return make


def test_a_trial_is_pruned_where_it_is_certainly_worse_and_told_against_which(pruner):
    assert pruner().reason(INFO, *history(40, 40, 40)) == "certainly worse than trial 4 after epoch 3"
    assert pruner().reason(INFO, *history(40, 40, 78)) == ""


def test_nothing_is_pruned_before_a_third_of_the_epochs_or_after_the_last(pruner):
    assert pruner().reason(INFO, *history(40, 40)) == ""
    assert pruner().reason(INFO, *history(*[40] * 9)) == ""
    assert [first_epoch(epochs) for epochs in (1, 5, 6, 9, 100)] == [2, 2, 2, 3, 34]


def test_a_trial_that_was_good_early_is_not_pruned_for_overfitting_now(pruner):
    assert pruner().reason(INFO, *history(81, 60, 40, 20)) == ""


def test_by_the_loss_losses_are_compared():
    loss, score = np.array([[0.5, 2.0]]), np.array([[1.0, 0.0]])
    assert gains(INFO, loss, score, by_loss=True).tolist() == [[-0.5, -2.0]]
    assert gains(INFO, loss, score, by_loss=False).tolist() == [[1.0, 0.0]]
    error = TaskInfo("regression", "", 1, ("y",), (MetricInfo("mae", False, 0.0, "mean"),), "squared_error")
    assert gains(error, loss, score, by_loss=False).tolist() == [[-1.0, 0.0]]
    ranked = TaskInfo("binary", "", 1, ("n", "y"), (MetricInfo("ap", True, 1.0, "ranking"),), "cross_entropy")
    assert gains(ranked, loss, score, by_loss=False).tolist() == [[-0.5, -2.0]]


def test_the_z_is_the_mean_difference_over_its_error():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0, 1, 400), rng.normal(0.1, 1, 400)
    each = ours - theirs
    assert paired_z(ours, theirs, None) == pytest.approx(each.mean() / (each.std(ddof=1) / 20))


def test_groups_of_equal_examples_count_once():
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(0, 1, 30), rng.normal(0, 1, 30)
    numbers = np.repeat(np.arange(30), 10)
    many = paired_z(ours[numbers], theirs[numbers], Groups.of(numbers))
    assert many == pytest.approx(paired_z(ours, theirs, None), rel=0.05)


@pytest.mark.parametrize(("n", "groups"), [(19, None), (100, Groups.of(np.arange(100) // 20))])
def test_too_few_examples_or_groups_tell_nothing(n, groups):
    assert paired_z(np.zeros(n), np.arange(n), groups) == 0


def test_equal_outcomes_and_values_that_are_not_finite_tell_nothing():
    assert paired_z(np.ones(50), np.ones(50), None) == 0
    assert paired_z(np.full(50, np.nan), np.ones(50), None) == 0
