"""The data sets of words and phrases, one for each of four tasks. Listing them reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

DESCRIPTIONS = {
    "phrase-language": "names of countries, languages, money, units: which of ten languages; multiclass",
    "phrase-languages": "the same, with names that several languages share; multilabel",
    "valence": "7,506 words and emoticons: how good or bad ten people found them, -4 to 4; regression",
    "positive-share": "the same words: the share of those people who found them good; unit regression",
}


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """One data set for each task."""
    return tuple(_spec(name, description) for name, description in DESCRIPTIONS.items())


def _spec(name: str, description: str) -> DatasetSpec:
    def load(_options: Options) -> Dataset:
        if name.startswith("phrase"):
            from dl_words.phrases import load as load_phrases

            return load_phrases(name)
        from dl_words.ratings import load as load_ratings

        return load_ratings(name)

    return DatasetSpec(name, "text", description, load, recipe="spelling")
