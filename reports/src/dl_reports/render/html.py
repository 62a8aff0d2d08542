"""The report as one page that needs nothing else: no network, no script, light and dark, on a phone and on paper."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

import numpy as np

from dl_reports.formatting import percent
from dl_reports.render import phrases
from dl_reports.render.chart import Chart, charts
from dl_reports.render.markup import Markup, joined, tag, trusted
from dl_reports.render.png import data_uri
from dl_reports.render.svg import chart_svg, reliability_svg, sample
from dl_reports.report import BaselineRow, CalibrationCard, Command, Confusion, Example, Header, Report, Unchecked

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
LONG = 1000  # characters of a message
MOST_CLASSES = 30  # of a matrix that anyone reads
MOST_PAIRS = 8
SEVERITIES = {"issue": "issue", "tip": "tip", "note": "note", "good": "all well"}


def to_html(report: Report) -> str:
    """Return the report as the text of a page."""
    style = trusted(files("dl_reports.render").joinpath("page.css").read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=trusted(POLICY)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{report.header.run}: report"),
        tag("style", style),
    )
    page = tag("html", head, tag("body", tag("main", *_parts(report))), lang="en")
    return "<!doctype html>\n" + page + "\n"


def _parts(report: Report) -> Iterable[Markup | None]:
    yield _header(report.header)
    yield _verdict(report)
    yield _scores(report)
    yield _titled("Learning curves", _curves(report))
    yield _titled("Findings", _findings(report))
    yield _titled("Examples worth a look", _examples(report.examples))
    yield _titled("Classes taken for one another", _confusion(report.confusion))
    yield _titled("Calibration", _calibration(report.calibration))
    yield _titled("How often it was looked at", _reuse(report))
    for section in report.sections:
        yield _titled(section.title, joined(tag("p", line, longest=LONG) for line in section.lines))
    yield _titled("Not checked", _unchecked(report.unchecked))
    yield _titled("Next", _next(report.next))
    yield tag("footer", f"{report.header.run}, fitted {report.header.created}, kept in {report.header.path}")


def _titled(title: str, body: Markup | None) -> Markup | None:
    return tag("section", tag("h2", title), body) if body else None


def _header(header: Header) -> Markup:
    facts = phrases.facts(header) + ((("ended", header.message),) if header.message else ())
    pairs = (joined([tag("dt", name), tag("dd", fact, longest=LONG)]) for name, fact in facts)
    return tag("header", tag("h1", header.run), tag("p", phrases.state(header), class_="state"), tag("dl", *pairs))


def _verdict(report: Report) -> Markup:
    severity = report.verdict.severity if report.verdict.severity in SEVERITIES else "note"
    sort = tag("span", SEVERITIES[severity], class_="sort")
    return tag("p", sort, report.verdict.sentence, longest=LONG, class_=f"verdict {severity}")


def _scores(report: Report) -> Markup | None:
    """The ladder of baselines and network, worst first, and the honest triple under it."""
    if not report.ladder:
        return None
    metric = report.header.metric
    most = max(abs(row.score.value) for row in report.ladder) or 1.0
    full = metric.perfect if metric.higher else most
    rows = [_baseline(row, report, row.score.value / full) for row in report.ladder]
    for name, number, interval in phrases.triple(report):
        cells = (tag("td", number, class_="number"), tag("td", interval, class_="interval number quiet"))
        rows.append(tag("tr", tag("th", name, scope="row"), *cells, class_="under"))
    names = (("", None), (metric.name, "number"), ("95 % interval", "number interval"))
    head = tag("thead", tag("tr", *(tag("th", name, scope="col", class_=style) for name, style in names)))
    epoch = f", epoch {report.scores.epoch}" if report.scores else ""
    return _titled(
        f"Validation {phrases.title(metric)}{epoch}", tag("table", head, tag("tbody", *rows), class_="ladder")
    )


def _baseline(row: BaselineRow, report: Report, share: float) -> Markup:
    metric = report.header.metric
    width = f"width:{100 * min(max(share, 0.0), 1.0) if share == share else 0:.1f}%"
    name = tag("th", phrases.baseline_name(row), tag("span", class_="bar", style=width), scope="row")
    number = tag("td", phrases.value(metric, row.score), class_="number")
    interval = tag("td", phrases.interval(metric, row.score), class_="interval number quiet")
    return tag("tr", name, number, interval, class_="ours" if row.ours else None)


def _curves(report: Report) -> Markup | None:
    drawn = charts(report)
    return tag("div", *(_plot(chart) for chart in drawn), class_="plots") if drawn else None


def _plot(chart: Chart) -> Markup:
    keys = (tag("span", sample(curve.part), phrases.PARTS[curve.part]) for curve in reversed(chart.curves))
    name = chart.title + (" (log scale)" if chart.log else "")
    return tag("figure", tag("figcaption", tag("b", name), *keys), chart_svg(chart))


def _findings(report: Report) -> Markup | None:
    silenced = tag("p", phrases.silenced(report), class_="quiet") if report.ignored else None
    if not report.findings:
        return silenced
    items = []
    for finding in report.findings:
        head = tag("p", tag("span", finding.severity, class_="sort"), tag("code", finding.code))
        said = tag("p", finding.message, longest=LONG)
        step = tag("p", _command(finding.next)) if finding.next else None
        severity = finding.severity if finding.severity in SEVERITIES else "note"
        items.append(tag("li", head, said, step, class_=severity))
    return joined([tag("ul", *items, class_="findings"), silenced])


def _command(command: str) -> Markup:
    return tag("code", command, longest=LONG, class_="command")


def _examples(chosen: tuple[Example, ...]) -> Markup | None:
    groups = []
    for why in dict.fromkeys(example.why for example in chosen):
        shown = (_example(example) for example in chosen if example.why == why)
        groups.append(joined([tag("h3", phrases.WHY.get(why, why)), tag("div", *shown, class_="examples")]))
    return joined(groups) or None


def _example(example: Example) -> Markup:
    words = phrases.answer(example)
    apart = tag("br") if isinstance(example.sketch, np.ndarray) else ", "
    caption = tag("figcaption", tag("b", words), phrases.loss(example), apart, f"#{example.id}")
    if isinstance(example.sketch, np.ndarray):
        picture = tag("img", src=trusted(data_uri(example.sketch)), alt=f"example {example.id}: {words}")
        return tag("figure", picture, caption)
    text = tag("blockquote", example.sketch, longest=LONG) if isinstance(example.sketch, str) else None
    return tag("figure", caption, text, class_="told")


def _confusion(found: Confusion | None) -> Markup | None:
    if found is None:
        return None
    pairs = _pairs(found)
    return tag("div", _matrix(found), pairs, class_="beside") if found.names or pairs else None


def _matrix(found: Confusion) -> Markup | None:
    """A row for each true class, a column for each answer; the more of a class goes wrong, the redder."""
    if not 0 < len(found.names) <= MOST_CLASSES:
        return None
    shares = found.counts / np.maximum(found.counts.sum(axis=1, keepdims=True), 1)
    worst = float((shares * (1 - np.eye(len(shares)))).max(initial=0)) or 1.0
    columns = (tag("th", name, longest=8, scope="col") for name in found.names)
    head = tag("thead", tag("tr", tag("th", "true \\ said", scope="col"), *columns))
    rows = []
    for k, name in enumerate(found.names):
        counts = found.counts[k].tolist()
        cells = (_cell(count, k == j, float(shares[k, j]) / worst) for j, count in enumerate(counts))
        rows.append(tag("tr", tag("th", name, longest=16, scope="row"), *cells))
    left = tag("p", f"{found.left_out:,} more classes are not shown", class_="quiet") if found.left_out else None
    return tag("div", tag("table", head, tag("tbody", *rows), class_="matrix"), left, class_="scroll")


def _cell(count: int, right: bool, share: float) -> Markup:
    if right:
        return tag("td", f"{count:,}", class_="right")
    if not count:
        return tag("td", "·", class_="quiet")
    return tag("td", f"{count:,}", class_="wrong", style=f"--share:{5 + 35 * share:.0f}%")


def _pairs(found: Confusion) -> Markup | None:
    if not found.pairs:
        return None
    names = ("true", "said", "times", "of the class")
    styles = (None, None, "number", "number")
    head = tag("tr", *(tag("th", name, scope="col", class_=style) for name, style in zip(names, styles, strict=True)))
    rows = []
    for pair in found.pairs[:MOST_PAIRS]:
        cells = (pair.true, pair.predicted, f"{pair.count:,}", percent(pair.share))
        rows.append(
            tag("tr", *(tag("td", cell, longest=40, class_=style) for cell, style in zip(cells, styles, strict=True)))
        )
    return tag("table", tag("thead", head), tag("tbody", *rows))


def _calibration(card: CalibrationCard | None) -> Markup | None:
    if card is None:
        return None
    said = tag("p", phrases.calibration(card), longest=LONG, class_="said")
    if not card.bins:
        return said
    caption = tag("figcaption", tag("b", "right, over confidence"), "on the dashed line confidence is what it says")
    return tag("div", tag("figure", caption, reliability_svg(card.bins), class_="reliability"), said, class_="beside")


def _reuse(report: Report) -> Markup | None:
    if not report.reuse:
        return None
    metric = report.header.metric
    pairs = ([tag("dt", phrases.PARTS[one.part]), tag("dd", phrases.reuse(one, metric))] for one in report.reuse)
    return tag("dl", *(joined(pair) for pair in pairs))


def _unchecked(unchecked: tuple[Unchecked, ...]) -> Markup | None:
    if not unchecked:
        return None
    return tag("dl", *(joined([tag("dt", one.what), tag("dd", one.why, longest=LONG)]) for one in unchecked))


def _next(commands: tuple[Command, ...]) -> Markup | None:
    if not commands:
        return None
    why = (tag("span", one.why, *_others(one), class_="quiet") for one in commands)
    items = (tag("li", _command(one.command), tag("br"), said) for one, said in zip(commands, why, strict=True))
    return tag("ul", *items, class_="plain")


def _others(command: Command) -> Iterable[str | Markup]:
    for number, one in enumerate(command.instead):
        yield ", " if number else "; or "
        yield tag("code", one, longest=LONG)
