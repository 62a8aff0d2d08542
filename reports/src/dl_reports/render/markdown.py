"""The report as Markdown that fits a comment on a pull request: verdict, scores, findings, what to do next.

Nothing from data can become a link, a mention, a picture or markup there. Source: GitHub Flavored Markdown 0.29.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dl.finding import SEVERITIES
from dl.terminal import LONGEST, safe_text
from dl_reports.render import phrases
from dl_reports.report import Command, Example, Report

LONG = 1000  # characters of a message
MOST_FINDINGS = 12
MOST_TEXTS = 5
MOST_OF_TEXT = 200  # characters
SIGNS = {"good": "all well"} | {severity: severity for severity in SEVERITIES}
ACTIVE = re.compile(r"[\\`*_\[\]|~$]")  # characters that Markdown reads
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
REFERENCE = re.compile(r"([@#])(?=\w)|(GH-)(?=\d)")  # a forge turns these into mentions and links to issues
ADDRESS = re.compile(r"(?i)(?<=:)//|(?<=\bwww)\.")  # becomes a link


def to_markdown(report: Report) -> str:
    """Return the report as the text of a comment."""
    return "\n\n".join(block for block in _blocks(report) if block) + "\n"


def _blocks(report: Report) -> Iterable[str]:
    header = report.header
    yield f"### {text(header.run)}"
    yield f"**{text(report.verdict.sentence, LONG)}**"
    yield _answers(report)
    yield " · ".join(text(fact, LONG) for fact in (phrases.state(header), *dict(phrases.facts(header)).values()))
    if header.message:
        yield text(header.message, LONG)
    yield _scores(report)
    yield _heads(report)
    yield _findings(report)
    yield text(phrases.silenced(report))
    yield from _texts(report)
    if report.reuse:
        counts = (f"{phrases.PARTS[one.part]}: {phrases.reuse(one, header.metric)}" for one in report.reuse)
        yield text("Evaluations - " + ". ".join(counts) + ".", LONG)
    if report.unchecked:
        yield "Not checked: " + "; ".join(f"{text(one.what)} ({text(one.why, LONG)})" for one in report.unchecked) + "."
    yield "\n".join(f"- {code(one.command)} {text(one.why)}{_others(one)}".rstrip() for one in report.next)


def _others(command: Command) -> str:
    return f", or {', '.join(map(code, command.instead))}" if command.instead else ""


def _answers(report: Report) -> str:
    metric = report.header.metric
    rows = [
        (
            SIGNS.get(one.severity, ""),
            text(f"{one.question}: {one.message}", LONG),
            phrases.answer_interval(one, metric),
        )
        for one in report.verdict.answers
    ]
    return table(("", "answer", "95 % interval"), rows, ":--", ":--", "--:") if rows else ""


def _scores(report: Report) -> str:
    metric = report.header.metric
    if not report.ladder:
        return ""
    rows = [
        (f"**{name}**" if row.ours else name, phrases.value(metric, row.score), phrases.interval(metric, row.score))
        for row in report.ladder
        for name in [text(phrases.baseline_name(row))]
    ]
    head = (f"validation {text(phrases.title(metric))}{phrases.at_epoch(report)}", "", "95 % interval")
    return table(head, [*rows, *phrases.other_scores(report)], ":--", "--:", "--:")


def _heads(report: Report) -> str:
    rows = [
        (SIGNS.get(one.severity, ""), f"**{text(one.name)}** {text(phrases.head(one), LONG)}", text(one.sentence, LONG))
        for one in report.heads
    ]
    return table(("", "target", "verdict"), rows, ":--", ":--", ":--") if rows else ""


def _findings(report: Report) -> str:
    shown = report.findings[:MOST_FINDINGS]
    if not shown:
        return ""
    rows = []
    for finding in shown:
        message = text(finding.message, LONG) + (f"<br>{code(finding.next)}" if finding.next else "")
        rows.append((text(finding.severity), code(finding.code), message))
    listed = table(("", "finding", "observation and remedy"), rows, ":--", ":--", ":--")
    left = len(report.findings) - len(shown)
    return listed + (f"\n\n{left:,} more are in the full report." if left else "")


def _texts(report: Report) -> Iterable[str]:
    """Show example texts; a comment cannot hold pictures."""
    chosen = [one for one in report.examples if isinstance(one.sketch, str)]
    for why, group in phrases.by_reason(chosen):
        yield f"{text(why).capitalize()}:"
        yield "\n".join(_example_text(one) for one in group[:MOST_TEXTS])


def _example_text(example: Example) -> str:
    shown = f"{text(phrases.answer(example))}, {phrases.loss(example)}"
    return f"- {shown}: {text(str(example.sketch), MOST_OF_TEXT)}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], *sides: str) -> str:
    """Lay out a table of cells that are Markdown already."""
    lines = [head, sides, *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def text(words: str, longest: int = LONGEST) -> str:
    """Escape text so that Markdown has no effect in it."""
    shown = ACTIVE.sub(r"\\\g<0>", safe_text(words, longest).translate(ENTITIES))
    shown = REFERENCE.sub(lambda match: f"{match.group()}<!-- -->", shown)
    return ADDRESS.sub(lambda match: match.group().replace("/", "&#47;").replace(".", "&#46;"), shown)


def code(words: str) -> str:
    """Return a command as inline code, fenced by more ticks than it contains."""
    shown = safe_text(words, LONG).replace("|", "\\|")
    if "`" not in shown:
        return f"`{shown}`"
    fence = "`" * (max(map(len, re.findall("`+", shown))) + 1)
    return f"{fence} {shown} {fence}"
