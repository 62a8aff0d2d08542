"""The sheet of a workflow in the terminal, as Markdown and as one self-contained page."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from jinja2 import Template
from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl.runs.wording import MARKS
from dl.terminal import plain, safe_text
from dl_reports.render.html import make_environment, packaged
from dl_reports.render.markdown import code, table, text
from dl_reports.render.plot import draw_chart
from dl_reports.render.terminal import GOOD, INDENT, LONG, WIDEST, show_next
from dl_reports.render.trimmed import Trimmed
from dl_reports.sheet import Block, Drawn, Grid, Sheet

ROWS = 10  # of a plot


def print_sheet(sheet: Sheet, console: Console) -> None:
    """Print a sheet, as wide as the console is, up to 140 columns."""
    width = min(console.width, WIDEST)
    console.print(Trimmed(Group(*_parts(sheet, width))), width=width, highlight=False)


def _parts(sheet: Sheet, width: int) -> Iterable[RenderableType]:
    line = Table.grid(expand=True, padding=(0, 2))
    line.add_column(overflow="fold")
    line.add_column(justify="right")
    line.add_row(plain(sheet.name, "bold"), plain(sheet.state, "dim"))
    yield line
    mark, style = MARKS.get(sheet.severity, GOOD)
    grid = Table.grid(padding=(0, 1))
    grid.add_row(Text(mark, style=style), Text(safe_text(sheet.sentence, LONG), style="bold"))
    yield Text()
    yield grid
    for block in sheet.blocks:
        yield Text(f"\n{safe_text(block.title)}", style="bold")
        yield Padding(Group(*_block(block, width - INDENT)), (0, 0, 0, INDENT), expand=False)
    if (shown := show_next(sheet.next, width - INDENT)) is not None:
        yield Text("\nnext", style="bold")
        yield Padding(shown, (0, 0, 0, INDENT), expand=False)


def _block(block: Block, width: int) -> Iterable[RenderableType]:
    if block.facts:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for name, fact in block.facts:
            grid.add_row(plain(name), plain(fact, longest=LONG))
        yield grid
    if block.grid:
        yield _grid(block.grid)
    for drawn in block.drawn:
        yield Group(Text(), *draw_chart(drawn.chart, width, ROWS, drawn.labels), Text())
    for words in block.lines:
        yield plain(words, longest=LONG)


def _grid(grid: Grid) -> Table:
    shown = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    last = len(grid.head) - 1
    for k, name in enumerate(grid.head):
        side: JustifyMethod = "right" if k in grid.numbers else "left"
        shown.add_column(plain(name), justify=side, overflow="fold", no_wrap=not k, max_width=None if k else 40)
    for k, row in enumerate(grid.rows):
        style = "bold" if k in grid.strong else ""
        shown.add_row(*(plain(cell, style if j < last else "", LONG) for j, cell in enumerate(row)))
    return shown


def sheet_to_markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown."""
    return "\n\n".join(part for part in _markdown(sheet) if part) + "\n"


def _markdown(sheet: Sheet) -> Iterable[str]:
    yield f"### {text(sheet.name)}"
    yield f"**{text(sheet.sentence, LONG)}**"
    yield text(sheet.state)
    for block in sheet.blocks:
        yield f"#### {text(block.title)}"
        yield "\n".join(f"- {text(name)}: {text(fact, LONG)}" for name, fact in block.facts)
        if block.grid:
            sides = ["--:" if k in block.grid.numbers else ":--" for k in range(len(block.grid.head))]
            rows = [[text(cell, LONG) for cell in row] for row in block.grid.rows]
            rows = [[f"**{row[0]}**", *row[1:]] if k in block.grid.strong else row for k, row in enumerate(rows)]
            yield table([text(name) for name in block.grid.head], rows, *sides)
        yield "\n\n".join(text(line, LONG) for line in block.lines)
    yield "\n".join(f"- {code(one.command)} {text(one.why)}".rstrip() for one in sheet.next)


def sheet_to_html(sheet: Sheet) -> str:
    """Return a sheet as the text of a page."""
    return _template().render(sheet=sheet, key=_key)


def _key(drawn: Drawn) -> list[str]:
    """Return the parts of a plot, for its legend."""
    return [curve.part for curve in reversed(drawn.chart.curves)]


@cache
def _template() -> Template:
    return make_environment().from_string(packaged("sheet.html.j2"))
