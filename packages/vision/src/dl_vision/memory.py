"""Images in memory: arrays and tensors of pixels, images of pillow, or paths of image files.

Pixels are kept as uint8 (N, H, W, C). Whole numbers from 0 to 255 are taken as they are; real numbers from 0 to 1, or
from -1 to 1, are kept in 256 steps; 16 bits are divided by 257. Which of these it was goes into the recipe as the
option ``values``, so that later images are taken alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.folders import ScannedFolder, report_unreadable
from dl.data.memory import ARRAY, IMAGES, PATHS, TEXTS, Given
from dl.data.ragged import fixed
from dl.domain import Preprocessor
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables.columns import list_names, quote
from dl.tables.gather import content_ids
from dl.tables.memory import open_frame
from dl.tables.table import RowNames, read_source
from dl_vision.cache import Shape, open_cache, read_facts, read_pixels
from dl_vision.decode import coloured, is_grey, line_height, strict_pillow
from dl_vision.folder import InspectedSplit, choose_shape
from dl_vision.listed import PATHS as COLUMN_OF_PATHS
from dl_vision.listed import find_files
from dl_vision.sizes import ChosenShape, common_shape

Pixels = NDArray[np.uint8]
Values = NDArray[Any]  # Any: numbers of any kind
COLOURED = (1, 3, 4)  # possible sizes of the channel axis
CHUNK = 4096  # images converted at once
TO_PIXELS: dict[str, Callable[[Values], Values]] = {  # by the value of the option `values`
    "bool": lambda images: images * np.uint8(255),
    "byte": lambda images: images,
    "unit": lambda images: np.rint(images * 255),
    "signed": lambda images: np.rint((images + 1) * 127.5),
    "16-bit": lambda images: (images.astype(np.int64) + 128) // 257,
}


def from_memory(given: Given, options: Options, preprocessor: Preprocessor | None) -> Dataset:
    """Convert images; with a run's own preprocessor, to its colour, and files to its size.

    Raises:
        BadData: If these are no images, or differ in size.
        BadFile: If a path leads to no image.
        BadOption: If they are of another size or colour than was asked for.
    """
    shape = None if preprocessor is None else _shape_of(preprocessor)
    if given.form == ARRAY:
        return _from_array(given, options, shape)
    if given.form == IMAGES:
        return _from_pillow(given.values, options, shape)
    if given.form in (TEXTS, PATHS):
        return _from_files([str(path) for path in given.values], options, shape)
    if given.images:
        return _from_pillow(_column_of_images(given, options), options, shape)
    table = read_source(open_frame(given), options, COLUMN_OF_PATHS, labelled=False)
    return _from_files([cell.strip() for cell in table.cells()], options, shape)


def _shape_of(preprocessor: Preprocessor) -> Shape:
    channels, height, width = preprocessor.input_shape
    return height, width, channels


def _dataset(
    pixels: Pixels, notes: Sequence[str], sources: Sequence[str] = (), *, options: Options, ids: Index | None = None
) -> Dataset:
    """Return images as a data set; ids are hashes of the pixels where none are given."""
    n = len(pixels)
    names = sources or RowNames("image", np.arange(n))
    examples = Examples(pixels, np.zeros(n, np.int64), content_ids(fixed(pixels)) if ids is None else ids, (), names)
    return Dataset("images", examples, notes=tuple(notes), options=options)


# Arrays


def _from_array(given: Given, options: Options, shape: Shape | None) -> Dataset:
    images, layout = _channels_last(given)
    if options.get("size") and images.shape[1:3] != (options["size"], options["size"]):
        height, width = images.shape[1:3]
        raise BadOption(f"size={options['size']}: the images in the array have {height}x{width}; leave size= out")
    if shape is not None and images.shape[1:] != shape:
        found, known = (" x ".join(map(str, one)) for one in (images.shape[1:], shape))
        raise BadData(f"images of {found} (height, width, channels); the run needs {known}")
    values = _values(images, str(options.get("values", "auto")))
    pixels = np.empty(images.shape, np.uint8)
    for start in range(0, len(images), CHUNK):
        pixels[start : start + CHUNK] = TO_PIXELS[values](images[start : start + CHUNK])
    ids = np.arange(len(pixels)) if given.only_predicted else None
    return _dataset(pixels, [f"images: {layout}, {values} values"], options={"values": values}, ids=ids)


def _channels_last(given: Given) -> tuple[Values, str]:
    """Return images as (N, H, W, C), and the inferred layout of their axes."""
    images = given.values
    if images.ndim == 3:
        return images[..., None], "(N, height, width), one channel"
    if images.ndim != 4:
        raise BadData(
            f"images are (N, height, width) or (N, height, width, channels); {given.words} was given{_hint(images)}"
        )
    first, last = images.shape[1] in COLOURED, images.shape[3] in COLOURED
    if first and (given.from_torch or not last):
        return images.transpose(0, 2, 3, 1), "(N, channels, height, width), as torch lays them out"
    if last:
        return images, "(N, height, width, channels)"
    raise BadData(f"{given.words}: neither the second nor the last axis holds 1, 3 or 4 channels")


def _hint(images: Values) -> str:
    """Return a hint on the shape of flat images, for the end of a message."""
    side = math.isqrt(images.shape[1]) if images.ndim == 2 else 0
    return (
        f"; flat ones have a shape again with .reshape(-1, {side}, {side})"
        if side > 1 and side**2 == images.shape[1]
        else ""
    )


def _values(images: Values, asked: str) -> str:
    """Return the value range of images, a value of the option ``values``: as requested, or inferred.

    Raises:
        BadData: If the values do not fit the requested range, or any.
    """
    low, high = (0.0, 255.0) if images.dtype == np.uint8 else (float(images.min()), float(images.max()))
    if not math.isfinite(low) or not math.isfinite(high):
        raise BadData("not all values of the images are finite numbers")
    fits = {
        "bool": images.dtype.kind == "b",
        "byte": low >= 0
        and high <= 255
        and (images.dtype.kind in "iu" or ((high > 1 or asked == "byte") and _is_whole(images))),
        "unit": low >= 0 and high <= 1 and images.dtype.kind == "f",
        "signed": low >= -1 and high <= 1 and images.dtype.kind == "f",
        "16-bit": images.dtype == np.uint16,
    }
    found = [name for name, holds in fits.items() if holds]
    if asked in found or (asked == "auto" and found):
        return found[0] if asked == "auto" else asked
    expected = "0 to 255, 0 to 1 or -1 to 1, since dl standardizes itself" if asked == "auto" else f"values={asked}"
    raise BadData(f"images of {images.dtype} with values from {low:.4g} to {high:.4g}; expected {expected}")


def _is_whole(images: Values) -> bool:
    chunks = (images[start : start + CHUNK] for start in range(0, len(images), CHUNK))
    return all(bool((chunk == np.rint(chunk)).all()) for chunk in chunks)


# Images of pillow


def _column_of_images(given: Given, options: Options) -> list[Any]:  # Any: images of pillow
    asked = str(options.get("input", ""))
    if asked and asked not in given.images:
        raise BadOption(f"input={asked}: no column of images  columns: {list_names(given.images)}")
    if not asked and len(given.images) > 1:
        raise BadOption(f"several columns hold images; pass input= with one of: {list_names(given.images)}")
    images = list(given.images[asked or next(iter(given.images))])
    missing = [at for at, image in enumerate(images) if image is None]
    if missing:
        raise BadData(f"column {quote(asked or next(iter(given.images)))} has no image in row {missing[0]}")
    return images


def _from_pillow(images: Sequence[Any], options: Options, shape: Shape | None) -> Dataset:  # Any: images of pillow
    with strict_pillow():
        chosen = ChosenShape(shape) if shape else _common(images, options)
        height, width, channels = chosen.shape
        mode = "L" if channels == 1 else "RGB"
        pixels = np.empty((len(images), height, width, channels), np.uint8)
        for at, image in enumerate(images):
            plain = coloured(image, mode)
            sized = plain if plain.size == (width, height) else plain.resize((width, height))
            pixels[at] = np.asarray(sized).reshape(height, width, channels)
    return _dataset(pixels, chosen.notes, options=chosen.options)


def _common(images: Sequence[Any], options: Options) -> ChosenShape:  # Any: images of pillow
    """Return height, width and channels: from the options, otherwise those of all images."""
    colour = options.get("colour", "auto")
    grey = colour == "grey" or (colour == "auto" and all(map(is_grey, images)))
    channels = 1 if grey else 3
    if size := int(options.get("size", 0)):
        return ChosenShape((size, size, channels))
    return common_shape([(image.size[1], image.size[0]) for image in images], channels)


# Files


def _from_files(names: Sequence[str], options: Options, shape: Shape | None) -> Dataset:
    here = Path.cwd()
    files, missing = find_files(here, names)
    _refuse_bad([f"{names[at]}: {why}" for at, why in missing.items()], len(names))
    facts = read_facts(files, cache := open_cache())
    split = InspectedSplit(ScannedFolder(here, (), files), [], facts)
    chosen = ChosenShape(shape) if shape else choose_shape(here, [split], options)
    pixels = read_pixels(files, facts, chosen.shape, cache, as_lines=bool(line_height(options)))
    _refuse_bad([f"{names[at]}: {why}" for at, why in pixels.bad.items()], len(names))
    return _dataset(pixels.images, chosen.notes, names, options=chosen.options)


def _refuse_bad(lines: Sequence[str], of: int) -> None:
    if lines:
        report_unreadable(lines, of, "images", skip=False)
