"""Rows that are ranked within their query: the number of the query stands beside the relevance in the target.

Letters: ``N`` rows, ``Q`` queries.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Fingerprints, Index
from dl.errors import BadData, BadOption
from dl.terminal import safe_text
from dl.words import many, show_number

HIGHEST = 31  # grade: its gain, 2 ** 31 - 1, is exact in every sum
RELEVANCE, QUERY = 0, 1  # columns of a target


class QueryNames(tuple[str, ...]):
    """The name of a relevance, whose targets (N, 2) are grades beside the numbers of their queries."""

    __slots__ = ()


class LeftOutQueries(UserWarning):
    """Queries of a test set have no order that is better than another."""


def are_ranked(examples: Examples) -> bool:
    """Return whether the targets of examples are grades beside the numbers of their queries."""
    return isinstance(examples.names, QueryNames)


def without_query(examples: Examples) -> NDArray[np.generic]:
    """Return the targets of examples, of ranked rows the relevance alone, (N, ...)."""
    return examples.targets[:, RELEVANCE] if are_ranked(examples) else examples.targets


def numbers_of_queries(examples: Examples) -> Index:
    """Return the number of the query of each ranked row, (N,)."""
    return examples.targets[:, QUERY].astype(np.int64)


def rank_queries(dataset: Dataset) -> Dataset:
    """Return a data set whose targets are relevance and query, without the queries that cannot be ranked.

    Args:
        dataset: With groups, which are the queries, and targets that are grades.

    Raises:
        BadData: If targets are no grades, or no two queries can be ranked.
        BadOption: If there are no groups.
    """
    train, notes = _ranked(dataset.train)
    val = None if dataset.val is None else _ranked(dataset.val)[0]
    open_test = None if dataset.open_test is None else _opening(dataset.open_test)
    return replace(dataset, train=train, val=val, open_test=open_test, notes=(*dataset.notes, *notes))


def _opening(open_test: Callable[[], Examples]) -> Callable[[], Examples]:
    def opened() -> Examples:
        return rank_examples(open_test())

    return opened


def rank_examples(examples: Examples) -> Examples:
    """Return examples to score with relevance and query as targets, and warn of queries that are left out.

    Raises:
        DLError: As `rank_queries`.
    """
    found, (_, *left_out) = _ranked(examples)
    for note in left_out:
        warnings.warn(note, LeftOutQueries, stacklevel=2)
    return found


def _ranked(examples: Examples) -> tuple[Examples, list[str]]:
    """Return examples with relevance and query as targets, and notes: how many queries, and those left out."""
    if are_ranked(examples):
        return examples, [""]
    if examples.groups is None:
        raise BadOption(
            "ranking needs the column of queries, whose rows are ranked among themselves: --group-on COLUMN"
        )
    grades, queries = _grades(examples), np.unique(examples.groups, return_inverse=True)[1].reshape(-1)
    found = QueryCounts.of(grades, queries)
    found.check()
    kept = np.flatnonzero(found.usable[queries])
    targets = np.stack([grades, queries], axis=1)[kept]
    rest = examples if len(kept) == len(examples) else examples.take(kept)
    return replace(rest, targets=targets, names=QueryNames(_name(examples))), found.notes()


def _name(examples: Examples) -> tuple[str, ...]:
    return examples.names if len(examples.names) == 1 else ("relevance",)


@dataclass(frozen=True)
class QueryCounts:
    """How many rows each query has, and how many of them are relevant.

    Args:
        sizes: (Q,) rows.
        relevant: (Q,) rows of a grade above 0.
    """

    sizes: Index
    relevant: Index

    @classmethod
    def of(cls, grades: Index, queries: Index) -> QueryCounts:
        """Count rows, given their (N,) grades and the numbers of their queries."""
        return cls(np.bincount(queries), np.bincount(queries, grades > 0).astype(np.int64))

    @property
    def usable(self) -> NDArray[np.bool_]:
        """(Q,) which queries have a relevant row and another."""
        return (self.relevant > 0) & (self.relevant < self.sizes)

    def check(self) -> None:
        """Refuse rows of which nothing can be learnt.

        Raises:
            BadData: With what is wrong.
        """
        if len(self.sizes) == 1:
            raise BadData(f"all {many(int(self.sizes[0]), 'row')} are of one query; ranking needs several to score")
        if self.sizes.max() == 1:
            raise BadData(
                f"each of the {len(self.sizes):,} queries has one row, so there is nothing to rank; name the column "
                "whose values many rows share: --group-on COLUMN"
            )
        if not self.relevant.any():
            raise BadData("no row is relevant: every relevance is 0, so no order is better than another")
        if self.usable.sum() < 2:
            raise BadData(
                f"{many(int(self.usable.sum()), 'query', 'queries')} of {len(self.sizes):,} have a relevant row and "
                "another, and ranking needs two; is another column that of queries? --group-on COLUMN"
            )

    def notes(self) -> list[str]:
        """Return the number of queries in words, and what is left out."""
        sizes = self.sizes[self.usable]
        span = f"{sizes.min():,}" if sizes.min() == sizes.max() else f"{sizes.min():,} to {sizes.max():,}"
        told = [
            f"queries: {len(sizes):,} of {span} rows, {show_number(float(self.relevant[self.usable].mean()))} of them "
            "relevant on average"
        ]
        none, every = int((self.relevant == 0).sum()), int((self.relevant == self.sizes).sum())
        if none or every:
            why = [f"{none:,} without a relevant row"] if none else []
            why += [f"{every:,} with relevant rows alone"] if every else []
            count = many(none + every, "query", "queries")
            told.append(f"{count} left out, for no order of them is better than another: {', '.join(why)}")
        return told


def _grades(examples: Examples) -> Index:
    """Return the relevance of each row as a grade, (N,).

    Raises:
        BadData: Naming the first row whose relevance is none.
    """
    values = examples.targets
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise BadData(f"ranking needs one column of relevance; the target has {values.shape[1]}")
    if np.issubdtype(values.dtype, np.integer) and len(examples.names) > 1:
        values = _named_grades(values.astype(np.int64), examples.names)
    numbers = values.astype(np.float64)
    bad = ~np.isfinite(numbers) | (numbers != np.round(numbers)) | (numbers < 0) | (numbers > HIGHEST)
    if bad.any():
        at = int(np.argmax(bad))
        raise BadData(
            f"{safe_text(examples.source(at))}: relevance {show_number(float(numbers[at]))}; expected 0 for a row that "
            f"is not relevant, and 1, or grades up to {HIGHEST}, for one that is"
        )
    return np.asarray(numbers.astype(np.int64))


def _named_grades(numbers: Index, names: tuple[str, ...]) -> NDArray[np.float64]:
    """Return the grades that the names of classes are.

    Raises:
        BadData: If they are no numbers.
    """
    try:
        grades = np.array([float(name) for name in names])
    except ValueError:
        shown = ", ".join(repr(safe_text(name, 40)) for name in names[:3])
        raise BadData(f"relevance is a number, 0 for a row that is not relevant; the target is {shown}") from None
    return np.asarray(grades[numbers])


def joint_with_query(keys: Fingerprints, queries: Index) -> Fingerprints:
    """Return fingerprints of rows (N,) that they share where all rows of their queries are equal.

    Args:
        keys: (N,) fingerprints of the rows.
        queries: (N,) numbers of their queries.
    """
    order = np.lexsort((keys, queries))
    ends = np.flatnonzero(np.diff(queries[order])) + 1
    found = np.empty_like(keys)
    for rows in np.split(order, ends):
        whole = blake2b(keys[rows].tobytes(), digest_size=16).digest()
        for row in rows:
            found[row] = blake2b(whole + bytes(keys[row]), digest_size=16).digest()
    return found


def choose_queries(positions: Index, queries: Index, size: int, seed: int) -> Index:
    """Choose whole queries at random until they have about so many rows, (n,) sorted positions; at least one.

    Args:
        positions: Of rows to choose from.
        queries: (N,) numbers of the queries of all rows.
        size: Rows wanted.
        seed: Of the draw.
    """
    numbers, of_query = np.unique(queries[positions], return_inverse=True)
    sizes = np.bincount(of_query)
    order = np.random.default_rng([seed, 0x9E5]).permutation(len(numbers))
    count = max(1, int(np.searchsorted(np.cumsum(sizes[order]), size, side="right")))
    chosen = np.zeros(len(numbers), bool)
    chosen[order[:count]] = True
    return np.sort(positions[chosen[of_query]])
