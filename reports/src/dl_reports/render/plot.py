"""Plots in the terminal: a chart drawn on a braille canvas, with its axes, the names of its lines and its marks.

Lines differ in stroke and in name, not in colour alone; a band is sparse dots.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from rich.text import Text

from dl.intervals import Estimate, Interval
from dl_reports.render.canvas import Canvas, along, shade, stroke
from dl_reports.render.chart import Chart, Mark, round_ticks
from dl_reports.render.phrases import PARTS
from dl_reports.report import Bin, Curve

STYLES = {"train": "dim", "probe": "magenta", "val": "bright_blue"}
STROKES = {"train": (1, 3), "probe": (5, 3), "val": (1, 0)}  # dots on and off
SAMPLES = {"train": "⠐⠐⠐", "probe": "⠤ ⠤", "val": "⠤⠤⠤"}
WORSE = "bold red"


def draw_chart(chart: Chart, width: int, rows: int, names: Mapping[int, str] = MappingProxyType({})) -> list[Text]:
    """Draw a chart, ``width`` characters wide, with so many rows between its axes.

    Args:
        chart: What is drawn.
        width: Characters.
        rows: Between the axes.
        names: Labels under the axis by place, where places are no epochs.
    """
    ticks = chart.value_ticks(max(rows // 2, 2))
    margin = max((len(label) for _, label in ticks), default=0)
    canvas = Canvas(max(width - margin - 2, 8), rows)
    for curve in chart.curves:
        _band(canvas, chart, curve)
    for curve in chart.curves:
        heights = _heights(canvas, chart, curve.values)
        canvas.dots(stroke(canvas, heights, *STROKES[curve.part]), STYLES[curve.part])
    columns = {mark: round(chart.across(mark.epoch) * (canvas.columns - 1)) for mark in chart.marks}
    for mark, column in columns.items():
        for row in range(rows):
            canvas.put(column, row, "┊", WORSE if mark.worse else "dim")
    left = _value_labels(chart, ticks, rows, margin)
    body = [Text.assemble((label, "dim"), line) for label, line in zip(left, canvas.lines(), strict=True)]
    head = [Text(" " * (margin + 2)) + line for line in _mark_labels(columns, canvas.columns)]
    axis = Text(" " * margin + " └" + "─" * canvas.columns, style="dim")
    scale = (
        _names(chart, names, canvas.columns, margin + 2) if names else _epoch_labels(chart, canvas.columns, margin + 2)
    )
    return [_title(chart, width), *head, *body, axis, scale]


def draw_reliability(bins: tuple[Bin, ...], width: int, rows: int) -> list[Text]:
    """Draw the share correct over confidence; on the dotted diagonal they are equal."""
    canvas = Canvas(width, rows)
    low = min([0.8, *(min(one.confidence, one.right.value) for one in bins)])
    low = round_ticks(0, low, 6)[-1]
    diagonal = np.linspace(0, 1, canvas.across) * (canvas.up - 1)
    canvas.dots(stroke(canvas, diagonal, 1, 2), "dim")
    for one in bins:
        _whisker(canvas, (one.confidence - low) / (1 - low), _within(one.right, low))
    names = [f"{100 * (low + (1 - low) * share):.0f} %" for share in (1.0, 0.5, 0.0)]
    labels = dict(zip((0, rows // 2, rows - 1), names, strict=True))
    body = [Text.assemble((f"{labels.get(row, ''):>5} │", "dim"), line) for row, line in enumerate(canvas.lines())]
    foot = Text("      └" + "─" * width, style="dim")
    scale = Text("       " + names[2].ljust(width - len(names[0])) + names[0], style="dim")
    return [*body, foot, scale]


def _within(right: Estimate, low: float) -> Interval:
    ends = (right.low, right.high) if np.isfinite(right.low) else (right.value, right.value)
    return Interval(*(min(max((end - low) / (1 - low), 0.0), 1.0) for end in ends))


def _whisker(canvas: Canvas, across: float, ends: Interval) -> None:
    dots = np.zeros((canvas.up, canvas.across), bool)
    column = round(min(max(across, 0.0), 1.0) * (canvas.across - 1))
    first, last = (round(end * (canvas.up - 1)) for end in ends)
    dots[first : last + 1, column] = True
    canvas.dots(dots, STYLES["val"])


def _heights(canvas: Canvas, chart: Chart, values: tuple[float, ...]) -> NDArray[np.float64]:
    x = np.array([chart.across(epoch) for epoch in chart.epochs])
    return along(canvas, x, np.array([chart.up(value) for value in values]))


def _band(canvas: Canvas, chart: Chart, curve: Curve) -> None:
    low, high = (_heights(canvas, chart, ends) for ends in (curve.low, curve.high))
    if np.isfinite(low).any():
        canvas.under(shade(canvas, low, high), f"dim {STYLES[curve.part]}")


def _title(chart: Chart, width: int) -> Text:
    """Name the plot, and each line beside a sample of its stroke, if there is room."""
    title = Text(chart.title + (" (log scale)" if chart.log else ""))
    for curve in reversed(chart.curves):
        key = Text.assemble("   ", (SAMPLES[curve.part], STYLES[curve.part]), f" {PARTS[curve.part]}")
        if title.cell_len + key.cell_len <= width:
            title += key
    return title


def _value_labels(chart: Chart, ticks: list[tuple[float, str]], rows: int, margin: int) -> list[str]:
    at = {rows - 1 - round(chart.up(value) * (rows - 1)): label for value, label in ticks}
    return [f"{at[row]:>{margin}} ┤" if row in at else " " * margin + " │" for row in range(rows)]


def _mark_labels(columns: dict[Mark, int], width: int) -> list[Text]:
    """Write the labels of marks on one line, or on two where they would touch, each centred over its mark."""
    lines: list[Text] = []
    for mark, column in columns.items():
        start = min(max(column - len(mark.label) // 2, 0), max(width - len(mark.label), 0))
        line = next((one for one in lines if not one.plain or start > len(one.plain) + 1), None)
        if line is None:
            line = Text()
            lines.append(line)
        line.append(" " * (start - len(line.plain)))
        line.append(mark.label, WORSE if mark.worse else "dim")
    return lines


def _epoch_labels(chart: Chart, width: int, margin: int) -> Text:
    """Write epochs under the axis: as many round ones as fit, always the first and the last."""
    line = ""
    last = str(chart.epochs[-1])
    for epoch in chart.epoch_ticks(max(width // 12, 2)):
        column = round(chart.across(epoch) * (width - 1))
        label = f"epoch {epoch}" if epoch == chart.epochs[0] else str(epoch)
        start = min(max(column - len(label) // 2, 0), width - len(label))
        fits = start > len(line) + 1 and (epoch == chart.epochs[-1] or start + len(label) + 1 < width - len(last))
        if not line or fits:
            line = line.ljust(start) + label
    return Text(" " * margin + line, style="dim")


def _names(chart: Chart, names: Mapping[int, str], width: int, margin: int) -> Text:
    """Write names under the axis, each centred below its place, as many as fit beside the first and the last."""
    last = names[chart.epochs[-1]]
    line = ""
    for place in chart.epochs:
        label = names[place]
        start = min(max(round(chart.across(place) * (width - 1)) - len(label) // 2, 0), max(width - len(label), 0))
        fits = start > len(line) + 1 and (place == chart.epochs[-1] or start + len(label) + 1 < width - len(last))
        if not line or fits:
            line = line.ljust(start) + label
    return Text(" " * margin + line, style="dim")
