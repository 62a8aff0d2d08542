"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

dl_api = 4  # the version of dl's hooks

NAME = "newplugin"
DESCRIPTION = "rings and crosses, drawn by a seed; two classes"
NOISE = Option("noise", 90, "brightest value behind the shape, of 255", low=0, high=255)


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Return the data sets that can be named after ``dl fit vision``."""
    return (DatasetSpec(NAME, "vision", DESCRIPTION, _load, (NOISE,)),)


def _load(options: Options) -> Dataset:
    from dl_newplugin.data import load

    return load(int(options["noise"]))
