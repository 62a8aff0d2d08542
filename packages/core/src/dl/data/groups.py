"""Groups of examples: how far a group has one target, and groups that the names of files show.

The frames of a film, the slices of a patient: examples of one group are alike, so that a split which cuts groups asks
the network what it has seen. Letters: ``N`` examples.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.folders import SPLITS
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.terminal import safe_text

ONE_TARGET = 0.9  # agreement of the examples of groups, from which each group has one target
BY_NAME, BY_STEM, BY_PATTERN = "name", "stem", "name:"  # group_on= of a folder; the last with a pattern behind it
FEWEST = 5  # groups; with fewer, holding one out holds out a large part of the data
SIZE = 3.0  # examples of a group in the mean, from which names that only begin alike are groups
SHARED = 0.8  # share of the examples that have another one in their group
PER_CLASS = 3  # groups for each class, below which the stem of a name is that of its class
_NUMBERED = re.compile(r"(.*?)[\s_.-]*[0-9]+")  # a name and its running number: film07_12
_COPIED = re.compile(r"(.*?)\s*\([0-9]+\)")  # and as systems name a second file of one name: IMG_1234 (2)
_PART = re.compile(r"[0-9]+|[^\W\d_]+|[\W_]+")


def agreement(groups: Index, targets: NDArray[np.generic]) -> float:
    """Return how far two examples of one group agree in their target: 0 as by chance, 1 always.

    For classes, the agreement of pairs within groups beyond that of all pairs, each group weighing as many examples as
    it has; for values, the intraclass correlation of their ranks; the mean over several labels or values.
    Source: Fleiss 1971, Psychological Bulletin 76 (kappa of several raters, here of the examples of a group).

    Args:
        groups: (N,) group numbers.
        targets: (N,) class numbers or values, (N, L) labels, or (N, D) values.
    """
    if targets.ndim > 1:
        return float(np.mean([agreement(groups, column) for column in targets.T])) if targets.shape[1] else 0.0
    numbers = np.unique(groups, return_inverse=True)[1]
    together = np.bincount(numbers)[numbers] > 1
    numbers, targets = np.unique(numbers[together], return_inverse=True)[1], targets[together]
    if len(targets) < 3:
        return 0.0
    codes = np.unique(targets, return_inverse=True)[1]
    if targets.dtype.kind == "f":
        return _intraclass(numbers, codes.astype(np.float64))
    sizes, counts = np.bincount(numbers), np.bincount(codes).astype(np.float64)
    width = int(codes.max()) + 1
    cells, many = np.unique(numbers * width + codes, return_counts=True)
    agreeing = np.bincount(cells // width, many * (many - 1.0))
    agreed = float((agreeing / (sizes - 1)).sum() / len(codes))
    chance = float((counts * (counts - 1)).sum() / (len(codes) * (len(codes) - 1.0)))
    return (agreed - chance) / (1 - chance) if chance < 1 else 0.0


def _intraclass(numbers: Index, values: NDArray[np.float64]) -> float:
    """Return the share of the variance that lies between groups, (N,) numbered from 0, allowing for their number."""
    sizes = np.bincount(numbers)
    means = np.bincount(numbers, values) / sizes
    within, whole = float(np.square(values - means[numbers]).sum()), float(np.square(values - values.mean()).sum())
    freedom = len(values) - len(sizes)
    return 1 - (within / freedom) / (whole / (len(values) - 1)) if whole and freedom else 0.0


@dataclass(frozen=True)
class NameGroups:
    """Groups of files by the stem of their names.

    Args:
        groups: (N,) group numbers.
        stems: Of each group.
    """

    groups: Index
    stems: tuple[str, ...]

    def largest(self) -> str:
        """Return the stem of the largest group."""
        return self.stems[int(np.bincount(self.groups).argmax())]


def groups_by_name(examples: Examples) -> NameGroups | None:
    """Group files by the beginning of their names, or their folder below that of the class; None without such groups.

    Of several beginnings the shortest is taken that makes enough groups: ``film01_frame07.png`` belongs to ``film01``.

    Args:
        examples: With the paths of files as sources.
    """
    classes = len(examples.names) if examples.targets.dtype.kind in "iu" and examples.targets.ndim == 1 else 1
    spelled = [_beginnings(name, examples.names) for name in examples.sources]
    least, n = max(FEWEST, PER_CLASS * classes), len(spelled)
    found: list[NameGroups] = []
    for at in range(max(map(len, spelled), default=0)):
        stems = [
            ways[min(at, len(ways) - 1)] if ways else name for ways, name in zip(spelled, examples.sources, strict=True)
        ]
        names, groups, sizes = np.unique(stems, return_inverse=True, return_counts=True)
        if len(names) >= least and n >= SIZE * len(names) and sizes[sizes > 1].sum() >= SHARED * n:
            found.append(NameGroups(groups, tuple(map(str, names))))
    return min(found, key=lambda one: len(one.stems), default=None)


def _beginnings(name: str, classes: Sequence[str]) -> list[str]:
    """Return the beginnings of a path that may name a group, the shortest first: folders, and up to each number."""
    above, file = _below_class(name, classes)
    parts = _PART.findall(file.rpartition(".")[0] or file)
    numbers = [at for at, part in enumerate(parts) if part[0].isdecimal()]
    ends = {at + 1 for at in numbers[:-1] if not parts[at + 1][0].isalnum()} | {at for at in numbers[-1:] if at}
    if numbers and numbers[-1] + 1 < len(parts):
        ends.add(numbers[-1] + 1)  # page12_left and page12_right
    spelled = list(accumulate(parts))
    starts = [above[:-1]] if above else []
    return starts + [above + spelled[end - 1].rstrip("_-. ") for end in sorted(ends)]


def _below_class(name: str, classes: Sequence[str]) -> tuple[str, str]:
    """Split a path into the folders below those of the split and the class, with a slash behind each, and the file."""
    *folders, file = name.replace("\\", "/").split("/")
    if folders and folders[0].lower() in SPLITS:
        folders = folders[1:]
    if folders and folders[0] in classes:
        folders = folders[1:]
    return "".join(f"{folder}/" for folder in folders), file


def group_by_stem(examples: Examples) -> Examples:
    """Return examples grouped by the names of their files without a running number: ``film07_12.png`` is ``film07``.

    Where some names end in a number in brackets, as ``IMG_7 (2).jpg``, that alone is a running number.

    Raises:
        BadData: If all files have one stem, or no two have the same.
    """
    places = [_below_class(name, examples.names) for name in examples.sources]
    bare = [file.rpartition(".")[0] or file for _, file in places]
    numbered = _COPIED if any(map(_COPIED.fullmatch, bare)) else _NUMBERED
    found = [match[1] if (match := numbered.fullmatch(name)) and match[1] else name for name in bare]
    stems = [above + name for (above, _), name in zip(places, found, strict=True)]
    return replace(examples, groups=_numbered(stems, examples, BY_STEM))


def group_by_pattern(examples: Examples, pattern: str) -> Examples:
    """Return examples grouped by what a regular expression finds in the paths of their files: its first group, or all.

    Raises:
        BadData: If it finds nothing in a path, or makes no groups.
        BadOption: If it is no regular expression.
    """
    asked = f"{BY_PATTERN}{pattern}"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise BadOption(f"group_on={asked}: no regular expression: {error}") from error
    found = [compiled.search(name.replace("\\", "/")) for name in examples.sources]
    missing = [k for k, match in enumerate(found) if match is None]
    if missing:
        count = f"{len(missing):,} of {len(found):,} files"
        first = safe_text(examples.source(missing[0]))
        raise BadData(f"group_on={asked}: the pattern finds nothing in {count}, the first of them {first!r}")
    stems = [(match[1] if match.re.groups else match[0]) or "" for match in found if match]
    return replace(examples, groups=_numbered(stems, examples, asked))


def _numbered(stems: Sequence[str], examples: Examples, asked: str) -> Index:
    """Number groups by their stems.

    Raises:
        BadData: If there is one, or as many as files.
    """
    names, groups = np.unique(np.asarray(stems, object).astype(str), return_inverse=True)
    if len(names) in (1, len(stems)):
        what = f"one group, {safe_text(str(names[0]))!r}" if len(names) == 1 else "a group for every file"
        first = safe_text(examples.source(0))
        raise BadData(f"group_on={asked}: the names of the files make {what}; the first file is {first!r}")
    return np.asarray(groups, np.int64)


def group_by_name(examples: Examples) -> Examples:
    """Return examples with the groups that the names of their files show.

    Raises:
        BadData: If the names show none.
    """
    found = groups_by_name(examples)
    if found is None:
        first = safe_text(examples.source(0))
        raise BadData(
            f"group_on={BY_NAME}: no {FEWEST} or more groups of files begin alike, as film01_frame07.png does; the "
            f"first file is {first!r}"
        )
    return replace(examples, groups=found.groups)


def grouped(dataset: Dataset, options: Options) -> Dataset:
    """Return a data set of a folder, its training examples grouped as ``group_on=name``, ``stem`` or a pattern asks.

    Raises:
        BadData: If the names of the files show no groups.
        BadOption: If a pattern is no regular expression.
    """
    asked = str(options.get("group_on", ""))
    if not _is_by_name(asked):
        return dataset
    if asked.startswith(BY_PATTERN):
        train, how = group_by_pattern(dataset.train, asked.removeprefix(BY_PATTERN)), "files with the same match"
    elif asked == BY_STEM:
        train, how = group_by_stem(dataset.train), "files with one name but for a running number"
    else:
        train, how = group_by_name(dataset.train), "files whose names begin alike"
    count = len(np.unique(train.groups)) if train.groups is not None else 0
    return replace(dataset, train=train, notes=(*dataset.notes, f"groups: {how}, {count:,} of them"))


def _is_by_name(asked: str) -> bool:
    return asked in (BY_NAME, BY_STEM) or asked.startswith(BY_PATTERN)


def without_group_by_name(options: Options) -> Options:
    """Return the options without a ``group_on`` by the names of files, which a folder can take."""
    return {name: value for name, value in options.items() if name != "group_on" or not _is_by_name(str(value))}
