"""Print text from data safely.

Text from data (class names, file names, messages about them) is shown through `safe_text`: no control, escape or
direction-changing character reaches the terminal, and rich never parses it as markup.
Results go to stdout, progress to stderr.
"""

import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

# Control and format characters, which can act on a terminal or reorder text (categories Cc, Cf and line breaks).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
LONGEST = 200  # characters of a name that are shown


def safe_text(text: object, longest: int | None = LONGEST) -> str:
    """Return the text with every character that could act on a terminal escaped.

    Args:
        text: Converted with `str`.
        longest: Most characters of the result, with escapes; None for no limit.
    """
    shown = _UNSAFE.sub(lambda match: _escaped(match.group()), str(text))
    shown = "".join(c if unicodedata.category(c) != "Cf" else _escaped(c) for c in shown)
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"


def safe_lines(text: str) -> str:
    """Return a text of several lines with every unsafe character except line ends escaped."""
    return "\n".join(safe_text(line, longest=None) for line in text.split("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def plain(text: object, style: str = "", longest: int = LONGEST) -> Text:
    """Return safe text as a rich renderable without markup."""
    return Text(safe_text(text, longest), style=style)


class _Console(Console):
    """A console that raises BrokenPipeError when its reader has exited (``| head``); rich itself exits with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


_shared: list[Console] = []  # the console for progress, where one is shared


def console(*, stderr: bool = False, record: bool = False) -> Console:
    """Make a console for results (stdout) or progress (stderr), without markup and highlighting.

    Args:
        stderr: Whether it is for progress.
        record: Whether what is printed can be exported as text afterwards.
    """
    if stderr and not record and _shared:
        return _shared[-1]
    return _Console(stderr=stderr, record=record, force_jupyter=False, markup=False, highlight=False, emoji=False)


@contextmanager
def sharing_progress() -> Iterator[Console]:
    """While this context lasts, let all that is for progress go to one console, which keeps its lines apart."""
    _shared.append(_Console(stderr=True, force_jupyter=False, markup=False, highlight=False, emoji=False))
    try:
        yield _shared[-1]
    finally:
        _shared.pop()


def cell(text: object) -> str:
    """Return text for a CSV cell that a spreadsheet does not evaluate as a formula; numbers stay as they are."""
    shown = str(text)
    begins = shown.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{shown}" if begins and not _NUMBER.fullmatch(shown) else shown
