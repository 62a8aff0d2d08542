"""The end of a fit on one screen: verdict, score, the three worst findings and the next command.

It takes at most 24 lines at width 80, as long as the verdict takes no more than six and no plugin adds a section.
Everything else is in `dl report`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl.runs.wording import MARKS
from dl.terminal import plain, safe_text
from dl_reports.render import phrases
from dl_reports.render.terminal import (
    HEADS,
    INDENT,
    LONG,
    WIDEST,
    Typed,
    show_heads,
    show_name,
    show_scores,
    show_verdict,
)
from dl_reports.render.trimmed import Trimmed
from dl_reports.report import Report

FINDINGS = 3
SECTION = 2  # lines of a section that a plugin adds


def print_brief(report: Report, console: Console) -> None:
    """Print the end of a fit, as wide as the console is, up to 140 columns."""
    width = min(console.width, WIDEST)
    console.print(Trimmed(Group(*_rows(report, width - INDENT))), width=width, highlight=False)


def _rows(report: Report, width: int) -> Iterable[RenderableType]:
    yield show_name(report.header)
    if report.header.message:
        yield plain(f"ended: {report.header.message}")
    yield from show_verdict(report)
    if (heads := show_heads(report)) is not None:
        yield Text(f"\n{HEADS}", style="bold")
        yield Padding(heads, (0, 0, 0, INDENT), expand=False)
    title, scores = show_scores(report, width, brief=True)
    for body in (scores, _findings(report)):
        if body is not None:
            yield Text(f"\n{title}" if body is scores else "", style="bold")
            yield Padding(body, (0, 0, 0, INDENT), expand=body is not scores)
    if decides := phrases.thresholds(report, short=True):
        yield Text.assemble("\n", ("threshold  ", "bold"), plain(decides), style="", overflow="ellipsis", no_wrap=True)
    for section in report.sections:
        yield Text(f"\n{safe_text(section.title)}", style="bold")
        lines = (Text(safe_text(line, LONG)) for line in section.lines[:SECTION])
        yield Padding(Group(*lines), (0, 0, 0, INDENT), expand=False)
    yield Text()
    yield from _next(report)


def _findings(report: Report) -> RenderableType | None:
    """Lay out the worst findings, a line each."""
    if not report.findings:
        return None
    grid = Table.grid(padding=(0, 1), expand=True)
    for share in (None, None, 1):
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=share)
    for finding in report.findings[:FINDINGS]:
        mark, style = MARKS.get(finding.severity, MARKS["note"])
        grid.add_row(Text(mark, style=style), plain(finding.code, "bold"), Text(safe_text(finding.message, LONG)))
    return grid


def _next(report: Report) -> Iterable[RenderableType]:
    """Lay out the first command, and the one that shows the rest."""
    number = report.header.run.split("-")[0]
    whole = f"dl report {number if number.isdigit() else shlex.quote(report.header.path)}"
    for command in [one.command for one in report.next[:1]]:
        yield Typed(command, "bold", Text("next  ", style="dim"))
    left = len(report.findings) - FINDINGS
    more = f"{left} more finding{'s' * (left > 1)}, curves, examples" if left > 0 else "curves, examples and the rest"
    label = "      " if report.next else "next  "
    yield Text.assemble((label, "dim"), plain(whole, "bold"), (f"  {more}", "dim"))
