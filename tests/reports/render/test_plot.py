import pytest

from dl.intervals import Estimate
from dl_reports.render.chart import charts
from dl_reports.render.plot import draw_chart, draw_reliability
from dl_reports.report import Bin


@pytest.fixture
def loss(report):
    return charts(report)[0]


@pytest.mark.parametrize("width", [40, 80, 140])
def test_a_plot_is_at_most_as_wide_as_asked_for_and_has_its_rows_between_the_axes(loss, width):
    lines = [line.plain for line in draw_chart(loss, width, 10)]
    assert max(map(len, lines)) <= width
    assert sum("│" in line or "┤" in line for line in lines) == 10


def test_the_title_names_as_many_lines_as_there_is_room_for(loss):
    wide, narrow = (draw_chart(loss, width, 10)[0].plain for width in (80, 40))
    assert wide.split() == ["cross", "entropy", "⠤⠤⠤", "validation", "⠤", "⠤", "training", "⠐⠐⠐", "while", "learning"]
    assert narrow.startswith("cross entropy   ⠤⠤⠤ validation") and "while learning" not in narrow


def test_the_first_and_the_last_epoch_stand_under_the_axis(loss):
    words = draw_chart(loss, 80, 10)[-1].plain.split()
    assert words[:2] == ["epoch", "1"] and words[-1] == "20"


def test_marks_that_would_touch_stand_on_two_lines(loss):
    head = [line.plain for line in draw_chart(loss, 80, 10)[1:3]]
    assert head[0].strip() == "rises from 8" and head[1].strip() == "best 9"


def test_a_reliability_diagram_has_its_rows_and_the_ends_of_its_scale():
    bins = tuple(Bin(c, Estimate(c, c, c), 10) for c in (0.8, 0.9, 1.0))
    lines = [line.plain for line in draw_reliability(bins, 20, 5)]
    assert len(lines) == 5 + 2 and lines[0].startswith("100 % │") and lines[-1].endswith("100 %")
