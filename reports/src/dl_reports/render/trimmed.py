"""Text without trailing blanks, and in ASCII for a stream that takes nothing else."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.segment import Segment

PLAIN = dict(zip("━─│┤└┊→✓…·−–’●├╮╯╭╰┬┴┼", "=-||+:>+~.--'o++++++++", strict=True)) | dict(
    zip(" ░▒▓█▀┌┐┘╱╲○×²←▏", " .:#@#+++/\\xx2<|", strict=True)
)
BRAILLE = range(0x2800, 0x2900)


class Trimmed:
    """Render to text without trailing blanks, in ASCII if the stream takes nothing else."""

    def __init__(self, shown: RenderableType) -> None:
        self.shown = shown

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in console.render_lines(self.shown, options, pad=False):
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
