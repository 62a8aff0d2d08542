"""The hardest queries of a run that ranks rows: where their relevant rows stand, by the scores of the best epoch.

Letters: ``n`` validation rows, ``Q`` queries.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from dl.data.queries import QUERY, RELEVANCE
from dl.runs.outcomes import PartOutcomes
from dl_reports.facts import Facts, known
from dl_reports.report import Example
from dl_reports.statistics import NotComputable

SHOWN = 12
RANKS = 6  # of relevant rows in a line


def hardest_queries(facts: Facts, source_of: Callable[[int], str]) -> tuple[Example, ...]:
    """Return the validation queries of the lowest average precision, a row of each; none where all are right.

    Args:
        facts: Of the run.
        source_of: From a row to the file or row that it came from; empty if the run keeps none.
    """
    val, logits = facts.kept.val, known(facts.kept.best_logits)
    if isinstance(val, NotComputable) or logits is None or len(logits) != len(val.ids):
        return ()
    queries = _queries(val)
    scores = logits.reshape(len(logits), -1)[:, 0].astype(np.float64)
    rows = [np.flatnonzero(queries == number) for number in range(int(queries.max(initial=-1)) + 1)]
    precision = [average_precision(scores[own], val.targets[own, RELEVANCE].astype(np.int64)) for own in rows]
    worst = [at for at in np.argsort(precision, kind="stable") if precision[at] < 1]
    found: list[Example] = []
    seen: set[int] = set()
    for at in worst:
        query = int(val.targets[rows[at][0], QUERY])
        if query not in seen:  # a protocol of several rounds holds it out again
            found.append(_example(val, rows[at], scores, precision[at], source_of))
            seen.add(query)
        if len(found) == SHOWN:
            break
    return tuple(found)


def _queries(val: PartOutcomes) -> NDArray[np.int64]:
    """Number the queries of each fold, (n,)."""
    folds = np.zeros(len(val.ids), np.int64) if val.folds is None else val.folds.astype(np.int64)
    pairs = np.stack([folds, val.targets[:, QUERY]], axis=1)
    return np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def ranks_of(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rank of each row of a query, (n,), from 1; of rows of equal score the mean of theirs."""
    above = (scores[None, :] > scores[:, None]).sum(axis=1)
    equal = (scores[None, :] == scores[:, None]).sum(axis=1)
    return np.asarray(above + (equal + 1) / 2)


def average_precision(scores: NDArray[np.float64], grades: NDArray[np.int64]) -> float:
    """Return the average precision of one query, rows of equal score at their mean rank."""
    ranks = np.sort(ranks_of(scores)[grades > 0])
    return float(np.minimum(np.arange(1, len(ranks) + 1) / ranks, 1).mean()) if len(ranks) else 1.0


def _example(
    val: PartOutcomes,
    rows: NDArray[np.intp],
    scores: NDArray[np.float64],
    precision: float,
    source_of: Callable[[int], str],
) -> Example:
    named = [source for row in rows if (source := source_of(int(row)))]
    relevant = np.sort(ranks_of(scores[rows])[val.targets[rows, RELEVANCE].astype(np.int64) > 0])
    listed = ", ".join(f"{rank:g}" for rank in relevant[:RANKS]) + (", …" if len(relevant) > RANKS else "")
    return Example(
        id=int(val.ids[rows[0]]),
        part="val",
        why="hardest",
        true=f"{len(relevant)} of {len(rows)} rows relevant",
        predicted=f"at rank {listed}",
        loss=1 - precision,
        sketch=None,
        source=f"query of {named[0]}" if named else "",
    )
