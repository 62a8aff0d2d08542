"""Plots as SVG inside a page: their colours come from the page's style sheet, so they suit light, dark and print.

`Markup.format` escapes its arguments, so no label can become an element.
Lengths are in units of a drawing 440 wide, which a phone shows nearly as large as a desktop does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from dl.terminal import safe_text
from dl_reports.render.chart import Chart
from dl_reports.render.phrases import PARTS
from dl_reports.report import Bin, Curve

WIDE, HIGH = 440.0, 272.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 12.0, 42.0, 40.0
CHARACTER = 7.2  # width of one, in labels
SIDE = 184.0  # of the reliability diagram

PICTURE = Markup('<svg viewBox="0 0 {:g} {:g}" role="img"><title>{}</title>{}</svg>')
SAMPLE = Markup('<svg viewBox="0 0 28 10" class="key" aria-hidden="true">{}</svg>')
SEGMENT = Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>')
TEXT = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>')
POLYGON = Markup('<polygon points="{}" class="band {}"/>')
POLYLINE = Markup('<polyline points="{}" class="line {}"/>')
DOT = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="3.5" class="dot"/>')
NOTHING = Markup()


def chart_svg(chart: Chart, labels: Mapping[int, str] | None = None, axis: str = "epoch") -> Markup:
    """Draw a chart with axes, bands, lines and marks.

    Args:
        chart: What is drawn.
        labels: Of places on the axis; None for epochs.
        axis: Name of the axis.
    """
    over = f"{len(chart.epochs)} epochs" if not labels else f"{axis} {', '.join(labels.values())}"
    words = f"{chart.title} over {over}: " + ", ".join(PARTS[curve.part] for curve in chart.curves)
    marked = "".join(f"; {mark.label}" for mark in chart.marks)
    bands, lines = ([draw(chart, curve) for curve in chart.curves] for draw in (_band, _line))
    return _picture(WIDE, HIGH, words + marked, [_grid(chart, labels, axis), *bands, _marks(chart), *lines])


def _picture(width: float, height: float, title: str, shapes: Iterable[Markup]) -> Markup:
    return PICTURE.format(width, height, safe_text(title), NOTHING.join(shapes))


def _x(chart: Chart, epoch: float) -> float:
    return LEFT + chart.across(epoch) * (WIDE - LEFT - RIGHT)


def _y(chart: Chart, value: float) -> float:
    return HIGH - BOTTOM - chart.up(value) * (HIGH - TOP - BOTTOM)


def _grid(chart: Chart, labels: Mapping[int, str] | None, axis: str) -> Markup:
    """Draw axes with labels: a quiet line at each labelled value, an epoch or a label under each place."""
    parts = []
    for value, label in chart.value_ticks(6):
        y = _y(chart, value)
        parts.append(_segment(LEFT, y, WIDE - RIGHT, y, "grid"))
        parts.append(_text(LEFT - 6, y + 4, label, "end"))
    places = labels or {epoch: str(epoch) for epoch in chart.epoch_ticks(6)}
    for place, label in places.items():
        parts.append(_text(_x(chart, place), HIGH - BOTTOM + 16, label, "middle"))
    base = _segment(LEFT, HIGH - BOTTOM, WIDE - RIGHT, HIGH - BOTTOM, "axis")
    return NOTHING.join([*parts, base, _text((LEFT + WIDE - RIGHT) / 2, HIGH - 6, axis, "middle")])


def _band(chart: Chart, curve: Curve) -> Markup:
    """Draw the 95 % band, one polygon for each stretch without a gap."""
    shapes = []
    for run in _stretches(chart, curve.low, curve.high):
        upper = [(_x(chart, chart.epochs[k]), _y(chart, curve.high[k])) for k in run]
        lower = [(_x(chart, chart.epochs[k]), _y(chart, curve.low[k])) for k in reversed(run)]
        shapes.append(POLYGON.format(_points([*upper, *lower]), curve.part))
    return NOTHING.join(shapes)


def _line(chart: Chart, curve: Curve) -> Markup:
    shapes = []
    for run in _stretches(chart, curve.values):
        points = [(_x(chart, chart.epochs[k]), _y(chart, curve.values[k])) for k in run]
        shapes.append(POLYLINE.format(_points(points), curve.part))
    return NOTHING.join(shapes)


def _stretches(chart: Chart, *series: tuple[float, ...]) -> list[list[int]]:
    """Group the places of neighbours that all have a value."""
    runs: list[list[int]] = [[]]
    for k in range(len(chart.epochs)):
        if all(math.isfinite(one[k]) for one in series):
            runs[-1].append(k)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _marks(chart: Chart) -> Markup:
    """Draw vertical lines with their labels above, on a second level where they would touch."""
    parts, ends = [], [-math.inf, -math.inf]
    for mark in chart.marks:
        x = _x(chart, mark.epoch)
        half = len(mark.label) * CHARACTER / 2
        middle = min(max(x, half), WIDE - half)
        level = next((k for k, end in enumerate(ends) if middle - half > end + 4), 0)
        ends[level] = middle + half
        y = TOP - 8 - 15 * level
        worse = "worse" if mark.worse else ""
        parts += [_segment(x, y + 3, x, HIGH - BOTTOM, f"mark {worse}"), _text(middle, y, mark.label, "middle", worse)]
    return NOTHING.join(parts)


def reliability_svg(bins: Iterable[Bin]) -> Markup:
    """Draw the share correct over confidence, each bin with its interval."""
    shown = list(bins)
    low = math.floor(10 * min([0.8, *(min(one.confidence, one.right.value) for one in shown)])) / 10
    span = 1 - low

    def place(confidence: float, right: float) -> tuple[float, float]:
        clipped = (min(max((value - low) / span, 0.0), 1.0) for value in (confidence, right))
        across, up = clipped
        return LEFT + across * SIDE, 12 + (1 - up) * SIDE

    parts = [_segment(*place(low, low), *place(1, 1), "mark")]
    for k in range(3):
        tick = low + span * k / 2
        (x, base), (_, y) = place(tick, low), place(low, tick)
        parts += [_segment(LEFT, y, LEFT + SIDE, y, "grid"), _text(LEFT - 6, y + 4, f"{tick:.0%}", "end")]
        parts.append(_text(x, base + 16, f"{tick:.0%}", "middle"))
    for one in shown:
        x, y = place(one.confidence, one.right.value)
        if math.isfinite(one.right.low):
            ends = (place(one.confidence, end)[1] for end in (one.right.low, one.right.high))
            parts.append(_segment(x, next(ends), x, next(ends), "line val"))
        parts.append(DOT.format(x, y))
    title = "Share correct over confidence, in bins of equal size, against the diagonal"
    foot = _text(LEFT + SIDE / 2, 12 + SIDE + 32, "confidence", "middle")
    return _picture(LEFT + SIDE + 20, 12 + SIDE + BOTTOM, title, [*parts, foot])


def sample(part: str) -> Markup:
    """Draw a short line for the legend."""
    return SAMPLE.format(POLYLINE.format("1,5 27,5", part))


def _segment(x1: float, y1: float, x2: float, y2: float, style: str) -> Markup:
    return SEGMENT.format(x1, y1, x2, y2, style.strip())


def _text(x: float, y: float, words: str, anchor: str, style: str = "") -> Markup:
    return TEXT.format(x, y, anchor, style, safe_text(words))


def _points(places: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
