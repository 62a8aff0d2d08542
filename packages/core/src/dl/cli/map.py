"""The map of `dl show --map`: examples in the plane, drawn with a letter for each class, and what stands out."""

from __future__ import annotations

import string
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from dl.cli.json_output import print_json
from dl.errors import BadOption
from dl.files import write_text
from dl.maps.example_map import Colouring, ExampleMap
from dl.plugins.registered import registered
from dl.terminal import console, plain
from dl.words import many

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDEST = 120  # columns
ASPECT = 0.28  # lines for each column
LETTERS = string.ascii_lowercase + string.ascii_uppercase
STYLES = ("bright_blue", "bright_red", "bright_green", "bright_yellow", "bright_magenta", "bright_cyan")
DOTS = ".oO"  # one example, a few, many
FEW, MANY = 2, 6
LISTED = 20  # groups in the key
LONG = 1_000  # characters of a line


@dataclass(frozen=True)
class MapFlags:
    """The options of a map, as typed.

    Args:
        on: What is projected.
        project: The projection.
        sample: Number of examples; 0 for the default.
        seed: Of the draw; None for 0.
        html: A file for the page, or None.
    """

    on: str = ""
    project: str = ""
    sample: int = 0
    seed: int | None = None
    html: Path | None = None


def show_map(
    words: Sequence[str], task: str, options: Mapping[str, object], runs: Path, flags: MapFlags, *, as_json: bool
) -> None:
    """Print the map of data, or write its page.

    Raises:
        BadOption: If no data is named.
    """
    import dl
    from dl.cli.cards import KINDS
    from dl.inspection.check import refuse_unknown

    plugins = registered()
    if len(words) > 2 or (len(words) == 2 and words[0] != "dataset" and words[0] not in plugins.domains):
        kind = f"{words[0]!r} is no data" if words[0] in KINDS else f"{' '.join(words)!r}: expected one name or path"
        raise BadOption(f"{kind}; --map draws data  example: dl show digits --map")
    domain = words[0] if len(words) == 2 and words[0] != "dataset" else ""
    refuse_unknown(words[-1], plugins)
    with redirect_stdout(sys.stderr):  # a network may print
        shown = dl.map_examples(
            domain, words[-1], on=flags.on or "inputs", project=flags.project, sample=flags.sample, task=task,
            seed=flags.seed or 0, runs=runs, plugins=plugins, **options,
        )  # fmt: skip
    if flags.html is not None:
        write_text(flags.html, shown.to_html())
        console(stderr=True).print(f"wrote {flags.html}", soft_wrap=True)
    if as_json:
        print_json(shown.as_dict())
    elif flags.html is None:
        print_map(shown, console())


def print_map(shown: ExampleMap, out: Console) -> None:
    """Print a map, as wide as the console is, up to 120 columns."""
    width = min(out.width, WIDEST)
    title = f"{shown.data}: {shown.drawn}, {shown.domain} {shown.read_as}"
    out.print(plain(title, "bold", LONG))
    out.print(_line(f"{shown.projection}, {shown.reason}", "dim"))
    marks = letters(shown.colouring)
    for row in draw_plane(shown, marks, width - 2, max(int(width * ASPECT), 8)):
        out.print(Text("  ").append(row), soft_wrap=True)
    if shown.colouring.names:
        out.print(_key(shown.colouring, marks))
    for remark in shown.remarks:
        out.print(Padding(Text("! ", "bold yellow") + plain(remark.message, longest=LONG), (0, 0, 0, 2), expand=False))
    if not shown.remarks:
        out.print(_line("nothing stands out beyond chance: no clusters, no lone example, no copy"))
    for words in shown.figures:
        out.print(_line(words, "dim"))
    for words in shown.notes:
        out.print(_line(f"note: {words}", "dim"))


def _line(words: str, style: str = "") -> Padding:
    return Padding(plain(words, style, LONG), (0, 0, 0, 2), expand=False)


def letters(colouring: Colouring) -> tuple[str, ...]:
    """Return a character for each group: its name or its first letter where these differ, else a, b, c, ...

    Groups beyond the letters share an asterisk.
    """
    names = colouring.names
    first = tuple(name.strip()[:1] for name in names)
    if all(len(name) == 1 and name.isascii() and name.isalnum() for name in names) and len(set(names)) == len(names):
        return names
    if all(one.isascii() and one.isalnum() for one in first) and len(set(first)) == len(first):
        return first
    return tuple(LETTERS[k] if k < len(LETTERS) else "*" for k in range(len(names)))


def draw_plane(shown: ExampleMap, marks: Sequence[str], columns: int, rows: int) -> list[Text]:
    """Draw the plane: at each place the letter of the most common group there, or a dot by the number of examples."""
    across = np.minimum((shown.places[:, 0] * columns).astype(np.int64), columns - 1)
    down = np.minimum(((1 - shown.places[:, 1]) * rows).astype(np.int64), rows - 1)
    cells = down * columns + across
    count = np.bincount(cells, minlength=rows * columns)
    most = _most_common(cells, shown.colouring.numbers, rows * columns)
    lines = []
    for row in range(rows):
        line = Text()
        for cell in range(row * columns, (row + 1) * columns):
            if not count[cell]:
                line.append(" ")
            elif marks:
                number = int(most[cell])
                line.append(marks[number], STYLES[number % len(STYLES)])
            else:
                line.append(DOTS[int(count[cell] >= FEW) + int(count[cell] >= MANY)])
        line.rstrip()
        lines.append(line)
    return lines


def _most_common(cells: NDArray[np.int64], numbers: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """Return the most common number in each cell, (size,); 0 in an empty one."""
    groups = int(numbers.max(initial=0)) + 1
    counts = np.bincount(cells * groups + numbers, minlength=size * groups).reshape(size, groups)
    most: NDArray[np.int64] = counts.argmax(axis=1)
    return most


def _key(colouring: Colouring, marks: Sequence[str]) -> Padding:
    counts = np.bincount(colouring.numbers, minlength=len(marks))
    shown = Text(f"{colouring.by}: ", "dim")
    for number, (mark, name) in enumerate(list(zip(marks, colouring.names, strict=True))[:LISTED]):
        shown.append(mark, f"bold {STYLES[number % len(STYLES)]}")
        if mark != name:
            shown.append(" ").append(plain(name, longest=40))
        shown.append(f" {counts[number]:,}", "dim").append("   ")
    if len(marks) > LISTED:
        shown.append(f"and {many(len(marks) - LISTED, 'other')}", "dim")
    shown.rstrip()
    return Padding(shown, (0, 0, 0, 2), expand=False)
