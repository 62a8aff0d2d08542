"""Format scores and findings, for the progress of a fit and for every report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dl.finding import SEVERITIES, Finding
from dl.intervals import Estimate
from dl.runs.manifest import HALF, MetricInfo, TaskInfo
from dl.terminal import plain
from dl.words import show_number

LONGEST = 400  # characters of a finding that are shown
MARKS = {"issue": ("!", "bold red"), "tip": ("*", "yellow"), "note": ("-", "dim")}


def show_value(metric: MetricInfo, value: float, *, signed: bool = False) -> str:
    """Format a score: in percent if higher is better, otherwise in four digits or as a whole number."""
    if not math.isfinite(value):
        return "-"
    sign = "+" if signed else ""
    return f"{value:{sign}.2%}".replace("%", " %") if metric.higher else show_number(value, signed=signed)


def show_estimate(metric: MetricInfo, estimate: Estimate, *, signed: bool = False) -> str:
    """Format a score with its interval, like ``97.70 % [97.39, 97.98]``."""
    low, high = (show_value(metric, end, signed=signed).removesuffix(" %") for end in estimate[1:])
    return f"{show_value(metric, estimate.value, signed=signed)} [{low}, {high}]"


def show_share(share: Estimate) -> str:
    """Format a share with its interval, like ``81.2 % [72.0, 88.0]``; a dash where it is of nothing."""
    if not math.isfinite(share.value):
        return "-"
    return f"{100 * share.value:.1f} % [{100 * share.low:.1f}, {100 * share.high:.1f}]"


def show_thresholds(info: TaskInfo, most: int = 3) -> str:
    """Describe the thresholds of a run that are not one half, in one line; empty where all are."""
    decision = info.decision
    if decision is None or decision.is_usual:
        return ""
    names = info.names if info.has_labels else (info.positive,)
    own = [(name, t) for name, t in zip(names, decision.thresholds, strict=True) if t != HALF]
    shown = ", ".join(f"{name!r} from {show_probability(t)} on" for name, t in own[:most])
    more = f" and {len(own) - most:,} more" if len(own) > most else ""
    return f"{shown}{more} ({decision.reason})"


def show_probability(value: float) -> str:
    """Format a probability, with three digits of the smaller of it and its opposite."""
    return f"{value:.3g}" if value < HALF else f"{1 - float(f'{1 - value:.3g}'):.12g}"


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print findings, the most severe first."""
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        mark, style = MARKS[finding.severity]
        console.print(Text.assemble((f"  {mark} ", style), plain(finding.message, longest=LONGEST)))
