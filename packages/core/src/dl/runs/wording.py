"""Format scores and findings, for the progress of a fit and for every report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from dl.finding import SEVERITIES, Finding
from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
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


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print findings, the most severe first."""
    for finding in sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity)):
        mark, style = MARKS[finding.severity]
        console.print(Text.assemble((f"  {mark} ", style), plain(finding.message, longest=LONGEST)))
