"""Text without trailing blanks, and in ASCII for a stream that takes nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

PLAIN = dict(zip("━─│┤└┊→✓…·−–’●├╮╯╭╰┬┴┼", "=-||+:>+~.--'o++++++++", strict=True)) | dict(
    zip(" ░▒▓█▀┌┐┘╱╲○×²←▏", " .:#@#+++/\\xx2<|", strict=True)
)
BRAILLE = range(0x2800, 0x2900)


class Indented:
    """Move a body to the right; rich's padding would first measure all of it, to pad the right side too.

    Args:
        body: That is shown.
        by: Columns.
    """

    def __init__(self, body: RenderableType, by: int) -> None:
        self.body, self.by = body, by

    def lines(self, console: Console, options: ConsoleOptions) -> Iterator[list[Segment]]:
        """Yield the lines of the body, each behind the blanks."""
        for line in console.render_lines(self.body, options.update_width(options.max_width - self.by), pad=False):
            yield [Segment(" " * self.by), *line]


class Trimmed:
    """Render parts to text without trailing blanks, in ASCII if the stream takes nothing else.

    Args:
        parts: One below the other.
    """

    def __init__(self, *parts: RenderableType | Indented) -> None:
        self.parts = parts

    def _lines(self, console: Console, options: ConsoleOptions) -> Iterable[list[Segment]]:
        for part in self.parts:
            if isinstance(part, Indented):
                yield from part.lines(console, options)
            else:
                yield from console.render_lines(part, options, pad=False)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._lines(console, options):
            while line and not line[-1].text.strip():
                line.pop()
            for segment in [*line[:-1], *(Segment(last.text.rstrip(), last.style) for last in line[-1:])]:
                yield Segment(in_ascii(segment.text) if options.ascii_only else segment.text, segment.style)
            yield Segment.line()


def in_ascii(text: str) -> str:
    """Return a text with the characters of pictures in ASCII; others outside of it become a question mark."""
    return "".join(map(_in_ascii, text))


def _in_ascii(character: str) -> str:
    if character.isascii():
        return character
    if ord(character) in BRAILLE:
        return " .:"[min((ord(character) - BRAILLE.start).bit_count(), 2)]
    return PLAIN.get(character, "?")
