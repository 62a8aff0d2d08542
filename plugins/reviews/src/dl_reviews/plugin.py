"""The plugin of the data sets `imdb` and `rotten-tomatoes`. Registering reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Option, Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

ARCHIVE_OPTIONS = (
    Option(
        "data_dir", "", "read the official two halves from a folder with aclImdb_v1.tar.gz or aclImdb", is_path=True
    ),
    Option("official", False, "download aclImdb_v1.tar.gz (80 MB, once) for the official two halves"),
)


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Register both sets of reviews."""
    return (
        DatasetSpec(
            "imdb", "text", "25,000 film reviews, negative or positive; binary", _load_imdb, options=ARCHIVE_OPTIONS
        ),
        DatasetSpec(
            "rotten-tomatoes",
            "text",
            "8,530 sentences of film reviews, negative or positive; binary",
            _load_rotten_tomatoes,
        ),
    )


def _load_imdb(options: Options) -> Dataset:
    from dl_reviews.reviews import load_imdb

    return load_imdb(data_dir=str(options.get("data_dir", "")), official=bool(options.get("official", False)))


def _load_rotten_tomatoes(_options: Options) -> Dataset:
    from dl_reviews.reviews import load_rotten_tomatoes

    return load_rotten_tomatoes()
