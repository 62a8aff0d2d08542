"""Find sequences in folders of numbered images: which file is which frame, and what is missing.

The last number in a file's name is the number of the frame. What is before and after it, with the folder, names the
sequence: ``film07/frame_0012.png`` and ``film07_frame0012.png`` are frame 12 of ``film07``.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from dl.data.file_kinds import is_about
from dl.data.folders import FoundFile, Wanted, relative_name, walk
from dl.errors import BadData, DLError
from dl.terminal import safe_text
from dl.words import many
from dl_vision.decode import decode, read_content, strict_pillow
from dl_vision.folder import SUFFIXES

EXPECTED = "expected numbered frames in a folder for each sequence, as in film1/frame_0001.png"
FRAMES = Wanted("frame", "frames", SUFFIXES, EXPECTED, loose=True)
_NUMBERED = re.compile(r"(.*?)([0-9]+)([^0-9]*)")  # before the last number of a name, the number, and after it
_CALLED = re.compile(r"[\s_.-]*(frame|image|img)?[\s_.-]*$", re.IGNORECASE)  # the end of a name before its number
GLANCED = 2_000  # files that are looked at to recognize sequences
FEWEST = 3  # frames of a sequence that is recognized
PARTS = ("train", "training", "val", "valid", "validation", "test")  # of a data set, as folders are named
MOST = 0.9  # share of the images in such sequences
LOOKED_AT, THUMBNAIL = 8, 24  # sequences whose pixels are compared, and the side in which they are
ALIKE = 0.8  # difference of neighbours, over that of frames further apart, below which images are frames


@dataclass(frozen=True)
class FoundSequence:
    """The frames of one sequence.

    Args:
        name: For messages and groups.
        files: In the order of their numbers.
        numbers: Of the frames, by equal steps.
    """

    name: str
    files: tuple[FoundFile, ...]
    numbers: tuple[int, ...]


def find_sequences(folder: Path, root: Path) -> tuple[list[FoundSequence], list[str]]:
    """Return the sequences below a folder, and the names of files of another kind.

    Args:
        folder: To look in.
        root: For names.

    Raises:
        BadData: If there is no image, one has no number, or frames are missing.
    """
    stat = folder.stat()
    found = sorted(walk(folder, {(stat.st_dev, stat.st_ino)}))
    images = [FoundFile(path, 0, stamp) for path, stamp in found if path.lower().endswith(SUFFIXES)]
    passed = [relative_name(root, path) for path, _ in found if not path.lower().endswith(SUFFIXES)]
    if not images:
        raise BadData(f"{safe_text(folder)!r} holds no image; {EXPECTED}")
    return sequences_of(images, root), passed


def sequences_of(images: Sequence[FoundFile], root: Path) -> list[FoundSequence]:
    """Sort images into sequences.

    Args:
        images: Any number of files.
        root: For names.

    Raises:
        BadData: If one has no number, two have the same, or frames are missing.
    """
    if nameless := [one for one in images if number_of(one.path) is None]:
        count = f"{len(nameless):,} of {many(len(images), 'image')} in {safe_text(root)!r}"
        first = safe_text(relative_name(root, nameless[0].path))
        raise BadData(f"{count} {'has' if len(nameless) == 1 else 'have'} no number, as {first!r}; {EXPECTED}")
    grouped: dict[tuple[str, str, str], list[tuple[int, FoundFile]]] = {}
    for one in images:
        parts = number_of(one.path)
        assert parts is not None  # as just checked
        key = (os.path.dirname(one.path), parts[0], parts[2])  # noqa: PTH120 - a million times, and the path is text
        grouped.setdefault(key, []).append((int(parts[1]), one))
    in_folder = Counter(folder for folder, _, _ in grouped)
    return [_in_order(_name(root, key, alone=in_folder[key[0]] == 1), files) for key, files in sorted(grouped.items())]


def number_of(path: str) -> tuple[str, str, str] | None:
    """Split a file's name without its suffix at its last number: before, number, after; None without a number."""
    matched = _NUMBERED.fullmatch(Path(path).stem)
    return None if matched is None else (matched[1], matched[2], matched[3])


def _name(root: Path, key: tuple[str, str, str], *, alone: bool) -> str:
    """Name a sequence by its folder, and by the beginning of its files if the folder holds several."""
    folder, before, after = key
    inside = relative_name(root, folder)
    stem = _CALLED.sub("", before) + (after if not alone else "")
    if alone and inside:
        return inside
    return "/".join(part for part in (inside, stem) if part) or root.name


