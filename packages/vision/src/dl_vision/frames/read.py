"""Read folders of numbered frames as windows, and for a prediction the newest frames of each sequence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dl.data.examples import Dataset, Examples
from dl.data.file_kinds import passed_over
from dl.data.folders import NAMED, FoundFile, ScannedFolder, files_beside, find_splits, relative_name
from dl.data.paths import explain_missing
from dl.domain import Preprocessor
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.terminal import safe_text
from dl.words import many
from dl_vision.cache import Shape, open_cache, read_facts, read_pixels
from dl_vision.decode import ImageFacts
from dl_vision.folder import InspectedSplit, choose_shape
from dl_vision.frames.find import FRAMES, FoundSequence, find_sequences, sequences_of
from dl_vision.frames.windows import Sequences, newest_windows, windows_of


@dataclass(frozen=True)
class _Split:
    """The sequences of one split, with the facts of their files in order."""

    folder: Path
    sequences: list[FoundSequence]
    facts: list[ImageFacts]
    passed: list[str]

    @property
    def files(self) -> list[FoundFile]:
        return [file for one in self.sequences for file in one.files]


def open_path(path: Path, options: Options) -> Dataset:
    """Read a folder of sequences, perhaps below train, val and test; the test set is read when it is opened.

    Raises:
        BadData: If frames are missing, sequences too short, or frames of different sizes.
        BadFile: If a file is not a readable image.
    """
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links in the path keep the name the user gave
    folders, steps = find_splits(root, FRAMES), int(options["steps"])
    train = _inspect(folders["train"], root, options)
    val = _inspect(folders["val"], root, options) if "val" in folders else None
    both = [train] if val is None else [train, val]
    asked = [InspectedSplit(ScannedFolder(one.folder, (), one.files), [], one.facts) for one in both]
    chosen = choose_shape(root, asked, options)
    shape = chosen.shape
    _refuse_lone(root, train, alone=val is None)

    def read_test() -> Examples:
        test = _inspect(folders["test"], root, options)
        return windows_of(_decode(test, root, shape), steps, sum(len(one.sequences) for one in both))

    examples = windows_of(_decode(train, root, shape), steps)
    passed = [*files_beside(root, folders), *(name for one in both for name in one.passed)]
    return Dataset(
        name=root.resolve().name or "frames",
        train=examples,
        val=None if val is None else windows_of(_decode(val, root, shape), steps, len(train.sequences)),
        open_test=read_test if "test" in folders else None,
        title=f"{_described(train)}; {many(len(examples), 'window')} of {steps} frames and the next one",
        source=str(root),
        notes=(_seen(train, path), *chosen.notes, *passed_over(passed)),
        options=chosen.options,
    )


def _inspect(folder: Path, root: Path, options: Options) -> _Split:
    sequences, passed = find_sequences(folder, root)
    found = _Split(folder, sequences, [], passed)
    facts = read_facts(found.files, open_cache())
    bad = [
        f"{relative_name(root, file.path)}: {one.error}"
        for file, one in zip(found.files, facts, strict=True)
        if one.error
    ]
    _refuse_unreadable(bad, len(facts), root)
    if not options["size"]:
        _refuse_sizes(sequences, facts)
    return _Split(folder, sequences, facts, passed)


def _refuse_unreadable(bad: Sequence[str], of: int, root: Path) -> None:
    if bad:
        shown = ", ".join(repr(safe_text(line)) for line in bad[:NAMED]) + (", ..." if len(bad) > NAMED else "")
        advice = "no frame of a sequence can be left out"
        raise BadFile(f"{len(bad):,} of {many(of, 'frame')} in {safe_text(root)!r} cannot be read: {shown}; {advice}")


def _refuse_sizes(sequences: Sequence[FoundSequence], facts: Sequence[ImageFacts]) -> None:
    """Refuse a sequence whose frames differ in size."""
    rest = iter(facts)
    for one in sequences:
        sizes: dict[tuple[int, int], str] = {}
        for file, fact in zip(one.files, rest, strict=False):
            sizes.setdefault((fact.height, fact.width), Path(file.path).name)
            if len(sizes) > 1:
                shown = " and ".join(f"{h}x{w} ({safe_text(name)!r})" for (h, w), name in sizes.items())
                raise BadData(
                    f"sequence {safe_text(one.name)!r} has frames of different sizes: {shown}; make them alike, or "
                    f"resize all to one, as in size={min(max(min(map(min, sizes)), 8), 64)}"
                )


def _refuse_lone(root: Path, train: _Split, *, alone: bool) -> None:
    """Refuse a single sequence: its windows overlap, so that none can be held out."""
    if alone and len(train.sequences) == 1:
        count = many(len(train.files), "frame")
        raise BadData(
            f"{safe_text(root)!r} holds one sequence, of {count}, and a split needs two: windows of one overlap; "
            "put pieces of it into folders of their own"
        )


def _decode(split: _Split, root: Path, shape: Shape) -> Sequences:
    pixels = read_pixels(split.files, split.facts, shape, open_cache())
    bad = [f"{relative_name(root, split.files[at].path)}: {why}" for at, why in pixels.bad.items()]
    _refuse_unreadable(bad, len(split.files), root)
    names = [one.name for one in split.sequences]
    sources = [relative_name(root, file.path) for file in split.files]
    return Sequences(pixels.images, [len(one.files) for one in split.sequences], names, sources)


def _described(split: _Split) -> str:
    lengths = [len(one.files) for one in split.sequences]
    shown = f"{min(lengths):,}" if min(lengths) == max(lengths) else f"{min(lengths):,} to {max(lengths):,}"
    return f"{many(len(lengths), 'sequence')} of {shown} frames"


def _seen(split: _Split, path: Path) -> str:
    """Return what the names were taken for, and how to read them otherwise."""
    first = split.sequences[0]
    numbers = f"{first.numbers[0]} to {first.numbers[-1]}"
    example = f"{first.name!r} has frames {numbers}"
    return f"read as {_described(split)}, as {safe_text(example)}; as single images: dl fit vision {safe_text(path)}"


def read(paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
    """Read the newest frames of each sequence in folders, or of given files, in the size of the run.

    Args:
        paths: Of folders, and of files of frames.
        preprocessor: Of the run.
        options: Of the run's data.

    Raises:
        BadData: If there is no frame, frames are missing, or a sequence is too short.
        BadFile: If a file cannot be read.
    """
    frames, channels, height, width = preprocessor.input_shape
    here = Path.cwd()
    files = [_found(path) for path in paths if not path.is_dir()]
    sequences = [one for path in paths if path.is_dir() for one in find_sequences(path, path.absolute())[0]]
    sequences += sequences_of(files, here) if files else []
    if not sequences:
        raise BadData(f"no frame in {', '.join(repr(safe_text(path)) for path in paths[:NAMED]) or 'an empty list'}")
    newest = [
        FoundSequence(one.name, one.files[1 - frames :], one.numbers[1 - frames :]) for one in sequences
    ]  # what is older is not read
    split = _Split(here, newest, [], [])
    split = _Split(here, newest, read_facts(split.files, None), [])
    found = _decode(split, here, (height, width, channels))
    sources = [file.path for file in split.files]
    return newest_windows(Sequences(found.frames, found.lengths, found.names, sources), frames - 1)


def _found(path: Path) -> FoundFile:
    try:
        stat = path.stat()
    except OSError:
        raise BadFile(f"{safe_text(path)!r} is {explain_missing(path)}") from None
    return FoundFile(str(path), 0, (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino))
