"""MNIST as data sets: the same images with the target of each task."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples
from dl_mnist import targets
from dl_mnist.idx import IdxFile, read_idx
from dl_mnist.lines import load_lines
from dl_mnist.moving import load_moving

FILES = Path(__file__).parent / "files"
NUM_TRAIN, NUM_TEST, NUM_VAL = 60_000, 10_000, 10_000

TRAIN = (
    IdxFile(
        "train-images-idx3-ubyte.gz",
        (NUM_TRAIN, 28, 28),
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    IdxFile(
        "train-labels-idx1-ubyte.gz",
        (NUM_TRAIN,),
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
)
TEST = (
    IdxFile(
        "t10k-images-idx3-ubyte.gz",
        (NUM_TEST, 28, 28),
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    IdxFile(
        "t10k-labels-idx1-ubyte.gz",
        (NUM_TEST,),
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)

Target = Callable[[targets.Pixels, targets.Digits], NDArray[np.generic]]
# By data set: title, names of the classes, labels or columns, and the target as a function of images and digits.
TASKS: dict[str, tuple[str, tuple[str, ...], Target]] = {
    "mnist": ("MNIST handwritten digits", targets.DIGITS, lambda _, digits: digits),
    "mnist-even": ("MNIST, even or odd", ("odd", "even"), lambda _, digits: targets.is_even(digits)),
    "mnist-attributes": ("MNIST, four attributes", targets.ATTRIBUTES, lambda _, digits: targets.attributes(digits)),
    "mnist-slant": ("MNIST, slant in degrees", ("slant",), lambda images, _: targets.slant(images)),
    "mnist-ink": ("MNIST, share of inked pixels", ("ink",), lambda images, _: targets.ink(images)),
}


LICENCE = "CC BY-SA 3.0, Yann LeCun and Corinna Cortes; from NIST Special Databases 1 and 3"
SOURCE = "http://yann.lecun.com/exdb/mnist/"


def load(name: str, folder: Path = FILES) -> Dataset:
    """Read the training set; the test set stays closed until its function is called.

    Raises:
        BadFile: If a file differs from the published one.
    """
    title = TASKS[name][0]
    return Dataset(
        name=name,
        train=_read(name, folder, TRAIN, first_id=0),
        open_test=lambda: _read(name, folder, TEST, first_id=NUM_TRAIN),
        val_size=NUM_VAL,
        title=title,
        licence=LICENCE,
        source=SOURCE,
    )


def lines(folder: Path = FILES) -> Dataset:
    """Make the lines of several digits.

    Raises:
        BadFile: If a file differs from the published one.
    """
    return load_lines(folder, TRAIN, TEST, LICENCE, SOURCE)


def moving(steps: int, folder: Path = FILES) -> Dataset:
    """Make the sequences of digits that move.

    Raises:
        BadFile: If a file differs from the published one.
    """
    return load_moving(folder, TRAIN, TEST, steps, LICENCE, SOURCE)


def _read(name: str, folder: Path, files: tuple[IdxFile, IdxFile], first_id: int) -> Examples:
    """Read images (N, 28, 28, 1) and targets of one set; ids are positions, the test set after the training set."""
    images, labels = (read_idx(folder, known) for known in files)
    _, names, target = TASKS[name]
    inputs = images[..., None]
    return Examples(inputs, target(inputs, labels.astype(np.int64)), np.arange(first_id, first_id + len(inputs)), names)
