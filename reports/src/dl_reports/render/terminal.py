"""The report in the terminal: the verdict first, then its grounds, then the next commands.

Only the sixteen ANSI colours are used, never as the only carrier of meaning; pictures alone take more where there are
more. Everything from data goes through `safe_text`.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl.runs.wording import MARKS
from dl.terminal import plain, safe_text
from dl_reports.render import cards, phrases
from dl_reports.render.chart import charts
from dl_reports.render.plot import draw_chart
from dl_reports.render.residuals import show_residuals
from dl_reports.render.trimmed import Indented, Trimmed
from dl_reports.report import BaselineRow, Command, Header, Report, Section, Unchecked

WIDEST = 140  # columns; a line that is longer is hard to read
WIDEST_LADDER = 96
TWO_PLOTS = 110  # columns needed for two plots side by side
LONG = 1000  # characters of a message
GOOD = ("✓", "bold green")
INDENT = 2
HEADS = "targets"


def print_report(report: Report, console: Console) -> None:
    """Print a report, as wide as the console is, up to 140 columns."""
    width = min(console.width, WIDEST)
    console.print(Trimmed(*_parts(report, width)), width=width, highlight=False)


def _parts(report: Report, width: int) -> Iterable[RenderableType | Indented]:
    inner = width - INDENT
    yield from _header(report.header, width)
    yield from show_verdict(report)
    yield from _titled(*show_scores(report, inner))
    yield from _titled(HEADS, show_heads(report))
    yield from _titled("network", _network(report))
    yield from _titled("learning curves", _curves(report, inner))
    yield from _titled("findings", _findings(report, inner))
    yield from _titled("examples worth a look", cards.examples(report.examples, inner))
    yield from _titled("threshold", _sentence(phrases.thresholds(report)))
    if report.confusion is not None:
        yield from _titled("confused classes", cards.confusion(report.confusion, inner))
    yield from _titled("errors by prediction", show_residuals(report.residuals, inner))
    yield from _titled("classes, the least found first", cards.classes(report.classes))
    if report.calibration is not None:
        yield from _titled("calibration", cards.calibration(report.calibration, inner))
    yield from _titled("evaluations of each set", _reuse(report))
    for section in report.sections:
        yield from _titled(safe_text(section.title), _section(section))
    yield from _titled("not checked", _unchecked(report.unchecked))
    yield from _titled("next", show_next(report.next, inner))


def _network(report: Report) -> RenderableType | None:
    """Draw the network if it has branches; a stack of layers was shown before the first step."""
    if report.network is None or not report.network.branches:
        return None
    lines = report.network.folded().text().splitlines()
    return Group(*(Text(safe_text(line), no_wrap=True, overflow="ellipsis") for line in lines))


def _sentence(words: str) -> RenderableType | None:
    return Text(safe_text(words, LONG)) if words else None


def _titled(title: str, body: RenderableType | None) -> Iterable[RenderableType | Indented]:
    if body is not None:
        yield Text(f"\n{title}", style="bold")
        yield Indented(body, INDENT)


def _header(header: Header, width: int) -> Iterable[RenderableType]:
    yield show_name(header)
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for name, fact in phrases.facts(header):
        grid.add_row(name, plain(fact))
    if header.message:
        grid.add_row("ended", plain(header.message, "bold"))
    yield grid


def show_name(header: Header) -> RenderableType:
    """Lay out the name of the run, and how the fit ended."""
    line = Table.grid(expand=True, padding=(0, 2))
    line.add_column(overflow="fold")
    line.add_column(justify="right")
    line.add_row(plain(header.run, "bold"), plain(phrases.state(header), "dim"))
    return line


def show_verdict(report: Report) -> Iterable[RenderableType]:
    """Lay out the first sentence, and the three answers below it: sign, question, answer and interval."""
    verdict = report.verdict
    mark, style = MARKS.get(verdict.severity, GOOD)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column()
    grid.add_row(Text(mark, style=style), Text(safe_text(verdict.sentence, LONG), style="bold"))
    yield Text()
    yield grid
    if not verdict.answers:
        return
    rows = Table.grid(padding=(0, 1))
    for wide in (False, False, True, False):
        rows.add_column(no_wrap=not wide)
    for given in verdict.answers:
        mark, style = MARKS.get(given.severity, GOOD)
        spread = phrases.answer_interval(given, report.header.metric)
        words = Text(safe_text(given.message, LONG))
        rows.add_row(Text(mark, style=style), plain(given.question, "dim"), words, Text(spread, style="dim"))
    yield Text()
    yield Padding(rows, (0, 0, 0, INDENT), expand=False)


def show_scores(report: Report, width: int, *, brief: bool = False) -> tuple[str, RenderableType | None]:
    """Lay out baselines and network, worst first, and the scores at the best epoch below.

    Args:
        report: With the rows.
        width: Of the terminal, less the indent.
        brief: Show the network, the best constant answer and the best cheap rival alone.
    """
    metric = report.header.metric
    if not report.ladder:
        return "", None
    grid = Table.grid(padding=(0, 2))
    grid.width = min(width, WIDEST_LADDER)
    grid.add_column(max_width=max(grid.width * 2 // 5, 12), overflow="ellipsis", no_wrap=True)
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(no_wrap=True, min_width=14)
    largest = max((abs(row.score.value) for row in report.ladder), default=1.0) or 1.0
    full = metric.perfect if metric.higher else largest
    for row in _ladder(report, brief=brief):
        style = "bold" if row.ours else ""
        bar = Bar(max(row.score.value / full, 0.0), "bright_blue" if row.ours else "dim")
        shown = (phrases.value(metric, row.score), phrases.interval(metric, row.score))
        named = plain(phrases.baseline_name(row), style)
        grid.add_row(named, bar, Text(shown[0], style=style), Text(shown[1], style="dim"))
    title = f"{safe_text(phrases.title(metric))} on validation"
    for name, number, spread in () if brief else phrases.other_scores(report):
        grid.add_row(Text(name, style="dim"), "", number, Text(spread, style="dim"))
    return f"{title}{phrases.at_epoch(report)}", grid


def show_heads(report: Report) -> RenderableType | None:
    """Lay out several targets: score, loss and share of each, and its verdict below; None for a single one."""
    if not report.heads:
        return None
    grid = Table.grid(padding=(0, 1))
    for wide in (False, True):
        grid.add_column(no_wrap=not wide)
    for one in report.heads:
        mark, style = MARKS.get(one.severity, GOOD)
        facts = phrases.head(one)
        words = Text.assemble((safe_text(one.name), "bold"), f"  {facts}\n", safe_text(one.sentence, LONG))
        grid.add_row(Text(mark, style=style), words)
    return grid


def _ladder(report: Report, *, brief: bool) -> Sequence[BaselineRow]:
    if not brief:
        return report.ladder
    best = [_best([row for row in report.ladder if not row.ours and row.rival is rival]) for rival in (False, True)]
    return [row for row in report.ladder if row.ours or any(row is one for one in best)]


def _best(rows: Sequence[BaselineRow]) -> BaselineRow | None:
    """Return the last of rows, the worst of which is first; of equal ones the first."""
    return next((row for row in rows if row.score.value == rows[-1].score.value), None)


class Bar:
    """Draw a bar over a share of the width."""

    def __init__(self, share: float, style: str) -> None:
        self.share, self.style = min(share, 1.0) if share == share else 0.0, style

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        length = max(round(self.share * options.max_width), 1)
        yield Text("━" * length, style=self.style, no_wrap=True)


def _curves(report: Report, width: int) -> RenderableType | None:
    drawn = charts(report)
    if not drawn:
        return None
    beside = width + INDENT >= TWO_PLOTS and len(drawn) > 1
    each = (width - 4) // 2 if beside else width
    plots = [draw_chart(chart, each, 13 if beside else 10) for chart in drawn]
    if not beside:
        return Group(*(Group(Text() if k else Text(end=""), *plot) for k, plot in enumerate(plots)))
    tallest = max(len(plot) for plot in plots)
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_row(*(Group(plot[0], *[Text()] * (tallest - len(plot)), *plot[1:]) for plot in plots))
    return grid


def _findings(report: Report, width: int) -> RenderableType | None:
    silenced = [plain(phrases.silenced(report), "dim")] if report.ignored else []
    if not report.findings:
        return Group(*silenced) if silenced else None
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    if wide := width + INDENT >= TWO_PLOTS:
        grid.add_column(no_wrap=True, max_width=40)
        grid.add_column(no_wrap=True)
    grid.add_column()
    for finding in report.findings:
        mark, style = MARKS.get(finding.severity, MARKS["note"])
        code = plain(finding.code, "bold")
        shown: RenderableType = Text(safe_text(finding.message, LONG))
        if finding.next:
            shown = Group(shown, Typed(finding.next, "bright_blue", Text("→ ", style="dim")))
        if wide:
            grid.add_row(Text(mark, style=style), code, Text(f" {finding.severity:<6}", style="dim"), shown)
        else:
            code.append(f"  {finding.severity}", style="not bold dim")
            grid.add_row(Text(mark, style=style), Group(code, shown))
    return Group(grid, *silenced)


def _section(section: Section) -> RenderableType:
    return Group(*(Text(safe_text(line, LONG)) for line in section.lines))


def _reuse(report: Report) -> RenderableType | None:
    if not report.reuse:
        return None
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column()
    for one in report.reuse:
        grid.add_row(phrases.PARTS[one.part], Text(phrases.reuse(one, report.header.metric)))
    return grid


def _unchecked(unchecked: tuple[Unchecked, ...]) -> RenderableType | None:
    if not unchecked:
        return None
    grid = Table.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(style="dim")
    for one in unchecked:
        grid.add_row(plain(one.what), Text(safe_text(one.why, LONG)))
    return grid


def show_next(commands: tuple[Command, ...], width: int) -> RenderableType | None:
    """Lay out commands with their purpose: side by side where all fit, else one below the other."""
    if not commands:
        return None
    lines = [(Text(safe_text(one.command, LONG), style="bold"), plain(one.why, "dim")) for one in commands]
    longest = [max(line.cell_len for line in column) for column in zip(*lines, strict=True)]
    if sum(longest) + 2 > width or any(one.instead for one in commands):
        parts: list[RenderableType] = []
        for one, (_, why) in zip(commands, lines, strict=True):
            parts += [
                Typed(one.command, "bold"),
                *(Padding(shown, (0, 0, 0, 2)) for shown in (why, *_others(one, width - 2))),
            ]
        return Group(*parts)
    grid = Table.grid(padding=(0, 2))
    for line in lines:
        grid.add_row(*line)
    return grid


def _others(command: Command, width: int) -> list[Text]:
    """List the alternatives to a command in lines broken between them; none without alternatives."""
    whole = ", ".join(safe_text(one, LONG).replace(" ", "\0") for one in command.instead)
    wrapped = textwrap.wrap(f"or {whole}", width, break_on_hyphens=False) if whole else []
    return [plain(line.replace("\0", " "), "dim") for line in wrapped]


class Typed:
    """A command, broken between words where it must be, with a stroke that lets a shell read on: it can be pasted.

    Args:
        command: As it is typed.
        style: Of it.
        before: Prefix of its first line.
    """

    def __init__(self, command: str, style: str, before: Text | None = None) -> None:
        self.words = _typed_words(command)
        self.style, self.before = style, before or Text()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width - self.before.cell_len
        lines = [self.words[0]]
        for word in self.words[1:]:
            longer = f"{lines[-1]} {word}"
            if cell_len(longer) + 2 <= width or (word is self.words[-1] and cell_len(longer) <= width):
                lines[-1] = longer
            else:
                lines.append(f"  {word}")
        for number, line in enumerate(lines):
            shown = Text(" " * self.before.cell_len, no_wrap=True, overflow="ignore")
            shown = shown if number else Text("", no_wrap=True, overflow="ignore").append_text(self.before)
            more = " \\" if number < len(lines) - 1 else ""
            yield shown.append(safe_text(line, LONG) + more, style=self.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        longest = max(map(cell_len, self.words)) + self.before.cell_len
        whole = cell_len(" ".join(self.words)) + self.before.cell_len
        return Measurement(min(longest, options.max_width), min(whole, options.max_width))


def _typed_words(command: str) -> list[str]:
    """Return the words of a command, quoted if needed; a command that no shell can parse is returned whole."""
    try:
        return [shlex.quote(word) for word in shlex.split(command)] or [command]
    except ValueError:
        return [command]
