"""The queries of the lowest average precision, by hand."""

import numpy as np
import pytest

from dl_reports.hard_queries import average_precision, ranks_of


def test_average_precision_of_one_query_by_hand():
    grades = np.array([0, 2, 0, 1])
    assert average_precision(np.array([4.0, 3.0, 2.0, 1.0]), grades) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert average_precision(np.array([0.0, 3.0, 0.0, 1.0]), grades) == 1.0


def test_rows_of_equal_score_have_the_mean_of_their_ranks():
    assert ranks_of(np.array([1.0, 5.0, 1.0])).tolist() == [2.5, 1.0, 2.5]
