"""Phrases in ten languages: names of countries, languages, scripts, currencies, units, months and days.

The names are those of the Unicode Common Locale Data Repository, shipped in the package babel. A *thing* is anything
with a name (a country, a month), written ``kind:code``.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from importlib.metadata import version
from unicodedata import normalize

import numpy as np

from dl.data.examples import Dataset
from dl.errors import BadFile
from dl_words.groups import TEST_SHARE, Labelled, split

LANGUAGES = {
    "nl": "Dutch",
    "en": "English",
    "fi": "Finnish",
    "fr": "French",
    "de": "German",
    "it": "Italian",
    "pl": "Polish",
    "pt": "Portuguese",
    "es": "Spanish",
    "sv": "Swedish",
}
REPAIR = "pip install --force-reinstall babel"
ASIDE = re.compile(r"\(.*?\)|\d+")  # "(1927-2002)", "(Latin)": qualifiers of variants of one name
TITLES = {
    "phrase-language": "Names in ten languages: which one",
    "phrase-languages": "Names in ten languages: in which of them",
}
SAME_NAME = {
    "phrase-language": "phrases that are a name in more than one of the ten languages are left out",
    "phrase-languages": "a label is yes if that language has the phrase as a name of something in this list, so no is "
    "not proof; most phrases have one label",
}

_Phrases = dict[str, tuple[set[str], dict[str, None]]]  # by phrase: its languages, and its keys


def load(name: str) -> Dataset:
    """Read the names, and return the training set and the opener of the test set.

    Raises:
        BadFile: If babel cannot read its data.
    """
    phrases = _gather()
    several = name == "phrase-languages"
    rows = [
        Labelled(phrase, _target(spoken, several), tuple(keys))
        for phrase, (spoken, keys) in phrases.items()
        if several or len(spoken) == 1
    ]
    train, open_test = split(rows, tuple(LANGUAGES.values()), np.uint8 if several else np.int64)
    return Dataset(
        name=name,
        train=train,
        open_test=open_test,
        val_size=0.15,
        title=TITLES[name],
        licence="Unicode License V3, the names; BSD-3-Clause, the package babel",
        source=f"https://cldr.unicode.org (Unicode CLDR), from babel {version('babel')}",
        notes=(
            "labels: the language for which Unicode's contributors gave the name; the phrases were not labelled one by "
            "one",
            "phrases: names of countries and regions, languages, scripts, currencies, units, months and days, in lower "
            "case; names, not sentences, so scores say little about running text",
            SAME_NAME[name],
            "groups: each language has one name for a thing, so its names in other languages would leak the answer by "
            "elimination; all names of a thing, and of things that share a name, are on one side of every split",
            f"the test set is dl's own: the groups whose hash is divisible by {TEST_SHARE}; another version of babel "
            "has other names",
            "short phrases: use tokens=chars, not words",
        ),
    )


def _gather() -> _Phrases:
    """Collect every phrase with its languages and keys."""
    phrases: _Phrases = defaultdict(lambda: (set(), {}))
    for language in LANGUAGES:
        for thing, given in _names(language):
            phrase = " ".join(normalize("NFC", given).lower().split())
            if phrase in ("", thing.partition(":")[2].lower()):
                continue  # a code that stands in for a name
            spoken, keys = phrases[phrase]
            spoken.add(language)
            keys.update({thing: None, f"name:{_without_asides(phrase)}": None})
    return phrases


def _names(language: str) -> Iterator[tuple[str, str]]:
    """Yield each thing with its name in a language.

    Raises:
        BadFile: If babel lacks the language, or its data cannot be read.
    """
    from babel import Locale
    from babel.core import UnknownLocaleError

    try:
        locale = Locale(language)
        kinds = {
            "territory": locale.territories,
            "language": locale.languages,
            "script": locale.scripts,
            "currency": locale.currencies,
            "unit": {code: names.get("long") for code, names in locale.unit_display_names.items()},
            "month": locale.months["stand-alone"]["wide"],
            "day": locale.days["stand-alone"]["wide"],
        }
    except (UnknownLocaleError, OSError, EOFError, KeyError, ValueError) as error:
        raise BadFile(f"babel {version('babel')} cannot read its names for {language!r}: {error}  {REPAIR}") from error
    for kind, names in kinds.items():
        for code, given in names.items():
            if isinstance(given, str):
                yield f"{kind}:{code}", given


def _without_asides(phrase: str) -> str:
    return " ".join(ASIDE.sub(" ", phrase).split()) or phrase


def _target(spoken: set[str], several: bool) -> int | tuple[int, ...]:
    if several:
        return tuple(int(language in spoken) for language in LANGUAGES)
    (only,) = spoken
    return list(LANGUAGES).index(only)
