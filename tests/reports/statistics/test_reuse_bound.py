import math

import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.reuse_bound import reuse_bound, reuse_budget


def test_ten_evaluations_of_ten_thousand_examples_worked_by_hand():
    assert reuse_bound(10, 10_000).bound == pytest.approx(math.sqrt(math.log(400) / 20_000))


def test_twenty_scores_stay_within_the_bound(rng, holds_level):
    bound = reuse_bound(20, 500).bound
    worst = np.abs(rng.binomial(500, 0.5, (2000, 20)) / 500 - 0.5).max(axis=1)
    assert holds_level(int((worst > bound).sum()), 2000, 0.05)


def test_without_evaluations_or_examples_there_is_no_bound():
    assert isinstance(reuse_bound(0, 100), NotComputable)
    assert isinstance(reuse_bound(3, 0), NotComputable)


def test_the_budget_is_spent_where_the_bound_is_half_as_large_again_as_that_of_one_score_whatever_the_size():
    assert reuse_budget() == 100
    for n in (50, 5_000):
        one, last, beyond = (reuse_bound(k, n).bound for k in (1, 100, 101))
        assert last <= 1.5 * one < beyond
