import io
import math

import pytest
from rich.console import Console

from dl.finding import Finding
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl.runs.wording import show_estimate, show_findings, show_value

SHARE = MetricInfo("accuracy", True, 1.0, "proportion")
ERROR = MetricInfo("mae", False, 0.0, "mean")


@pytest.mark.parametrize(
    ("metric", "value", "signed", "shown"),
    [
        (SHARE, 0.977, False, "97.70 %"),
        (SHARE, 1.0, False, "100.00 %"),
        (SHARE, 0.0027, True, "+0.27 %"),
        (SHARE, -0.0013, True, "-0.13 %"),
        (ERROR, 1234.56, False, "1,235"),
        (ERROR, 0.01234, True, "+0.01234"),
        (SHARE, math.nan, False, "-"),
        (ERROR, math.inf, True, "-"),
    ],
)
def test_a_share_is_shown_in_percent_and_an_error_in_four_digits(metric, value, signed, shown):
    assert show_value(metric, value, signed=signed) == shown


def test_a_score_is_shown_with_its_interval():
    assert show_estimate(SHARE, Estimate(0.977, 0.9739, 0.9798)) == "97.70 % [97.39, 97.98]"
    assert show_estimate(SHARE, Estimate(0.0027, -0.0013, 0.0067), signed=True) == "+0.27 % [-0.13, +0.67]"
    assert show_estimate(ERROR, Estimate(1.5, -math.inf, math.inf)) == "1.5 [-, -]"


def test_findings_are_shown_the_most_pressing_first_and_as_plain_text():
    stream = io.StringIO()
    found = [Finding("c", "note", "last"), Finding("a", "issue", "[red]first\x1b[0m"), Finding("b", "tip", "second")]
    show_findings(Console(file=stream, width=80, markup=False), found)
    assert stream.getvalue().splitlines() == ["  ! [red]first\\x1b[0m", "  * second", "  - last"]
