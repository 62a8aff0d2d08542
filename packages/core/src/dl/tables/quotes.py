"""Check that every quoted cell of a CSV file is closed.

After a stray quote a parser reads line breaks and separators as text and returns one cell instead of thousands of rows.
The text is checked chunk by chunk as it is read, and quote by quote only in chunks with quotes in unexpected places.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadFile
from dl.tables.stream import file_name

QUOTE, ESCAPE = ord('"'), ord("\\")


class QuoteScanner:
    """Tracks whether the text is inside quotes.

    Args:
        path: Named in errors.
        separator: Between cells.
        escaped: Whether a quote after a backslash is a plain character.

    Raises:
        BadFile: From `feed` or `finish`, with the line.
    """

    def __init__(self, path: Path, separator: str, *, escaped: bool) -> None:
        self.path, self.escaped = path, escaped
        self.separator = ord(separator)
        self.ends = np.zeros(256, bool)  # the bytes allowed before an opening and after a closing quote
        self.ends[[self.separator, ord("\n"), ord("\r")]] = True
        self.open = False  # whether the text so far ends inside quotes
        self.opened = 0  # the line where they were opened
        self.line = 1
        self.held = b""  # the end of the last chunk: the meaning of its last byte depends on the next one
        self.before = ord("\n")  # the byte before `held`

    def feed(self, text: bytes) -> None:
        """Check the next bytes; the last one is held back until its successor is known."""
        text = self.held + text
        keep = len(text) - len(text.rstrip(b'"\\'))  # a run of quotes or backslashes is checked as a whole
        keep = max(keep, 1) if keep < len(text) else len(text)
        self.held = text[len(text) - keep :]
        self._look(text[: len(text) - keep], self.held[:1])

    def finish(self) -> None:
        """Check the bytes held back at the end of the text.

        Raises:
            BadFile: If a quote is still open.
        """
        self._look(self.held, b"\n")
        self.held = b""
        if self.open:
            raise BadFile(
                f"{file_name(self.path)} line {self.opened}: a quote opens here and never closes; close it, or use "
                "quotes=none if quotes mean nothing in this file"
            )

    def _look(self, text: bytes, following: bytes) -> None:
        if not text:
            return
        array = np.frombuffer(bytes([self.before]) + text + following, np.uint8)
        at = np.flatnonzero(array[1:-1] == QUOTE) + 1
        if len(at) and not self._is_regular(array, at):
            self._one_by_one(array, at.tolist())
        elif len(at):
            self._note_open(array, at)
        self.line += text.count(b"\n")
        self.before = text[-1]

    def _is_regular(self, array: NDArray[np.uint8], at: NDArray[np.int64]) -> bool:
        """Return whether every quote opens, closes or is one of a pair."""
        closing = (np.arange(len(at)) + self.open) % 2 == 1
        before, after = array[at - 1], array[at + 1]
        good = np.where(closing, self.ends[after] | (after == QUOTE), self.ends[before] | (before == QUOTE))
        if self.escaped and (before == ESCAPE).any():
            return False
        return bool(good.all())

    def _note_open(self, array: NDArray[np.uint8], at: NDArray[np.int64]) -> None:
        opening = at[(np.arange(len(at)) + self.open) % 2 == 0]
        opening = opening[array[opening - 1] != QUOTE]  # the second of a pair opens nothing
        if len(opening):
            self.opened = self.line + int(np.count_nonzero(array[1 : opening[-1]] == ord("\n")))
        self.open = bool((len(at) + self.open) % 2)

    def _one_by_one(self, array: NDArray[np.uint8], at: list[int]) -> None:
        """Check each quote; one inside an unquoted cell is a plain character.

        Raises:
            BadFile: If a closing quote is not followed by the end of the cell.
        """
        line, counted, skip = self.line, 1, -1
        for position in at:
            line += int(np.count_nonzero(array[counted:position] == ord("\n")))
            counted = position
            if position == skip or (self.escaped and self.open and _backslashes(array, position) % 2):
                continue
            if not self.open:
                if self.ends[array[position - 1]]:
                    self.open, self.opened = True, line
            elif array[position + 1] == QUOTE:
                skip = position + 1
            elif self.ends[array[position + 1]]:
                self.open = False
            else:
                raise self._stray(line)

    def _stray(self, line: int) -> BadFile:
        opened = f" (opened in line {self.opened})" if self.opened != line else ""
        return BadFile(
            f"{file_name(self.path)} line {line}: a quote closes inside a cell{opened}, so one is missing or too many; "
            'write quotes inside quotes twice (""), or use quotes=none if quotes mean nothing in this file'
        )


def _backslashes(array: NDArray[np.uint8], position: int) -> int:
    count = 0
    while position - count - 1 >= 0 and array[position - count - 1] == ESCAPE:
        count += 1
    return count
