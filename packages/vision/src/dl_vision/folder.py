"""Read a folder of images by class, or with train / val / test folders inside, as a data set.

Size and colour are chosen from the training and validation images; the test set stays closed, and its images are
converted to the same size and colour when it is opened, as for a prediction.
"""

import os
import statistics
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dl.data.examples import Dataset, Examples
from dl.data.file_kinds import passed_over
from dl.data.folders import (
    FoundFile,
    ScannedFolder,
    SkippedFiles,
    Wanted,
    files_beside,
    find_classes,
    find_splits,
    no_example,
    number_labels,
    relative_name,
    stable_ids,
    unreadable_message,
    walk,
    warn_passed_over,
)
from dl.errors import BadData, BadFile, BadOption, DifferentSizes
from dl.options import Options
from dl.terminal import safe_text
from dl.words import were
from dl_vision.cache import Pixels, Shape, open_cache, read_facts, read_pixels
from dl_vision.decode import ImageFacts, line_height, line_width
from dl_vision.sizes import ChosenShape, are_wide, common_shape, common_side, sizes_in_words

SUFFIXES = (
    *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".avif", ".ico", ".qoi"),
)
UNREADABLE = (".heic", ".heif", ".svg", ".psd", ".tga", ".exr", ".jxl", ".dng", ".cr2", ".nef")  # images, though
WIDEST_LINE = 4096  # columns
GLANCE = 64  # pixels of a side at most, to which images that may be lines are brought for a map
EXPECTED = "expected a folder of images for each class, as in cat/1.png dog/2.png"
IMAGES = Wanted("image", "images", SUFFIXES, EXPECTED, by_content=True)
ALL_IMAGES = Wanted("image", "images", SUFFIXES, "expected images, in one folder or several", by_content=True)


@dataclass(frozen=True)
class InspectedSplit:
    """The files of one split with their facts; labels are class numbers of the training set."""

    found: ScannedFolder
    labels: list[int]
    facts: list[ImageFacts]


Inspect = Callable[[Path, tuple[str, ...] | None, Path | None], InspectedSplit]


def open_path(path: Path, options: Options) -> Dataset:
    """Read a folder of images as a data set.

    Raises:
        BadData: If the folder holds fewer than two classes, its images differ in size, or its splits do not agree.
        BadFile: If a file is not a readable image and ``bad_files`` is stop.
    """
    return open_folder(path, options, IMAGES, _inspect)


def open_unlabelled(path: Path, options: Options) -> Dataset:
    """Read all images below a folder as a data set without classes.

    Raises:
        BadData: If there is no image, or they differ in size.
        BadFile: If a file is not a readable image and ``bad_files`` is stop.
    """
    return open_folder(path, options, ALL_IMAGES, _inspect_all)


def open_folder(path: Path, options: Options, wanted: Wanted, inspect: Inspect) -> Dataset:
    """Read a folder as a data set.

    Args:
        path: Of the folder.
        options: Of the data.
        wanted: Words for messages.
        inspect: From the folder of a split, the classes of the training set and the cache, to its files.

    Raises:
        BadData: If its images differ in size, or its splits do not agree.
        BadFile: If a file is not a readable image and ``bad_files`` is stop.
    """
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links in the path keep the name the user gave
    splits, cache, skip = find_splits(root, wanted), open_cache(), options["bad_files"] == "skip"
    train = inspect(splits["train"], None, cache)
    classes = train.found.classes
    val = inspect(splits["val"], classes, cache) if "val" in splits else None
    both = [train] if val is None else [train, val]
    chosen = choose_shape(root, both, options)
    shape = chosen.shape
    lines = bool(line_height(options))
    pixels = [read_pixels(split.found.files, split.facts, shape, cache, as_lines=lines) for split in both]
    bad = [line for split, read in zip(both, pixels, strict=True) for line in bad_files(root, split, read)]
    if bad and not skip:
        raise BadFile(bad_message(root, bad, sum(len(read.kept) for read in pixels) + len(bad)))
    _refuse_empty_class(train, pixels[0])
    passed = [name for split in both for name in passed_files(root, split)]
    return Dataset(
        name=root.resolve().name or "images",
        train=_examples(root, train, pixels[0], classes),
        open_test=(
            _test_opener(root, partial(inspect, splits["test"], classes), classes, shape, skip, lines=lines)
            if "test" in splits
            else None
        ),
        val=_examples(root, val, pixels[1], classes) if val is not None else None,
        title=f"{len(pixels[0].kept):,} images" + (f" of {len(classes)} classes" if classes else ""),
        source=str(root),
        skipped=tuple(bad),
        notes=(*passed_over([*files_beside(root, splits), *passed]), *chosen.notes),
        options=chosen.options,
    )


def _test_opener(
    root: Path,
    inspect: Callable[[Path | None], InspectedSplit],
    classes: tuple[str, ...],
    shape: Shape,
    skip: bool,
    *,
    lines: bool,
) -> Callable[[], Examples]:
    """Return a function that reads the test set; nothing of it is read before."""

    def open_test() -> Examples:
        cache = open_cache()
        test = inspect(cache)
        pixels = read_pixels(test.found.files, test.facts, shape, cache, as_lines=lines)
        bad = bad_files(root, test, pixels)
        if bad and not skip:
            raise BadFile(bad_message(root, bad, len(pixels.kept) + len(bad)))
        if not pixels.kept:
            raise BadData(f"{str(test.found.folder)!r} holds no readable image")
        if bad:
            warnings.warn(
                f"{were(len(bad), 'test file', 'skipped')}: {', '.join(bad[:3])}",
                SkippedFiles,
                stacklevel=2,
            )
        warn_passed_over(passed_files(root, test))
        return _examples(root, test, pixels, classes)

    return open_test


