"""Residuals in the terminal, on a page and in a sentence."""

from rich.console import Console

from dl.intervals import Estimate
from dl_reports.render.residuals import draw_residuals, residuals_svg, sentence, show_residuals
from dl_reports.report import ResidualBin, Residuals

NAN = float("nan")
POINTS = tuple((float(k), float(k % 3 - 1)) for k in range(101))


def of(*bins, median=1.0, name="price"):
    return Residuals(name, POINTS, tuple(ResidualBin(*one, 20) for one in bins), median)


EVEN = of((10.0, Estimate(0.1, -0.2, 0.4), 1.0), (90.0, Estimate(-0.1, -0.3, 0.2), 1.2))


def test_the_plot_is_as_wide_as_asked_with_zero_in_the_middle():
    lines = [line.plain for line in draw_residuals(EVEN, 30)]
    assert lines[0] == "target less prediction, by prediction" and len(lines) == 12
    assert lines[1].startswith("      +1 │") and lines[5].startswith("       0 │") and lines[9].startswith("      -1 │")
    assert max(map(len, lines[1:])) == 40 and lines[-1].split() == ["1", "99"]


def test_the_sentence_names_the_range_that_is_certainly_off():
    assert sentence(EVEN) == "Half of the errors are below 1. No range of predictions is certainly off in the mean."
    off = of((10.0, Estimate(2.0, 1.5, 2.5), 1.0), (5000.0, Estimate(-400.0, -700.0, -100.0), 300.0))
    assert sentence(off) == (
        "Half of the errors are below 1; of the largest predictions below 300, of the least below 1. "
        "Around 5,000, predictions are too high by 400 in the mean."
    )
    assert sentence(of((1.0, Estimate(3.0, NAN, NAN), 1.0))) == "Half of the errors are below 1."


def test_nothing_is_shown_without_residuals_and_several_columns_have_their_names():
    assert show_residuals((), 80) is None
    console = Console(width=80, color_system=None)
    with console.capture() as captured:
        console.print(show_residuals((EVEN, of(*((1.0, Estimate(0.0, -1.0, 1.0), 1.0),), name="rent")), 80))
    assert [line for line in captured.get().splitlines() if line.strip() in ("price", "rent")]


def test_a_name_cannot_become_markup_on_a_page():
    drawn = residuals_svg(of((1.0, Estimate(0.0, -1.0, 1.0), 1.0), name="<script>"))
    assert "<script>" not in drawn and "&lt;script&gt;" in drawn and drawn.count("<circle") == 101
