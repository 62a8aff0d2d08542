"""The plot of a study: scores over examples, units or learning rates, on a logarithmic axis."""

from __future__ import annotations

import math

from rich.text import Text

from dl.intervals import Estimate
from dl.runs.study import NO_ESTIMATE, Forecast, Study, StudyPoint, labels
from dl_reports.formatting import metric_word
from dl_reports.render.chart import Chart, chart_of
from dl_reports.render.plot import draw_chart
from dl_reports.report import Curve

ROWS = 9
FINE = 20  # places of a doubling on the axis
WORDS = {"data": "training examples", "capacity": "units", "lr": "learning rate"}


def draw_study(study: Study, width: int) -> list[Text]:
    """Draw the scores on validation and probe, with their bands; nothing where fewer than two fits have a score."""
    found = chart_over_sizes(study)
    return [Text(), *draw_chart(found[0], width, ROWS, found[1]), Text()] if found else []


def chart_over_sizes(study: Study) -> tuple[Chart, dict[int, str]] | None:
    """Return the plot with the labels of its places; None where fewer than two fits have a score."""
    points = [point for point in study.points if point.best_epoch and point.size > 0]
    if len(points) < 2:
        return None
    forecasts = study.forecasts if study.over == "data" else ()
    least = points[0].size
    places = [_place(point.size / least) for point in points]
    places += [_place(points[-1].size * one.factor / least) for one in forecasts]
    names = labels(points) + [f"x{one.factor}" for one in forecasts]
    chart = _chart(study, points, forecasts, places)
    return (chart, dict(zip(places, names, strict=True))) if chart else None


def _place(ratio: float) -> int:
    return round(FINE * math.log2(ratio))


def _chart(study: Study, points: list[StudyPoint], forecasts: tuple[Forecast, ...], places: list[int]) -> Chart | None:
    """Return validation with the forecasts behind it, and the probe, which has none."""
    lines = (
        _line("probe", [*(point.probe for point in points), *(NO_ESTIMATE for _ in forecasts)]),
        _line("val", [*(point.val for point in points), *(one.score for one in forecasts)]),
    )
    title = f"{metric_word(study.metric.name)} over {WORDS[study.over]}"
    return chart_of(title, tuple(places), lines, percent=study.metric.higher)


def _line(part: str, scores: list[Estimate]) -> Curve:
    values, low, high = zip(*scores, strict=True)
    return Curve(part, values, low, high)
