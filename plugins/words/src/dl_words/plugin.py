"""The plugin of the data sets of words and phrases, one for each of four tasks. Registering reads nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import Options
from dl.specs import DatasetSpec

if TYPE_CHECKING:
    from dl.data.examples import Dataset

DESCRIPTIONS = {
    "phrase-language": "names of countries, languages, currencies, units in ten languages; multiclass",
    "phrase-languages": "the same, with names that several languages share; multilabel",
    "valence": "7,506 words and emoticons: mean rating by ten people, from bad -4 to good 4; regression",
    "positive-share": "the same words: the share of positive ratings; unit regression",
}


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Register one data set for each task."""
    return tuple(_spec(name, description) for name, description in DESCRIPTIONS.items())


def _spec(name: str, description: str) -> DatasetSpec:
    def load(_options: Options) -> Dataset:
        if name.startswith("phrase"):
            from dl_words.phrases import load as load_phrases

            return load_phrases(name)
        from dl_words.ratings import load as load_ratings

        return load_ratings(name)

    return DatasetSpec(name, "text", description, load, recipe="spelling")
