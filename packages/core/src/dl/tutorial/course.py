"""A course: the data that the tutorial works on, and what differs with the kind of input.

Networks, sizes and epochs are chosen so that the whole takes less than ten minutes on two cores on MNIST.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from dl.errors import BadOption, nearest

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins

DATA = "mnist"
RECIPE = "book-dense"  # a recipe that is named is taken as it stands: without regularizers


@dataclass(frozen=True)
class Scale:
    """The sizes of the networks of a course on one kind of input.

    Args:
        small: Options of the first fit.
        large: Options of the fit that overfits.
        remedies: Flags that regularize it.
        folds: A named data set with few examples, for cross-validation.
    """

    small: tuple[str, ...]
    large: tuple[str, ...]
    remedies: tuple[str, ...]
    folds: str


SCALES = {
    "vision": Scale(
        ("width=32", "epochs=2"),
        ("width=512", "epochs=10", "lr=0.003"),
        ("--reg", "random-shift=2"),
        "digits",
    ),
    "tabular": Scale(
        ("width=16", "epochs=20"),
        ("width=256", "epochs=40"),
        ("--reg", "noise=0.1", "--reg", "dropout=0.5"),
        "wine",
    ),
    "text": Scale(
        ("width=4", "epochs=2"),
        ("width=64", "epochs=10"),
        ("--reg", "word-dropout=0.2", "--reg", "dropout=0.5"),
        "phrase-language",
    ),
}


@dataclass(frozen=True)
class Course:
    """What the tutorial works on.

    Args:
        data: The name of a data set, or an absolute path.
        domain: Of the inputs.
        scale: The networks.
    """

    data: str
    domain: str
    scale: Scale

    @property
    def typed(self) -> str:
        """The data as it is typed in a shell."""
        return quote(self.data)

    @property
    def label(self) -> str:
        """The data in the name of a folder and in a title."""
        return Path(self.data).name

    @property
    def has_digits(self) -> bool:
        """Whether a drawn digit is an input of the same kind."""
        return self.data in ("mnist", "digits")


def find_course(data: str, plugins: Plugins) -> Course:
    """Return the course on a named data set, or on a folder or table.

    Raises:
        BadOption: If there is no such data, or no course on its kind of input.
    """
    from dl.recipes.recognize import is_data, recognize_domain

    if not is_data(data, plugins):
        known = [name for domain, name in plugins.datasets if domain in SCALES]
        raise BadOption(f"--data {data!r} is no data set, folder or table{nearest(data, known)}  see: dl ls datasets")
    named = any(data == name for _, name in plugins.datasets)
    domain = recognize_domain(data, plugins, {})
    if domain not in SCALES:
        kinds = ", ".join(SCALES)
        raise BadOption(f"--data {data!r} is of the kind {domain!r}; dl tutorial knows {kinds}: try --data {DATA}")
    return Course(data if named else str(Path(os.path.expanduser(data)).resolve()), domain, SCALES[domain])  # noqa: PTH111 - as in recipes
