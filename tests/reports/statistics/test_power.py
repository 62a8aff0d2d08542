import math

import numpy as np
import pytest
from scipy import stats

from dl_reports.statistics import NotComputable
from dl_reports.statistics.power import (
    smallest_paired,
    smallest_paired_accuracy,
    smallest_unpaired,
    smallest_unpaired_accuracy,
)


def test_a_thousand_examples_at_ninety_percent_resolve_under_four_points():
    found = smallest_unpaired_accuracy(0.9, 1000, 1000)
    assert found.difference == pytest.approx(2.8016 * math.sqrt(2 * 0.09 / 1000), rel=0.01)
    assert found.form == "unpaired"


def test_pairing_resolves_more():
    assert smallest_paired_accuracy(50, 1000).difference < smallest_unpaired_accuracy(0.9, 1000, 1000).difference


def test_a_difference_of_this_size_is_found_in_four_of_five_tries(rng):
    resolution = smallest_unpaired(1, 200, 2, 300)
    a, b = rng.normal(0, 1, (2000, 200)), rng.normal(resolution.difference, 2, (2000, 300))
    found = stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.027)  # three binomial errors
    paired = smallest_paired(1, 200)
    found = stats.ttest_1samp(a + paired.difference, 0, axis=1).pvalue < 0.05
    assert found.mean() == pytest.approx(0.8, abs=0.027)


def test_a_perfect_score_does_not_promise_a_resolution_of_zero():
    assert smallest_unpaired_accuracy(1.0, 5, 5).difference > 0.5
    assert smallest_paired_accuracy(0, 100).difference > 0


@pytest.mark.parametrize(
    "found",
    [
        smallest_unpaired(1, 1, 1, 100),
        smallest_unpaired(np.nan, 100, 1, 100),
        smallest_paired(np.inf, 100),
        smallest_paired(1, 0),
        smallest_unpaired_accuracy(89, 100, 100),
        smallest_unpaired_accuracy(0.9, 0, 100),
        smallest_paired_accuracy(101, 100),
        smallest_paired_accuracy(0, 0),
    ],
)
def test_what_resolves_nothing_is_said(found):
    assert isinstance(found, NotComputable)
