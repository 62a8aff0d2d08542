"""A picture of the report as a terminal shows it, in SVG: for a README, where fonts do not hold the grid of a terminal.

Text stands where its column is, braille becomes dots, half blocks become pixels; light and dark follow the reader.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from dl.terminal import safe_text
from dl_reports.render.terminal import print_report
from dl_reports.report import Report

COLUMN, LINE, MARGIN = 8.4, 17.0, 16.0
BASE = 12.5  # from the top of a line to its baseline
DOT = (2.1, 2.1, 4.2, 4.25)  # first dot right and down, distance across and down
PLACES = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]  # of a braille character's bits
COLOURS = {1: "c1", 2: "c2", 3: "c3", 5: "c5", 12: "c12"}  # of the sixteen, those that the report uses
# How a box-drawing character is drawn within its cell: moves in shares of the cell.
RULES = {
    "━": ((0, 0.5, 1, 0.5),),
    "─": ((0, 0.5, 1, 0.5),),
    "│": ((0.5, 0, 0.5, 1),),
    "┊": ((0.5, 0.1, 0.5, 0.4), (0.5, 0.6, 0.5, 0.9)),
    "┤": ((0.5, 0, 0.5, 1), (0.1, 0.5, 0.5, 0.5)),
    "└": ((0.5, 0, 0.5, 0.5), (0.5, 0.5, 1, 0.5)),
}


@dataclass(frozen=True)
class Cell:
    """One character on the grid."""

    column: int
    row: int
    character: str
    style: Style

    @property
    def x(self) -> float:
        """Left edge."""
        return MARGIN + self.column * COLUMN

    @property
    def y(self) -> float:
        """Upper edge."""
        return MARGIN + self.row * LINE

    @property
    def kind(self) -> str:
        """How it is drawn."""
        if self.character in RULES:
            return "bar" if self.character == "━" else "rule"
        if 0x2800 <= ord(self.character) <= 0x28FF:
            return "dots"
        return "pixels" if self.character == "▀" else "words"

    @property
    def look(self) -> str:
        """Classes of the style sheet."""
        number = self.style.color.number if self.style.color else None
        colour = COLOURS.get(number, "") if number is not None else ""
        return " ".join(filter(None, (colour, "bold" if self.style.bold else "", "dim" if self.style.dim else "")))


def to_svg(report: Report, width: int) -> str:
    """Return the terminal report of so many columns as the text of a picture."""
    rows = list(_rows(report, width))
    shapes = [shape for cells in rows for shape in _drawn(cells)]
    size = f"0 0 {2 * MARGIN + width * COLUMN:.0f} {2 * MARGIN + len(rows) * LINE:.0f}"
    style = Path(__file__).with_name("shot.css").read_text(encoding="utf-8")
    title = f"<title>{escape(safe_text(report.header.run))}</title>"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" role="img">'
    return "\n".join([head, title, f"<style>{style}</style>", *shapes, "</svg>"]) + "\n"


def _rows(report: Report, width: int) -> Iterator[list[Cell]]:
    stream = io.StringIO()
    colours = {"force_terminal": True, "color_system": "truecolor", "no_color": False}
    print_report(report, Console(file=stream, width=width, **colours))  # type: ignore[arg-type]  # of three kinds
    console = Console(file=io.StringIO(), width=width)
    for row, line in enumerate(stream.getvalue().splitlines()):
        segments: Iterator[Segment] = iter(Text.from_ansi(line).render(console))
        characters = [(character, one.style or Style()) for one in segments for character in one.text]
        yield [Cell(column, row, *both) for column, both in enumerate(characters)]


def _drawn(cells: list[Cell]) -> Iterator[str]:
    """Draw the shapes of one line, neighbours of one kind and one style together."""
    for (kind, look), group in groupby(cells, key=lambda cell: (cell.kind, cell.look)):
        run = list(group)
        if kind == "words":
            yield from _words(run, look)
        elif kind == "pixels":
            yield from _pixels(run)
        else:
            path = "".join(_dots(cell) if kind == "dots" else _rule(cell) for cell in run)
            yield f'<path d="{path}" class="{" ".join(filter(None, (kind, look)))}"/>'


def _words(run: list[Cell], look: str) -> Iterator[str]:
    text = "".join(cell.character for cell in run)
    if text.strip():
        wide = f'textLength="{len(text) * COLUMN:.1f}" lengthAdjust="spacingAndGlyphs"'
        place = f'x="{run[0].x:.1f}" y="{run[0].y + BASE:.1f}"'
        yield f'<text {place} {wide} class="{look}" xml:space="preserve">{escape(text)}</text>'


def _dots(cell: Cell) -> str:
    bits = ord(cell.character) - 0x2800
    chosen = [place for bit, place in enumerate(PLACES) if bits >> bit & 1]
    return "".join(f"M{cell.x + DOT[0] + x * DOT[2]:.1f} {cell.y + DOT[1] + y * DOT[3]:.1f}h0" for x, y in chosen)


def _rule(cell: Cell) -> str:
    lines = RULES[cell.character]
    return "".join(
        f"M{cell.x + a * COLUMN:.1f} {cell.y + b * LINE:.1f}L{cell.x + c * COLUMN:.1f} {cell.y + d * LINE:.1f}"
        for a, b, c, d in lines
    )


def _pixels(run: list[Cell]) -> Iterator[str]:
    """Draw two rows of pixels, equal neighbours in one rectangle, slightly too large so that nothing shows between."""
    for below in (0, 1):
        for colour, group in groupby(run, key=lambda cell: _colour(cell.style, below)):
            same = list(group)
            x, y = same[0].x, same[0].y + below * LINE / 2
            size = f'width="{len(same) * COLUMN + 0.5:.1f}" height="{LINE / 2 + 0.5:.1f}"'
            yield f'<rect x="{x:.1f}" y="{y:.1f}" {size} style="fill:{colour}"/>'


def _colour(style: Style, below: int) -> str:
    colour = style.bgcolor if below else style.color
    return colour.get_truecolor().hex if colour else "none"
