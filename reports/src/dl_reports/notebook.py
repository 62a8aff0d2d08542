"""Reports and comparisons for programs, with a text form and a notebook form."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from html import escape

from rich.console import Console

from dl.finding import Finding
from dl.intervals import Estimate
from dl_reports.compare import Comparison, show_comparison
from dl_reports.render.html import to_html
from dl_reports.render.terminal import print_report
from dl_reports.report import Answer, Report

WIDTH = 100  # columns of the text
HEIGHT = 640  # pixels of the frame in a notebook


class ShownReport:
    """A report: its verdict, findings and scores; its repr is the report as text.

    Args:
        report: Its values.
    """

    def __init__(self, report: Report) -> None:
        self.report = report

    @property
    def verdict(self) -> str:
        """The verdict, in one sentence."""
        return self.report.verdict.sentence

    @property
    def answers(self) -> tuple[Answer, ...]:
        """The three answers that the verdict rests on: skill, memorization and turn."""
        return self.report.verdict.answers

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The most severe first."""
        return self.report.findings

    @property
    def scores(self) -> Mapping[str, Estimate]:
        """The headline metric at the best epoch: ``val``, ``probe``, ``gap``, and ``corrected`` if it is known."""
        scores = self.report.scores
        if scores is None:
            return {}
        found = {"val": scores.val, "probe": scores.probe, "gap": scores.gap, "corrected": scores.corrected}
        return {name: estimate for name, estimate in found.items() if estimate is not None}

    def html(self) -> str:
        """Return the report as one self-contained page."""
        return to_html(self.report)

    def __repr__(self) -> str:
        return _text(lambda out: print_report(self.report, out))

    def _repr_html_(self) -> str:
        style = f"width:100%;height:{HEIGHT}px;border:0"
        return f'<iframe title="report" sandbox srcdoc="{escape(self.html(), quote=True)}" style="{style}"></iframe>'


class ShownComparison:
    """A comparison of two runs; its repr is the comparison as text.

    Args:
        comparison: Its values.
    """

    def __init__(self, comparison: Comparison) -> None:
        self.comparison = comparison

    @property
    def verdict(self) -> str:
        """Which run is better, in one sentence."""
        return self.comparison.verdict

    def __repr__(self) -> str:
        return _text(lambda out: show_comparison(self.comparison, out, as_json=False))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


def _text(show: Callable[[Console], None]) -> str:
    """Return the printed output as plain text."""
    stream = io.StringIO()
    show(Console(file=stream, width=WIDTH, color_system=None, force_terminal=False, force_jupyter=False))
    return stream.getvalue().rstrip("\n")