def _inspect(folder: Path, classes: tuple[str, ...] | None, cache: Path | None) -> InspectedSplit:
    """Number the labels by the training set's classes (None if this is the training set) and read the facts."""
    found = find_classes(folder, IMAGES)
    return InspectedSplit(found, number_labels(found, classes), read_facts(found.files, cache))


def _inspect_all(folder: Path, _classes: tuple[str, ...] | None, cache: Path | None) -> InspectedSplit:
    """Read the facts of all files below a folder, without labels.

    Raises:
        BadData: If none of them is an image.
    """
    stat = folder.stat()
    files = [FoundFile(path, 0, stamp) for path, stamp in sorted(walk(folder, {(stat.st_dev, stat.st_ino)}))]
    facts = read_facts(files, cache)
    if all(is_other_file(file.path, one) for file, one in zip(files, facts, strict=True)):
        raise BadData(f"{safe_text(folder)!r} holds no image; {ALL_IMAGES.expected}")
    return InspectedSplit(ScannedFolder(folder, (), files), [0] * len(files), facts)


def choose_shape(root: Path, splits: Sequence[InspectedSplit], options: Options) -> ChosenShape:
    """Choose height, width and channels: from the options, otherwise from the readable images.

    Raises:
        BadData: If the images differ in size, and may be lines of text.
        BadFile: If none can be read.
    """
    readable = [
        (file.path, facts)
        for split in splits
        for file, facts in zip(split.found.files, split.facts, strict=True)
        if not facts.error
    ]
    if not readable:
        bad = [
            f"{relative_name(root, file.path)}: {facts.error}"
            for file, facts in zip(splits[0].found.files, splits[0].facts, strict=True)
        ]
        raise BadFile(bad_message(root, bad, len(bad)))
    grey = options["colour"] == "grey" or (options["colour"] == "auto" and all(facts.grey for _, facts in readable))
    channels = 1 if grey else 3
    if tall := line_height(options):
        if options["size"]:
            raise BadOption("size= and line_height= are two ways to resize; choose one")
        widest = max(line_width(facts.height, facts.width, tall, WIDEST_LINE) for _, facts in readable)
        return ChosenShape((tall, widest, channels))
    if size := int(options["size"]):
        return ChosenShape((size, size, channels))
    sizes = [(facts.height, facts.width) for _, facts in readable]

    def name_of(at: int) -> str:
        return repr(safe_text(relative_name(root, readable[at][0])))

    if len(set(sizes)) > 1 and are_wide(sizes):
        side = common_side(sizes)
        message = _wide_message(root, sizes, sizes_in_words(sizes, name_of), side)
        raise DifferentSizes(message, {"size": min(side, GLANCE)})
    return common_shape(sizes, channels, name_of)


def _wide_message(root: Path, sizes: Sequence[tuple[int, int]], words: str, side: int) -> str:
    """Return the two ways to read images that may be lines of text."""
    tall = min(max(round(statistics.median(height for height, _ in sizes)), 8), 64)
    both = f"resize all to one, as in size={side}, or as lines of text: line_height={tall}"
    return f"the images in {str(root)!r} have {words}; {both}"


def is_other_file(path: str, facts: ImageFacts) -> bool:
    """Return whether a file is one of another kind: no image by its content, nor by its suffix."""
    return bool(facts.error) and not path.lower().endswith((*SUFFIXES, *UNREADABLE))


def bad_files(root: Path, split: InspectedSplit, pixels: Pixels) -> list[str]:
    """List the images that could not be decoded, with the reasons."""
    others = set(_other_files(split))
    return [
        f"{relative_name(root, split.found.files[at].path)}: {why}"
        for at, why in pixels.bad.items()
        if at not in others
    ]


def passed_files(root: Path, split: InspectedSplit) -> list[str]:
    """List the files of another kind, beside the class folders and below them."""
    inside = relative_name(root, str(split.found.folder))
    beside = [f"{inside}/{name}" if inside else name for name in split.found.passed]
    return beside + [relative_name(root, split.found.files[at].path) for at in _other_files(split)]


def _other_files(split: InspectedSplit) -> list[int]:
    """Return the positions of files of another kind."""
    return [
        at
        for at, (file, facts) in enumerate(zip(split.found.files, split.facts, strict=True))
        if is_other_file(file.path, facts)
    ]


def bad_message(root: Path, bad: Sequence[str], of: int) -> str:
    """Return the error message for files that are not images."""
    return unreadable_message(repr(str(root)), bad, of, "images")


def _refuse_empty_class(train: InspectedSplit, pixels: Pixels) -> None:
    left = {train.labels[position] for position in pixels.kept}
    for number, name in enumerate(train.found.classes):
        if number not in left:
            others = [train.found.files[at].path for at in _other_files(train) if train.labels[at] == number]
            names = [relative_name(train.found.folder / name, path) for path in others]
            raise BadData(no_example(name, train.found.folder, "no readable image", names))


def _examples(root: Path, split: InspectedSplit, pixels: Pixels, classes: tuple[str, ...]) -> Examples:
    sources = tuple(relative_name(root, split.found.files[at].path) for at in pixels.kept)
    labels = np.array([split.labels[at] for at in pixels.kept], np.int64)
    ids = stable_ids([split.facts[at].digest for at in pixels.kept], sources)
    return Examples(pixels.images, labels, ids, tuple(classes), sources)
