"""Charts: lines, bands, marks, scale and ticks of a plot, before it is drawn.

Positions are shares: 0 is the left or lower edge, 1 the right or upper one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from dl.runs.manifest import MetricInfo
from dl_reports.formatting import metric_word
from dl_reports.render.phrases import marked
from dl_reports.report import Curve, Curves, Report

WIDE = 30.0  # a loss that spans more than this factor on validation is drawn on a logarithmic scale
MOST_POINTS = 400  # of one line; more cannot be seen


@dataclass(frozen=True)
class Mark:
    """A vertical line at an epoch, with its label; ``worse`` where things get worse from here."""

    epoch: int
    label: str
    worse: bool


@dataclass(frozen=True)
class Chart:
    """One plot over the epochs.

    Args:
        title: What is drawn.
        epochs: Where the curves have points, thinned where there are very many.
        curves: The lines with their bands, the least important first.
        marks: Epochs to point out.
        low: Lower edge of the plot, as shown.
        high: Upper edge.
        percent: Whether values are shares.
        log: Whether the scale is logarithmic.
    """

    title: str
    epochs: tuple[int, ...]
    curves: tuple[Curve, ...]
    marks: tuple[Mark, ...]
    low: float
    high: float
    percent: bool
    log: bool

    def across(self, epoch: float) -> float:
        """Return where an epoch lies between the left edge and the right one."""
        first, last = self.epochs[0], self.epochs[-1]
        return (epoch - first) / (last - first) if last > first else 0.5

    def up(self, value: float) -> float:
        """Return where a value lies between the lower edge and the upper one; NaN for none."""
        if not math.isfinite(value):
            return math.nan if math.isnan(value) or not self.high else float(value > 0)
        low, high = self._scaled(self.low), self._scaled(self.high)
        return min(max((self._scaled(value) - low) / (high - low), 0.0), 1.0)

    def value_ticks(self, most: int) -> list[tuple[float, str]]:
        """Return values to label, with their labels."""
        if self.log:
            return _decades(self.low, self.high, most)
        unit = 100 if self.percent else 1
        ticks = [tick / unit for tick in round_ticks(self.low * unit, self.high * unit, most)]
        digits = _digits(ticks, unit)
        return [(tick, f"{tick * unit:.{digits}f}" + (" %" if self.percent else "")) for tick in ticks]

    def epoch_ticks(self, most: int) -> list[int]:
        """Return epochs to label: round numbers, and always the first and the last."""
        first, last = self.epochs[0], self.epochs[-1]
        ticks = {round(tick) for tick in round_ticks(first, last, max(most, 2)) if tick == round(tick)}
        step = min((abs(a - b) for a in ticks for b in ticks if a != b), default=1)
        inner = {tick for tick in ticks if first + step / 2 <= tick <= last - step / 2}
        return sorted(inner | {first, last})

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, self.low * 1e-3, 1e-300)) if self.log else value


def charts(report: Report) -> tuple[Chart, ...]:
    """Return the plots of a report: the loss and the headline metric. None with fewer than two epochs."""
    return charts_of(report.curves, report.header.loss, report.header.metric) if report.curves else ()


def charts_of(curves: Curves, loss_name: str, metric: MetricInfo) -> tuple[Chart, ...]:
    """Return the plots of loss and headline metric. None with fewer than two epochs."""
    if len(curves.epochs) < 2:
        return ()
    loss = _chart(metric_word(loss_name), curves, curves.loss, curves.loss_onset, "rises from", percent=False)
    words = "falls from" if metric.higher else "rises from"
    of_metric = (metric_word(metric.name), curves, curves.metric, curves.metric_onset, words)
    return tuple(chart for chart in (loss, _chart(*of_metric, percent=metric.higher)) if chart is not None)


def chart_of(title: str, places: tuple[int, ...], lines: tuple[Curve, ...], *, percent: bool) -> Chart | None:
    """Return a plot of lines over places other than epochs, without marks; None where no value is finite.

    Args:
        title: What is drawn.
        places: Rising whole numbers, where the lines have points.
        lines: The least important first.
        percent: Whether values are shares.
    """
    seen = _seen(lines)
    if not seen:
        return None
    low, high = _edges(seen, lines, percent=percent)
    return Chart(title, places, lines, (), low, high, percent, log=False)


def _chart(
    title: str, curves: Curves, lines: Iterable[Curve], onset: int | None, words: str, *, percent: bool
) -> Chart | None:
    rank = {"train": 0, "probe": 1, "val": 2}
    last = len(curves.epochs) - 1
    keep = sorted({*range(0, last, max(1, -(-last // (MOST_POINTS - 1)))), last})
    drawn = tuple(_thinned(line, keep) for line in sorted(lines, key=lambda line: rank.get(line.part, 0)))
    scored = [line for line in drawn if line.part != "train"]
    seen = _seen(scored) or _seen(drawn)
    if not seen:
        return None
    log = not percent and _spans_decades(drawn)
    low, high = _log_edges(seen) if log else _edges(seen, drawn, percent=percent)
    drawn = tuple(_below(line, high) if line.part == "train" else line for line in drawn)
    marks = tuple(Mark(*mark) for mark in marked(curves, onset, words))
    return Chart(title, tuple(curves.epochs[k] for k in keep), drawn, marks, low, high, percent, log)


def _seen(lines: Iterable[Curve]) -> list[float]:
    """Collect all values, and the ends of bands up to one span away from them: a wide band must not flatten a line."""
    lines = list(lines)
    values = [value for line in lines for value in line.values if math.isfinite(value)]
    if not values:
        return []
    low, high = 2 * min(values) - max(values), 2 * max(values) - min(values)
    ends = (end for line in lines for end in (*line.low, *line.high) if math.isfinite(end))
    return [*values, *(min(max(end, low), high) for end in ends)] if low < high else values


def _thinned(line: Curve, keep: Iterable[int]) -> Curve:
    values, low, high = (tuple(series[k] for k in keep) for series in (line.values, line.low, line.high))
    return Curve(line.part, values, low, high)


def _below(line: Curve, high: float) -> Curve:
    """Leave out values above the plot: the running loss of the first steps must not flatten the scored losses."""
    return replace(line, values=tuple(value if value <= high else math.nan for value in line.values))


def _spans_decades(lines: Iterable[Curve]) -> bool:
    values = [v for line in lines if line.part == "val" for v in line.values if math.isfinite(v)]
    return bool(values) and min(values) > 0 and max(values) / min(values) > WIDE


def _edges(seen: list[float], lines: Iterable[Curve], *, percent: bool) -> tuple[float, float]:
    """Return edges a little outside the values; losses start at zero, and no share is drawn above one."""
    low, high = min(seen), max(seen)
    pad = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    values = [value for line in lines for value in line.values if math.isfinite(value)]
    if percent:
        return low - pad, min(high + pad, 1.0) if max(values) <= 1 else high + pad
    return 0.0 if min(values) >= 0 and low < 0.5 * high else low - pad, high + pad


def _log_edges(seen: list[float]) -> tuple[float, float]:
    positive = [value for value in seen if value > 0]
    return min(positive) / 1.2, max(positive) * 1.2


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most so many round numbers (steps of 1, 2 or 5 times a power of ten) from low to high."""
    raw = (high - low) / max(most, 1)
    if not math.isfinite(raw) or raw <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(s * power for s in (1, 2, 5, 10, 20) if (high - low) / (s * power) < most - 1e-6)
    start = math.ceil(low / step - 1e-9)
    return [k * step for k in range(start, math.floor(high / step + 1e-9) + 1)] or [low]


def _digits(ticks: list[float], unit: float) -> int:
    step = min((b - a for a, b in pairwise(ticks)), default=1.0) * unit
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def _decades(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, -(-(last - first + 1) // most))
    return [(10.0**k, f"{10.0**k:g}") for k in range(first, last + 1, step)]
