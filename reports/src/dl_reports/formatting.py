"""Format numbers, intervals and names for messages, the same way everywhere.

Shares are in percent and their differences in points; losses and errors in four digits.
"""

from __future__ import annotations

import math

from dl.intervals import Interval
from dl.runs.manifest import MetricInfo
from dl.terminal import safe_text
from dl.words import many as many  # imported from here, with the others
from dl.words import show_number

NAME = 40  # characters of a class name in a sentence


def percent(share: float) -> str:
    """Return a share like ``97.7 %``; digits enough to tell it from 0 and 100."""
    if not math.isfinite(share):
        return "-"
    rest = min(abs(share), abs(1 - share))
    digits = 1 if rest >= 0.005 else 2
    return f"{share:.{digits}%}".replace("%", " %")


def points(difference: float, interval: Interval | tuple[float, float] | None = None) -> str:
    """Return a difference of shares like ``1.13 points [0.76, 1.52]``."""
    shown = f"{100 * difference:.2f} points"
    return shown if interval is None else f"{shown} {bracket(interval, 100, 2)}"


def rounded_percent(share: float) -> str:
    """Return a share that only describes another number, in whole percent: ``46 %``, ``0.4 %`` where it is small."""
    return f"{100 * share:.{0 if abs(share) >= 0.01 else 1}f} %" if math.isfinite(share) else "-"


def bracket(interval: Interval | tuple[float, float], times: float = 1.0, decimals: int | None = None) -> str:
    """Return an interval like ``[0.76, 1.52]``; an open end is ``-``."""
    low, high = (
        "-"
        if not math.isfinite(end)
        else show_number(times * end)
        if decimals is None
        else f"{times * end:.{decimals}f}"
        for end in interval[:2]
    )
    return f"[{low}, {high}]"


def with_interval(value: float, interval: Interval | tuple[float, float]) -> str:
    """Return a loss or an error with its interval."""
    return f"{show_number(value)} {bracket(interval)}"


def score(metric: MetricInfo, value: float) -> str:
    """Return a score of the metric."""
    return percent(value) if metric.higher else show_number(value)


def difference(metric: MetricInfo, value: float, interval: Interval | tuple[float, float] | None = None) -> str:
    """Return a difference of two scores of the metric."""
    if metric.higher:
        return points(value, interval)
    return show_number(value) if interval is None else with_interval(value, interval)


def named(text: object) -> str:
    """Return a name from the data, short and safe, in quotes."""
    return f"'{safe_text(text, NAME)}'"


def quoted(text: object) -> str:
    """Return text from the data, short and safe, without quotes."""
    return safe_text(text, NAME)


def metric_word(name: str) -> str:
    """Return the name of a metric for a sentence."""
    words = {"mae": "mean absolute error", "rmse": "root mean squared error", "macro_f1": "macro F1"}
    return words.get(name, name.replace("_", " "))
