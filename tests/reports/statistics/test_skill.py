import numpy as np
import pytest

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.skill import accuracy_skill, loss_skill


def test_half_way_from_the_baseline_to_perfection_is_a_skill_of_one_half():
    found = accuracy_skill(np.arange(100) < 75, np.arange(100) < 50)
    assert found.skill == pytest.approx(0.5)
    assert found.better


def test_half_the_loss_of_the_baseline_is_a_skill_of_one_half(rng):
    baseline = rng.exponential(size=400)
    found = loss_skill(baseline / 2, baseline)
    assert found.skill == pytest.approx(0.5)
    assert found.interval.high - found.interval.low < 1e-9  # the ratio is the same on every example


def test_a_network_no_better_than_the_baseline_is_called_better_at_most_at_the_level(rng, holds_level):
    right = rng.random((2000, 2, 300)) < 0.6
    assert holds_level(sum(accuracy_skill(a, b).better for a, b in right), 2000, 0.025)
    losses = rng.exponential(size=(2000, 2, 300))
    assert holds_level(sum(loss_skill(a, b).better for a, b in losses), 2000, 0.025)


def test_the_interval_of_the_skill_covers_the_truth(rng, holds_level):
    missed = 0
    for _ in range(2000):
        hard = rng.exponential(size=300)
        found = loss_skill(hard * rng.uniform(0, 1.2, 300), hard * rng.uniform(0.5, 1.5, 300))
        missed += not found.interval.holds(0.4)
    assert holds_level(missed, 2000, 0.05)


def test_worse_than_the_baseline_is_negative():
    found = accuracy_skill(np.arange(100) < 20, np.arange(100) < 60)
    assert found.skill == pytest.approx(-1.0)
    assert not found.better


def test_a_perfect_baseline_leaves_no_room():
    assert accuracy_skill(np.ones(50, bool), np.ones(50, bool)).reason == "the baseline is already perfect"


def test_what_cannot_be_compared_is_said():
    assert isinstance(accuracy_skill(np.ones(5, bool), np.zeros(5, bool)), NotComputable)
    assert isinstance(loss_skill(np.full(50, np.nan), np.ones(50)), NotComputable)


@pytest.mark.parametrize("kind", ["accuracy", "loss"])
def test_by_group_no_network_that_is_no_better_is_called_better(rng, holds_level, kind):
    numbers, alarms = np.repeat(np.arange(12), 20), 0
    for _ in range(500):
        ours, theirs = (rng.random((2, 12)) < 0.5)[:, numbers]
        skill = accuracy_skill if kind == "accuracy" else loss_skill
        noise = 0 if kind == "accuracy" else 0.1 * rng.random(240)
        found = (
            skill(ours, theirs, Groups(numbers))
            if kind == "accuracy"
            else skill(ours + noise, theirs + noise, Groups(numbers))
        )
        alarms += not isinstance(found, NotComputable) and found.better
    assert holds_level(alarms, 500, 0.025)
