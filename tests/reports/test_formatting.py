"""Numbers in words: percent, points, intervals and names."""

import math

import pytest

from dl.runs.manifest import MetricInfo
from dl_reports import formatting

ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
ERROR = MetricInfo("mae", False, 0.0, "mean")


@pytest.mark.parametrize(
    ("share", "shown"), [(0.977, "97.7 %"), (0.9977, "99.77 %"), (0.0023, "0.23 %"), (1.0, "100.00 %"), (math.nan, "-")]
)
def test_a_share_near_its_ends_has_a_digit_more(share, shown):
    assert formatting.percent(share) == shown


def test_a_difference_of_shares_is_in_points_and_one_of_errors_in_its_unit():
    assert formatting.difference(ACCURACY, 0.0113, (0.0076, 0.0152)) == "1.13 points [0.76, 1.52]"
    assert formatting.difference(ERROR, 0.01134, (0.0076, 0.0152)) == "0.01134 [0.0076, 0.0152]"
    assert formatting.difference(ERROR, 12345.6) == "12,346"
    assert formatting.difference(ERROR, 14140.4, (-1200.2, 2e4)) == "14,140 [-1,200, 20,000]"


def test_a_share_that_describes_another_number_is_whole():
    assert [formatting.rounded_percent(share) for share in (0.4567, 0.0042, math.nan)] == ["46 %", "0.4 %", "-"]


def test_an_open_end_of_an_interval_is_a_dash():
    assert formatting.bracket((-math.inf, 0.5)) == "[-, 0.5]"


def test_a_score_is_a_share_where_more_is_better():
    assert (formatting.score(ACCURACY, 0.5), formatting.score(ERROR, 0.5)) == ("50.0 %", "0.5")


def test_a_name_from_the_data_is_short_and_cannot_act_on_a_terminal():
    assert formatting.named("a\x1b[31m") == "'a\\x1b[31m'"
    assert len(formatting.quoted("x" * 100)) == formatting.NAME


def test_a_metric_has_its_name_in_full():
    assert formatting.metric_word("mae") == "mean absolute error"
    assert formatting.metric_word("mean_average_precision") == "mean average precision"
