"""The one boundary between data and the terminal.

Text that comes from data (class names, file names, messages about them) is shown through `safe_text`: no control,
escape or direction-changing character reaches the terminal, and rich never reads it as markup.
stdout is the result, stderr is progress.
"""

import re
import unicodedata

from rich.console import Console
from rich.text import Text

# Format characters that change the direction of what follows or hide it (Unicode categories Cc, Cf and line breaks).
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
LONGEST = 200  # characters of one name that are worth a reader's time


def safe_text(text: object, longest: int | None = LONGEST) -> str:
    """Return the text with every character that could act on a terminal shown as its escape.

    Args:
        text: Shown as `str` gives it.
        longest: Characters that are shown, of escapes, too; None for all.
    """
    shown = _UNSAFE.sub(lambda match: _escaped(match.group()), str(text))
    shown = "".join(c if unicodedata.category(c) != "Cf" else _escaped(c) for c in shown)
    return shown if longest is None or len(shown) <= longest else shown[: longest - 1] + "…"


def safe_lines(text: str) -> str:
    """Return a text of several lines, whole, with every character but the end of a line made safe."""
    return "\n".join(safe_text(line, longest=None) for line in text.split("\n"))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


def plain(text: object, style: str = "", longest: int = LONGEST) -> Text:
    """Return safe text as a rich renderable in which square brackets mean nothing."""
    return Text(safe_text(text, longest), style=style)


class _Console(Console):
    """A console that says when its reader has gone (``| head``); rich itself would end the program with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(*, stderr: bool = False, record: bool = False) -> Console:
    """Make a console for results (stdout) or progress (stderr); data is never markup or highlighted.

    Args:
        stderr: Whether it is for progress.
        record: Whether what is printed can be exported as text afterwards.
    """
    return _Console(stderr=stderr, record=record, markup=False, highlight=False, emoji=False)


def cell(text: object) -> str:
    """Return text for a CSV cell that a spreadsheet does not take for a formula."""
    shown = str(text)
    return f"'{shown}" if shown.startswith(("=", "+", "-", "@", "\t", "\r")) else shown
