import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl_reports.render.chart import charts, round_ticks
from dl_reports.report import Curve


def with_loss(report, values):
    none = (math.nan,) * len(values)
    curves = replace(
        report.curves, epochs=tuple(range(1, len(values) + 1)), loss=(Curve("val", values, none, none),), metric=()
    )
    return replace(report, curves=curves)


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 5, [0, 0.5, 1]),
        (0, 10, 6, [0, 2, 4, 6, 8, 10]),
        (1, 20, 6, [5, 10, 15, 20]),
        (70, 100, 5, [70, 80, 90, 100]),
    ],
)
def test_ticks_are_round(low, high, most, expected):
    assert round_ticks(low, high, most) == pytest.approx(expected)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 9))
def test_there_are_at_most_so_many_ticks_and_they_lie_inside(low, span, most):
    ticks = round_ticks(low, low + span, most)
    assert 1 <= len(ticks) <= most
    assert all(low - span * 1e-6 <= tick <= low + span * (1 + 1e-6) for tick in ticks) or len(ticks) == 1


def test_loss_and_metric_are_drawn_with_best_epoch_and_onset(report):
    loss, metric = charts(report)
    assert [(mark.label, mark.worse) for mark in loss.marks] == [("rises from 8", True), ("best 9", False)]
    assert [mark.label for mark in metric.marks] == ["best 9"]
    assert (loss.low, loss.percent, metric.percent) == (0.0, False, True)


def test_one_epoch_makes_no_curve(report):
    assert charts(with_loss(report, (0.5,))) == ()


def test_a_loss_that_is_nowhere_a_number_makes_no_curve(report):
    assert charts(with_loss(report, (math.nan, math.nan, math.inf))) == ()


def test_a_loss_that_explodes_is_drawn_on_a_logarithmic_scale(report):
    (chart,) = charts(with_loss(report, (0.3, 4.0, 5000.0)))
    assert chart.log and chart.up(4.0) == pytest.approx(
        math.log(4.0 / chart.low) / math.log(chart.high / chart.low), abs=1e-9
    )
    assert [label for _, label in chart.value_ticks(6)] == ["1", "10", "100", "1000"]


def test_what_is_infinite_is_drawn_at_the_upper_edge(report):
    (chart,) = charts(with_loss(report, (0.3, 0.4, math.inf)))
    assert chart.up(math.inf) == 1.0 and math.isnan(chart.up(math.nan))


def test_a_constant_curve_can_be_drawn(report):
    (chart,) = charts(with_loss(report, (0.0, 0.0)))
    assert 0 <= chart.up(0.0) <= 1


def test_thousands_of_epochs_are_thinned(report):
    (chart,) = charts(with_loss(report, tuple(1 / (t + 1) + 0.1 for t in range(5000))))
    assert len(chart.epochs) == len(chart.curves[0].values) <= 400


@pytest.mark.parametrize(
    ("last", "expected"), [(2, [1, 2]), (3, [1, 2, 3]), (20, [1, 5, 10, 15, 20]), (100, [1, 20, 40, 60, 80, 100])]
)
def test_the_first_and_the_last_epoch_are_always_labelled(report, last, expected):
    (chart,) = charts(with_loss(report, (0.5,) * last))
    assert chart.epoch_ticks(6) == expected
