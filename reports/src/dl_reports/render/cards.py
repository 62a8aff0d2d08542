"""Errors of the network in the terminal: examples, confused classes, calibration."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dl.data.pictures import draw
from dl.terminal import plain, safe_text
from dl_reports.formatting import percent
from dl_reports.render import phrases
from dl_reports.render.plot import draw_reliability
from dl_reports.report import CalibrationCard, ClassRow, Confusion, Example

ONE_ROW = 4  # thumbnails across; where more have room, one row is enough
THUMBNAIL = 18  # columns, and nearly so many pixels
STRIP, WIDE = 2.5, 38  # times wider than high, from where pictures are strips of frames, and the columns of those
LONGEST_TEXT = 320  # characters of a text example
MOST_CLASSES = 12  # of a matrix that is shown whole
MOST_PAIRS = 5
MOST_NAME = 24
MOST_SOURCE = 60  # characters of a file's name or a row
LEAST_FOUND = 10  # classes


def examples(chosen: Sequence[Example], width: int) -> RenderableType | None:
    """Show examples, grouped by reason."""
    if not chosen:
        return None
    groups: list[RenderableType] = []
    for why, group in phrases.by_reason(chosen):
        if groups:
            groups.append(Text())
        groups += [plain(why, "dim"), _group(group, width)]
    return Group(*groups)


def _group(chosen: Sequence[Example], width: int) -> RenderableType:
    """Lay pictures side by side, or texts one below the other where there are no pictures."""
    sketches = [one.sketch for one in chosen if isinstance(one.sketch, np.ndarray)]
    columns = WIDE if sketches and all(one.shape[1] > STRIP * one.shape[0] for one in sketches) else THUMBNAIL
    across = max((width + 2) // (columns + 2), 1)
    pictured = [_thumbnail(one, one.sketch, columns) for one in chosen if isinstance(one.sketch, np.ndarray)]
    pictured = pictured[: across if across > ONE_ROW else 2 * across]
    shown: list[RenderableType] = []
    for start in range(0, len(pictured), across):
        row = pictured[start : start + across]
        grid = Table.grid(padding=(0, 2, 0, 0))
        for _ in row:
            grid.add_column(width=columns)
        grid.add_row(*row)
        shown += [Text(), grid] if shown else [grid]
    return Group(*(shown or (_text(one) for one in chosen)))


def _thumbnail(example: Example, pixels: NDArray[np.uint8], columns: int) -> RenderableType:
    below = [draw(example.remade, columns)] if isinstance(example.remade, np.ndarray) else []
    answer = [plain(phrases.answer(example), "bold")] if phrases.answer(example) else []
    return Group(draw(pixels, columns), *below, *answer, *_note(example, columns))


def _text(example: Example) -> RenderableType:
    where, loss = _note(example, MOST_SOURCE)
    head = Text.assemble(plain(phrases.answer(example), "bold"), "  ", where, ", ", loss)
    if not isinstance(example.sketch, str):
        return head
    return Group(head, Padding(Text(safe_text(example.sketch, LONGEST_TEXT)), (0, 0, 0, 2)))


def _note(example: Example, longest: int) -> tuple[Text, Text]:
    """Return where an example came from, with the end of a long name, and its loss."""
    where = safe_text(phrases.where(example), LONGEST_TEXT)
    kept = where if len(where) <= longest else "…" + where[1 - longest :]
    return Text(kept, style="dim"), Text(phrases.loss(example), style="dim")


def confusion(found: Confusion, width: int) -> RenderableType | None:
    """Show the matrix where it fits, and the pairs that are confused most."""
    pairs = _pairs(found)
    matrix = _matrix(found, width)
    if matrix is None or pairs is None:
        return matrix or pairs
    grid = Table.grid(padding=(0, 5, 0, 0))
    matrix_width = _matrix_width(found)
    if matrix_width + 40 <= width:
        grid.add_row(matrix, pairs)
        return grid
    return Group(matrix, Text(), pairs)


def _pairs(found: Confusion) -> Table | None:
    if not found.pairs:
        return None
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for name in ("true", "predicted"):
        grid.add_column(name, max_width=MOST_NAME, overflow="ellipsis", no_wrap=True)
    grid.add_column("count", justify="right", no_wrap=True)
    grid.add_column("of the class", justify="right", no_wrap=True)
    for pair in found.pairs[:MOST_PAIRS]:
        grid.add_row(plain(pair.true), plain(pair.predicted), f"{pair.count:,}", percent(pair.share))
    return grid


def _matrix_width(found: Confusion) -> int:
    counts, names = _labels(found)
    cell = max(len(text) for text in (*counts, *names))
    return max(len(name) for name in names) + (cell + 1) * len(names) + 2


def _labels(found: Confusion) -> tuple[list[str], list[str]]:
    counts = [str(count) if count else "·" for count in found.counts.ravel().tolist()]
    return counts, [safe_text(name, 8) for name in found.names]


def _matrix(found: Confusion, width: int) -> Group | None:
    """Lay out a row for each true class and a column for each predicted one; None where it does not fit.

    They are lines, not a table of rich: of a hundred and more cells a table takes as long as all the rest of a report.
    """
    if not 0 < len(found.names) <= MOST_CLASSES or found.left_out or _matrix_width(found) > width:
        return None
    counts, names = _labels(found)
    size, label = len(names), max(map(cell_len, names)) + 1
    rows = [counts[k * size : (k + 1) * size] for k in range(size)]
    widths = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    worst = max((pair.count for pair in found.pairs), default=0)
    head = [(_right(name, across), "dim") for name, across in zip(names, widths, strict=True)]
    lines = [_line(" " * label, head, "dim")]
    for k, (name, row) in enumerate(zip(names, rows, strict=True)):
        styles = [_style(text, k == j, worst) for j, text in enumerate(row)]
        cells = [(_right(text, across), style) for text, across, style in zip(row, widths, styles, strict=True)]
        lines.append(_line(name + " " * (label - cell_len(name)), cells, ""))
    return Group(*lines)


def _line(label: str, cells: Sequence[tuple[str, str]], gap: str) -> Text:
    """Join the label of a row and its cells, each with its style, by blanks in the style of the gap."""
    line = Text.assemble((label, "dim"), (" ", "dim"), no_wrap=True, end="\n")
    for number, (text, style) in enumerate(cells):
        line.append(text, style)
        if number < len(cells) - 1:
            line.append(" ", gap)
    return line


def _right(text: str, width: int) -> str:
    return " " * (width - cell_len(text)) + text


def _style(text: str, right: bool, worst: int) -> str:
    if text == "·":
        return "dim"
    if right:
        return "bright_blue"
    return "bold red" if int(text) * 2 > worst else ""


def classes(found: Sequence[ClassRow]) -> RenderableType | None:
    """Show the classes that are found least, with recall and precision; nothing where there are none."""
    if not found:
        return None
    grid = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    grid.add_column("", max_width=MOST_NAME, overflow="ellipsis", no_wrap=True)
    for name in ("examples", "recall", "", "precision", ""):
        grid.add_column(name, justify="right", no_wrap=True)
    for row in found[:LEAST_FOUND]:
        shares = (phrases.share_and_interval(one) for one in (row.recall, row.precision))
        cells = (Text(text, style="dim" if k else "") for pair in shares for k, text in enumerate(pair))
        grid.add_row(plain(row.name), f"{row.examples:,}", *cells)
    if len(found) <= LEAST_FOUND:
        return grid
    return Group(grid, plain(f"{len(found) - LEAST_FOUND:,} more, in the web page and the JSON", "dim"))


def calibration(card: CalibrationCard, width: int) -> RenderableType:
    """Show the reliability diagram beside the sentence, or the sentence alone where there is no room or no bin."""
    sentence = Text(phrases.calibration(card))
    if not card.bins or width < 70:
        return sentence
    plot = Group(Text("share correct, by confidence", style="dim"), *draw_reliability(card.bins, 26, 7))
    grid = Table.grid(padding=(0, 4, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(max_width=60)
    grid.add_row(plot, Group(Text(), sentence))
    return grid
