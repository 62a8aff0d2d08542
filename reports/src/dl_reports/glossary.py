"""The words of the field that reports use, each with its meaning, its place in a report, a remedy and a picture.

They lie in `words.toml`; a word is found by its name, another name of it, or the label of a report that stands for it.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from dl.errors import UnknownName

MOST_NEAREST = 3


@dataclass(frozen=True)
class Word:
    """A word of the field.

    Attributes:
        name: As it is written in a sentence.
        group: What it is about, as ``scores``.
        means: Its meaning, in two or three sentences.
        report: Where it stands in what dl prints.
        do: What follows from it.
        picture: Lines of text.
        also: Other names, and the labels of reports that stand for it.
        codes: Of the findings about it.
    """

    name: str
    group: str
    means: str
    report: str
    do: str
    picture: str
    also: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def typed(self) -> str:
        """The name as one word of a command line."""
        return self.name.replace(" ", "-")

    @property
    def gist(self) -> str:
        """The first sentence of the meaning."""
        return re.split(r"(?<=[.:])\s", self.means, maxsplit=1)[0].rstrip(".:")


@cache
def words() -> tuple[Word, ...]:
    """Return all words, in the order of their groups."""
    stored = tomllib.loads(files("dl_reports").joinpath("words.toml").read_text(encoding="utf-8"))["word"]
    return tuple(_word(entry) for entry in stored)


def find_word(name: str) -> Word | None:
    """Return the word with this name, whatever its case and with hyphens, underscores or blanks; None for no word."""
    return _by_name().get(_plain(name))


def nearest_words(name: str, others: Iterable[str] = ()) -> list[str]:
    """Return names that are like this one, the nearest first: those that hold it, then those that differ little.

    Args:
        name: That is no word.
        others: Names beside those of the words.
    """
    wanted = _plain(name)
    choices = {_plain(one): one.replace(" ", "-") for one in [*_by_name(), *(word.typed for word in words()), *others]}
    if len(wanted) > 2 and (holding := [choices[key] for key in choices if wanted in key.split()]):
        return holding[:MOST_NEAREST]
    return [choices[key] for key in difflib.get_close_matches(wanted, choices, n=MOST_NEAREST, cutoff=0.7)]


def unknown_word(name: str, codes: Iterable[str]) -> UnknownName:
    """Build the error for a name that is neither a code nor a word."""
    named = [repr(one) for one in nearest_words(name, codes)]
    listed = " or ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    meant = f"; did you mean {listed}?" if named else ""
    return UnknownName(f"no finding code or word named {name!r}{meant}  see: dl explain")


def _word(entry: dict[str, str]) -> Word:
    lines = {key: " ".join(entry[key].split()) for key in ("means", "report", "do")}
    lists = {key: tuple(entry.get(key, ())) for key in ("also", "codes")}
    return Word(entry["name"], entry["group"], picture=entry["picture"].strip("\n"), **lines, **lists)  # type: ignore[arg-type]  # of two kinds


@cache
def _by_name() -> dict[str, Word]:
    other = {_plain(name): word for word in words() for name in word.also}
    return other | {_plain(word.name): word for word in words()}


def _plain(name: str) -> str:
    return " ".join(re.split(r"[\s_-]+", name.strip().lower()))
