"""Cut texts into windows, the rows of a language model.

A book is too long for one row; a thousand messages are rows as they are. The windows of one text differ in length by at
most one character, and none is longer than the option ``window``.
Letters: ``N`` texts, ``W`` windows of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import overload

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index, fingerprints, whole
from dl.data.ragged import Ragged, offsets_of
from dl.errors import BadData
from dl.options import Options
from dl.splits.holdout import join_groups
from dl.splits.leakage import duplicate_groups
from dl.tables.gather import content_ids
from dl.words import many

FEW = 20  # with fewer texts the end of each is held out, otherwise whole texts are
LEAST = 20  # fewest windows of a training set
BLOCK = 1 << 20  # bytes processed at once
VAL_SIZE = 0.1  # share of the windows held out: a language model needs much text to learn, and little to be scored


@dataclass(frozen=True)
class _Windows:
    """The rows (W), the text of each, (W,), and its relative position in that text from 0 to 1, (W,)."""

    rows: Ragged
    of_text: Index
    place: NDArray[np.float64]


class WindowNames(Sequence[str]):
    """Lazy sequence of the windows' sources, as ``book.txt at 40%``.

    Args:
        texts: The texts.
        of_text: (W,) the text of each window.
        place: (W,) its relative position in the text, from 0 to 1.
    """

    def __init__(self, texts: Examples, of_text: Index, place: NDArray[np.float64]) -> None:
        self.texts, self.of_text, self.place = texts, of_text, place

    def __len__(self) -> int:
        return len(self.of_text)

    @overload
    def __getitem__(self, position: int) -> str: ...
    @overload
    def __getitem__(self, position: slice) -> WindowNames: ...
    def __getitem__(self, position: int | slice) -> str | WindowNames:
        if isinstance(position, slice):
            return WindowNames(self.texts, self.of_text[position], self.place[position])
        return f"{self.texts.source(int(self.of_text[position]))} at {100 * self.place[position]:.1f} %"


def cut(dataset: Dataset, options: Options) -> Dataset:
    """Cut a data set of texts into one of windows, with targets (W, 0).

    Args:
        dataset: Of texts; its targets are dropped.
        options: ``window``, the most characters of a row, and ``megabytes``, the most text of a split.

    Raises:
        BadData: If the inputs are not texts, or too few for training.
    """
    most = round(float(options["megabytes"]) * 1e6)
    window, name = int(options["window"]), dataset.name
    few = len(dataset.train) < FEW and dataset.val is None
    train, note = _windows(dataset.train, window, most, name, by_place=few)
    if len(train) < LEAST:
        found, verb = many(len(train), "window"), "is" if len(train) == 1 else "are"
        raise BadData(
            f"{name}: {found} of {window} characters {verb} too few to learn from, at least {LEAST} are needed; "
            f"provide more text, or a smaller window={max(window // 2, 2)}"
        )
    held = "what is held out comes later in each text" if few else "whole texts are held out"
    notes = note if dataset.val is not None else (*note, held)
    return replace(
        dataset,
        train=train,
        val=None if dataset.val is None else _windows(dataset.val, window, most, name)[0],
        open_test=_opener(dataset.open_test, window, most, name),
        val_size=VAL_SIZE,
        title=f"{_many(len(dataset.train))}, as {many(len(train), 'window')} of at most {window} characters",
        notes=(*dataset.notes, *notes),
    )


def _opener(
    open_test: Callable[[], Examples] | None, window: int, most: int, name: str
) -> Callable[[], Examples] | None:
    return None if open_test is None else lambda: _windows(open_test(), window, most, name)[0]


def _many(texts: int) -> str:
    return "one text" if texts == 1 else f"{texts:,} texts"


def _windows(
    texts: Examples, window: int, most: int, name: str, *, by_place: bool = False
) -> tuple[Examples, tuple[str, ...]]:
    """Cut texts into windows; return them and the notes for the user.

    Args:
        texts: As they were read.
        window: Most characters of a row.
        most: Most bytes of all windows; 0 for no limit.
        name: Of the data set.
        by_place: Whether the position of a window in its text serves as its time, so that the ends of texts are held
            out; otherwise the windows of a text form a group.
    """
    rows = texts.inputs
    if not isinstance(rows, Ragged) or rows.values.dtype != np.uint8:
        raise BadData(f"{name}: its inputs are not texts, as next-token needs")
    total = int(rows.lengths.sum())
    taken: Index = np.arange(len(texts))
    note: tuple[str, ...] = ()
    if most and total > most:
        taken, rows = _subsample(rows, most)
        size, of = rows.lengths.sum() / 1e6, total / 1e6
        note = (f"{size:.1f} of {of:.1f} MB of text are taken; megabytes=0 takes all",)
    done = _cut(rows, window)
    of_text = taken[done.of_text]
    by_place = by_place and texts.groups is None and texts.times is None
    groups = None if by_place else _groups(texts)[of_text]
    times = done.place if by_place else None if texts.times is None else texts.times[of_text]
    names = WindowNames(texts, of_text, done.place)
    targets = np.empty((len(of_text), 0))
    return Examples(done.rows, targets, content_ids(done.rows), (), names, groups, times), note


def _groups(texts: Examples) -> Index:
    """Number the groups of texts, (N,): exact duplicates, and texts of one group of the data set, share one."""
    copies = duplicate_groups(fingerprints(whole(texts)))
    return copies if texts.groups is None else join_groups(copies, texts.groups)


def _subsample(rows: Ragged, most: int) -> tuple[Index, Ragged]:
    """Take about ``most`` bytes: random whole texts, or the beginning of each if they are few."""
    lengths = rows.lengths
    order = np.random.default_rng(0x7E87).permutation(len(rows))
    chosen = np.sort(order[: np.searchsorted(np.cumsum(lengths[order]), most, side="right")])
    if len(chosen) >= FEW:
        return chosen, rows[chosen]
    kept = [_beginning(row, int(most / lengths.sum() * len(row))) for row in rows]
    return np.arange(len(rows)), Ragged(np.concatenate(kept), offsets_of(np.array(list(map(len, kept)), np.int64)))


def _beginning(text: NDArray[np.generic], size: int) -> NDArray[np.generic]:
    """Return the first bytes of a text, at most ``size``, without cutting a character."""
    while 0 < size < len(text) and (int(text[size]) & 0xC0) == 0x80:
        size -= 1
    return text[:size]


def _cut(rows: Ragged, window: int) -> _Windows:
    """Cut each text into as few windows of equal length as possible."""
    bounds, counts = [], []
    for text, begin in zip(rows, rows.offsets[:-1].tolist(), strict=True):
        ends = _ends(text, window)
        bounds.append(ends + begin)
        counts.append(len(ends))
    windows = np.array(counts, np.int64)
    offsets = np.concatenate([rows.offsets[:1], *bounds])
    of_text = np.repeat(np.arange(len(rows)), windows)
    first = np.repeat(np.cumsum(windows) - windows, windows)
    place = (np.arange(len(of_text)) - first) / np.repeat(np.maximum(windows, 1), windows)
    return _Windows(Ragged(rows.values[: offsets[-1]], offsets), of_text, place)


def _ends(text: NDArray[np.generic], window: int) -> NDArray[np.int64]:
    """Return the end of each window of one text, in bytes; empty for an empty text."""
    per_block = [int(np.count_nonzero(_begins(text, at))) for at in range(0, len(text), BLOCK)]
    before = offsets_of(np.array(per_block, np.int64))
    characters = int(before[-1])
    count = -(-characters // window)
    wanted = np.arange(1, count) * characters // max(count, 1)  # first character of each window after the first
    found = []
    for block, at in enumerate(range(0, len(text), BLOCK)):
        inside = wanted[(wanted >= before[block]) & (wanted < before[block + 1])] - before[block]
        found.append(np.flatnonzero(_begins(text, at))[inside] + at)
    return np.concatenate([*found, np.full(min(count, 1), len(text), np.int64)]).astype(np.int64)


def _begins(text: NDArray[np.generic], at: int) -> NDArray[np.bool_]:
    """Return which bytes of a block begin a character."""
    begins: NDArray[np.bool_] = (np.asarray(text[at : at + BLOCK], np.uint8) & 0xC0) != 0x80
    return begins
