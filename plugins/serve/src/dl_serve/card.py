"""The card of a served model: the Markdown of `dl.exporting.card`, its sections as JSON, and a page.

The Markdown is that of the card alone: headings, lists, tables, fenced lines, paragraphs, and marked words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from itertools import groupby
from typing import Any

from dl.exporting.card import write_card
from dl.exporting.forms import answers_of, parts_of
from dl.exporting.recall import Recall, recalls_of
from dl.inference.loaded import LoadedRun
from dl.plugins.registry import Plugins
from dl_serve.kept import Kept

FENCE = "```"


def card_of(opened: LoadedRun, plugins: Plugins, kept: Kept | None, name: str) -> str:
    """Write the card of a served run.

    Args:
        opened: The run.
        plugins: The registered plugins.
        kept: Its validation examples, for the recall of each class; None where it keeps none.
        name: Under which it is served.

    Raises:
        DLError: If files of the run are damaged.
    """
    use = [f"Served as {name}: POST /v1/runs/{name}/predict"]
    return write_card(opened.run, opened.recipe, plugins, recalls=_recalls(opened, kept), export=use)


def _recalls(opened: LoadedRun, kept: Kept | None) -> tuple[Recall, ...]:
    """Return the recall of each class and label on the validation examples that a run keeps."""
    if kept is None or not any(one.info.has_probabilities for _, one in parts_of(opened.task)):
        return ()
    return recalls_of(opened.task, kept.targets, [one.numpy() for one in answers_of(opened.task, kept.logits)])


def sections_of(card: str) -> list[dict[str, Any]]:  # Any: JSON
    """Return the sections of a card: their titles, the first that of the card, and their Markdown."""
    found, fenced = list[dict[str, Any]](), False
    for line in card.splitlines():
        fenced ^= line.startswith(FENCE)
        if not fenced and line.startswith("#"):
            found.append({"title": line.lstrip("# "), "markdown": []})
        elif found:
            found[-1]["markdown"].append(line)
    return [{**one, "markdown": "\n".join(one["markdown"]).strip()} for one in found]


def to_html(card: str) -> str:
    """Return the elements of a card; all of its words are escaped."""
    return "\n".join(_elements(card.splitlines()))


def _elements(lines: list[str]) -> Iterator[str]:
    """Yield block by block: lines of one kind that follow each other."""
    kinds, fenced = [], False
    for line in lines:
        mark = line.startswith(FENCE)
        kinds.append("fence" if mark or fenced else _kind(line))
        fenced ^= mark
    for kind, pairs in groupby(zip(kinds, lines, strict=True), key=lambda pair: pair[0]):
        yield from BLOCKS[kind]([line for _, line in pairs])


def _kind(line: str) -> str:
    starts = {"#": "heading", "- ": "list", "|": "table"}
    return next((kind for start, kind in starts.items() if line.startswith(start)), "text" if line.strip() else "blank")


def _headings(lines: list[str]) -> Iterator[str]:
    for line in lines:
        level = 1 if line.startswith("# ") else 2
        yield f"<h{level}>{_words(line.lstrip('# '))}</h{level}>"


def _list(lines: list[str]) -> Iterator[str]:
    yield f"<ul>{''.join(f'<li>{_words(line[2:])}</li>' for line in lines)}</ul>"


def _table(lines: list[str]) -> Iterator[str]:
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    yield f'<div class="wide"><table><thead><tr>{"".join(f"<th scope=col>{_words(cell)}</th>" for cell in head)}</tr>'
    yield "</thead><tbody>"
    for first, *others in rows:
        cells = "".join(f"<td>{_words(cell)}</td>" for cell in others)
        yield f"<tr><th scope=row>{_words(first)}</th>{cells}</tr>"
    yield "</tbody></table></div>"


def _fence(lines: list[str]) -> Iterator[str]:
    inside = [line for line in lines if not line.startswith(FENCE)]
    yield f"<pre>{escape(chr(10).join(inside))}</pre>"


def _text(lines: list[str]) -> Iterator[str]:
    yield from (f"<p>{_words(line)}</p>" for line in lines)


def _words(line: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(line))


BLOCKS: dict[str, Callable[[list[str]], Iterator[str]]] = {
    "heading": _headings,
    "list": _list,
    "table": _table,
    "fence": _fence,
    "text": _text,
    "blank": lambda lines: iter(()),
}