def _in_order(name: str, files: Sequence[tuple[int, FoundFile]]) -> FoundSequence:
    """Return the frames in order.

    Raises:
        BadData: If two have one number, or one is missing.
    """
    ordered = sorted(files, key=lambda pair: pair[0])
    for (number, one), (next_number, other) in pairwise(ordered):
        if number == next_number:
            both = f"{Path(one.path).name!r} and {Path(other.path).name!r}"
            raise BadData(f"sequence {safe_text(name)!r}: {safe_text(both)} are both frame {number}; keep one")
    numbers = [number for number, _ in ordered]
    _refuse_missing(name, numbers)
    return FoundSequence(name, tuple(one for _, one in ordered), tuple(numbers))


def _refuse_missing(name: str, numbers: Sequence[int]) -> None:
    """Refuse numbers that do not rise by equal steps, naming the first that is missing."""
    if len(numbers) < 2:
        return
    step = min(after - before for before, after in pairwise(numbers))
    gaps = [(before, after) for before, after in pairwise(numbers) if after - before != step]
    if not gaps:
        return
    before, after = gaps[0]
    count = sum((end - start - 1) // step for start, end in gaps)
    more = f", and {count - 1:,} more" if count > 1 else ""
    raise BadData(
        f"sequence {safe_text(name)!r}: frame {before + step} is missing, between {before} and {after}{more}; "
        "add it, or split the sequence in two"
    )


def recognize(path: Path) -> bool:
    """Return whether a folder holds sequences: numbered images that are called frames, or that change gradually.

    Folders with several sequences each are classes, of whose films single frames are examples, unless they are named
    as parts of a data set; and images that are not called frames are none where one is missing.
    """
    if not path.is_dir():
        return False
    try:
        below = islice(walk(path, set()), GLANCED)
        images = [FoundFile(name, 0, stamp) for name, stamp in below if name.lower().endswith(SUFFIXES)]
        numbered = [one for one in images if number_of(one.path) is not None and not is_about(Path(one.path).name)]
        long = _long_runs(numbered)
        if not images or sum(map(len, long)) < MOST * len(images) or _are_classes(long):
            return False
        if all("frame" in Path(one.path).name.lower() for run in long for one in run):
            return True
        return all(map(_is_whole, long)) and _change_gradually([[one.path for one in run] for run in long])
    except DLError:
        return False


@dataclass(frozen=True, order=True)
class _Numbered:
    """An image and its number."""

    number: int
    path: str


def _long_runs(images: Sequence[FoundFile]) -> list[list[_Numbered]]:
    """Return images by sequence, in order, of those with enough frames; some may be missing."""
    grouped: dict[tuple[str, str, str], list[_Numbered]] = {}
    for one in images:
        before, number, after = number_of(one.path) or ("", "0", "")
        key = (str(Path(one.path).parent), before, after)
        grouped.setdefault(key, []).append(_Numbered(int(number), one.path))
    return [sorted(run) for _, run in sorted(grouped.items()) if len(run) >= FEWEST]


def _are_classes(runs: Sequence[Sequence[_Numbered]]) -> bool:
    """Return whether there are several folders, and one of them with several sequences is no part of a data set."""
    counts = Counter(Path(run[0].path).parent for run in runs)
    return len(counts) > 1 and any(count > 1 and folder.name.lower() not in PARTS for folder, count in counts.items())


def _is_whole(run: Sequence[_Numbered]) -> bool:
    """Return whether the numbers of a sequence rise by equal steps."""
    return len({after.number - before.number for before, after in pairwise(run)}) <= 1


def _change_gradually(runs: Sequence[Sequence[str]]) -> bool:
    """Return whether neighbours differ less than frames of the same sequence that are further apart."""
    near, far = [], []
    for at in np.unique(np.linspace(0, len(runs) - 1, LOOKED_AT).astype(int)):
        run = runs[at]
        first = len(run) // 4
        chosen = [run[first], run[first + 1], run[(first + max(2, len(run) // 2)) % len(run)]]
        with strict_pillow():
            begin, after, later = (
                decode(read_content(one), THUMBNAIL, THUMBNAIL, 1).astype(np.float64) for one in chosen
            )
        near.append(np.abs(begin - after).mean())
        far.append(np.abs(begin - later).mean())
    return float(np.mean(near)) < ALIKE * float(np.mean(far))
