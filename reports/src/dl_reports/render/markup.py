"""Markup: HTML and SVG elements as values. Text is escaped unless it already is markup, so nothing can be forgotten.

>>> tag("p", "a < b", tag("b", "!"), class_="note")
'<p class="note">a &lt; b<b>!</b></p>'
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from dl.terminal import LONGEST, safe_text

VOID = {"meta", "img", "br"}  # elements of HTML that have no end tag


class Markup(str):
    """Text that is markup already: made by `tag`, `joined` and `trusted` alone."""

    __slots__ = ()


def tag(
    name: str, /, *content: str | Markup | None, longest: int = LONGEST, **attributes: str | float | None
) -> Markup:
    """Return an element with safe content; a trailing underscore in an attribute's name is dropped, others are dashes.

    Args:
        name: Of the element.
        *content: Markup, or text out of data; None is left out.
        longest: Characters of each text.
        **attributes: Those that are None are left out.
    """
    pairs = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    head = "".join(f' {key}="{joined([value if isinstance(value, str) else str(value)])}"' for key, value in pairs)
    if name in VOID:
        return Markup(f"<{name}{head}>")
    return Markup(f"<{name}{head}>{joined(content, longest)}</{name}>")


def joined(content: Iterable[str | Markup | None], longest: int = LONGEST) -> Markup:
    """Return pieces one after the other, text among them made safe."""
    return Markup("".join(one if isinstance(one, Markup) else safe(one, longest) for one in content if one is not None))


def safe(text: str, longest: int = LONGEST) -> Markup:
    """Return text that no browser takes for markup, without control or direction-changing characters, cut."""
    return Markup(escape(safe_text(text, longest)))


def trusted(text: str) -> Markup:
    """Return text of our own making as markup."""
    return Markup(text)
