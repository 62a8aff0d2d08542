"""The report as one self-contained page: no network, no script, light and dark, on a phone and on paper.

The page is laid out in `page.html.j2`. Whatever is put into it is escaped, unless it is `Markup`, and has no control or
direction-changing characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from dl.finding import Finding
from dl.terminal import safe_text
from dl_reports.formatting import percent
from dl_reports.render import phrases
from dl_reports.render.chart import charts
from dl_reports.render.png import data_uri
from dl_reports.render.residuals import residuals_svg, sentence
from dl_reports.render.svg import chart_svg, reliability_svg, sample
from dl_reports.report import Answer, BaselineRow, Confusion, HeadRow, Report, Verdict

if TYPE_CHECKING:  # the board's first page waits for no statistics
    from dl_reports.sheet import Sheet

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
LONG = 1000  # characters of a message
MOST_CLASSES = 30  # of a readable matrix
MOST_PAIRS = 8
SEVERITIES = {"issue": "issue", "tip": "tip", "note": "note", "good": "all well"}


def to_html(report: Report) -> str:
    """Return the report as the text of a page."""
    return _template().render(
        report=report,
        header=report.header,
        metric=report.header.metric,
        baselines=list(_baselines(report)),
        charts=charts(report),
        drawing=report.network.folded().text().splitlines() if report.network else [],
        matrix=list(_matrix(report.confusion)) if report.confusion else [],
    )


@cache
def _template() -> Template:
    return make_environment().from_string(packaged("page.html.j2"))


def make_environment() -> Environment:
    """Make the environment of the templates: every value is escaped and made safe, unless it is `Markup`."""
    environment = Environment(
        autoescape=True, finalize=_safe, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"upto": _upto, "trusted": Markup}
    environment.globals |= {"phrases": phrases, "percent": percent, "severity": _severity, "SEVERITIES": SEVERITIES}
    environment.globals |= {"data_uri": data_uri, "chart_svg": chart_svg, "reliability_svg": reliability_svg}
    environment.globals |= {"residuals_svg": residuals_svg, "residuals_sentence": sentence}
    environment.globals |= {
        "sample": sample,
        "LONG": LONG,
        "MOST_PAIRS": MOST_PAIRS,
        "policy": POLICY,
    }
    environment.globals |= {"style": Markup(packaged("page.css"))}
    return environment


def packaged(name: str) -> str:
    """Return the text of a file beside this module."""
    return files("dl_reports.render").joinpath(name).read_text(encoding="utf-8")


def _safe(value: Any) -> Any:  # Any: a value of the template
    """Escape control characters, and cut text that is longer than a name."""
    return value if isinstance(value, Markup) else safe_text(value)


def _upto(text: str, longest: int) -> Markup:
    """Make text safe that may be longer, or must be shorter, than a name."""
    return Markup.escape(safe_text(text, longest))


def _severity(one: Finding | Verdict | Answer | HeadRow | Sheet) -> str:
    return one.severity if one.severity in SEVERITIES else "note"


def _baselines(report: Report) -> Iterator[tuple[BaselineRow, str]]:
    """Give each row of the table of baselines with the width of its bar."""
    metric = report.header.metric
    most = max((abs(row.score.value) for row in report.ladder), default=1.0) or 1.0
    full = metric.perfect if metric.higher else most
    for row in report.ladder:
        share = row.score.value / full
        yield row, f"{100 * min(max(share, 0.0), 1.0) if share == share else 0:.1f}%"


class _Cell(NamedTuple):
    """A count of the confusion matrix, its class in the style sheet, and how red it is; empty for not at all."""

    text: str
    kind: str
    share: str = ""


def _matrix(found: Confusion) -> Iterator[tuple[str, list[_Cell]]]:
    """Give a row for each true class, a cell for each predicted one; the more of a class goes wrong, the redder."""
    if len(found.names) > MOST_CLASSES:
        return
    shares = found.counts / np.maximum(found.counts.sum(axis=1, keepdims=True), 1)
    worst = float((shares * (1 - np.eye(len(shares)))).max(initial=0)) or 1.0
    for k, name in enumerate(found.names):
        counts = found.counts[k].tolist()
        yield name, [_cell(count, k == j, float(shares[k, j]) / worst) for j, count in enumerate(counts)]


def _cell(count: int, right: bool, share: float) -> _Cell:
    if right:
        return _Cell(f"{count:,}", "right")
    return _Cell(f"{count:,}", "wrong", f"{5 + 35 * share:.0f}%") if count else _Cell("·", "quiet")
