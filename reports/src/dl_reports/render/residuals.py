"""Residuals against predictions: in the terminal as dots, on a page as SVG, and in a sentence.

What lies beyond the ends of nearly all residuals is drawn at the edge.
"""

from __future__ import annotations

import math

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray
from rich.console import Group, RenderableType
from rich.text import Text

from dl.terminal import safe_text
from dl.words import show_number
from dl_reports.render.canvas import Canvas
from dl_reports.report import ResidualBin, Residuals

WIDE, HIGH = 440.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 12.0, 40.0
ENDS = (0.01, 0.99)  # quantiles of what is drawn within the edges
ROWS, MOST_COLUMNS, LABEL = 9, 60, 10
WIDENS = 2.0  # ratio of the typical errors at both ends from which they are told apart

DOT = Markup('<circle cx="{:.1f}" cy="{:.1f}" r="2" class="dot"/>')
LINE = Markup('<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="{}"/>')
TEXT = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
PICTURE = Markup('<svg viewBox="0 0 {:g} {:g}" role="img"><title>{}</title>{}</svg>')


def show_residuals(found: tuple[Residuals, ...], width: int) -> RenderableType | None:
    """Show the plot of each target column over its sentence; None without any."""
    if not found:
        return None
    parts: list[RenderableType] = []
    for one in found:
        if len(found) > 1:
            parts.append(Text(safe_text(one.name), style="bold"))
        parts += [*draw_residuals(one, min(width - LABEL, MOST_COLUMNS)), Text(sentence(one))]
    return Group(*parts)


def draw_residuals(found: Residuals, columns: int) -> list[Text]:
    """Draw target less prediction over the prediction as dots, with a line at zero."""
    canvas = Canvas(columns, ROWS)
    across, up = _places(found)
    dots = np.zeros((canvas.up, canvas.across), bool)
    dots[np.rint(up * (canvas.up - 1)).astype(int), np.rint(across * (canvas.across - 1)).astype(int)] = True
    canvas.dots(dots, "cyan")
    for column in range(columns):
        canvas.put(column, ROWS // 2, "─", "dim")
    (low, high), most = _range(found)
    labels = {0: f"+{show_number(most)}", ROWS // 2: "0", ROWS - 1: f"-{show_number(most)}"}
    body = [Text.assemble((f"{labels.get(row, ''):>8} │", "dim"), line) for row, line in enumerate(canvas.lines())]
    ends = show_number(low).ljust(columns - len(show_number(high))) + show_number(high)
    title = Text("target less prediction, by prediction", style="dim")
    return [title, *body, Text(" " * 9 + "└" + "─" * columns, style="dim"), Text(" " * LABEL + ends, style="dim")]


def residuals_svg(found: Residuals) -> Markup:
    """Draw target less prediction over the prediction, with the mean of each bin."""
    (low, high), most = _range(found)

    def place(across: float, up: float) -> tuple[float, float]:
        return LEFT + across * (WIDE - LEFT - RIGHT), HIGH - BOTTOM - up * (HIGH - TOP - BOTTOM)

    zero = LINE.format(*place(0, 0.5), *place(1, 0.5), "mark")
    dots = [DOT.format(*place(x, y)) for x, y in zip(*_places(found), strict=True)]
    means = []
    for one in found.bins:
        x = min(max((one.predicted - low) / ((high - low) or 1.0), 0.0), 1.0)
        ends = (one.residual.low, one.residual.high)
        if all(math.isfinite(end) for end in ends):
            below, above = (place(x, min(max(0.5 + end / most / 2, 0.0), 1.0)) for end in ends)
            means.append(LINE.format(*below, *above, "line probe"))
    words = [(f"+{show_number(most)}", 1.0), ("0", 0.5), (f"-{show_number(most)}", 0.0)]
    labels = [TEXT.format(LEFT - 6, place(0, up)[1] + 4, "end", word) for word, up in words]
    for word, side, anchor in ((show_number(low), 0.0, "start"), (show_number(high), 1.0, "end")):
        labels.append(TEXT.format(place(side, 0)[0], HIGH - BOTTOM + 16, anchor, word))
    labels.append(TEXT.format((LEFT + WIDE - RIGHT) / 2, HIGH - 6, "middle", "prediction"))
    title = safe_text(f"{found.name}: target less prediction over the prediction")
    return PICTURE.format(WIDE, HIGH, title, Markup().join([zero, *dots, *means, *labels]))


def sentence(found: Residuals) -> str:
    """Return where predictions are certainly off in the mean, and how errors change with them."""
    off = [one for one in found.bins if one.residual.low > 0 or one.residual.high < 0]
    typical = f"Half of the errors are below {show_number(found.median)}"
    first, last = found.bins[0], found.bins[-1]
    small, large = min(first.median, last.median), max(first.median, last.median)
    if len(found.bins) > 1 and large >= WIDENS * small > 0:
        where = "largest" if last.median > first.median else "least"
        other = "least" if where == "largest" else "largest"
        typical += f"; of the {where} predictions below {show_number(large)}, of the {other} below {show_number(small)}"
    if not off:
        known = any(math.isfinite(one.residual.low) for one in found.bins)
        return f"{typical}. No range of predictions is certainly off in the mean." if known else f"{typical}."
    worst = max(off, key=_distance)
    side = "low" if worst.residual.value > 0 else "high"
    amount = show_number(abs(worst.residual.value))
    return f"{typical}. Around {show_number(worst.predicted)}, predictions are too {side} by {amount} in the mean."


def _distance(one: ResidualBin) -> float:
    return abs(one.residual.value)


def _range(found: Residuals) -> tuple[tuple[float, float], float]:
    """Return the ends of the predictions, and the largest distance from zero that is drawn."""
    points = np.asarray(found.points)
    low, high = (float(end) for end in np.quantile(points[:, 0], ENDS))
    return (low, high), float(np.quantile(np.abs(points[:, 1]), ENDS[1])) or 1.0


def _places(found: Residuals) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the shares of the width and of the height at which the points lie."""
    points = np.asarray(found.points)
    (low, high), most = _range(found)
    across = (points[:, 0] - low) / ((high - low) or 1.0)
    return across.clip(0, 1), (0.5 + points[:, 1] / most / 2).clip(0, 1)
