"""What helps to find rare classes? Fits with each remedy on the same training set, scored on an untouched part.

Sets that come with dl, thinned until some classes are rare. ``TUNED`` were looked at while the remedies were written;
``FINAL`` once, at the end. Each fit of a remedy stands beside the plain fit of the same draw: the table has the mean
differences in points with their standard errors over the draws. Answers are the likeliest class (``threshold=0.5``), so
that a remedy is not confused with a threshold.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, f1_score, recall_score

import dl
from benchmarks.default_sets import Case, ours
from benchmarks.measuring import publish

DRAWS = 4
RARE_SHARE = 0.15  # of a rare class's examples that are kept
REMEDIES: dict[str, dict[str, float]] = {
    "class-weights=0.5": {"class-weights": 0.5},
    "class-weights=1": {"class-weights": 1.0},
    "resample=0.5": {"resample": 0.5},
    "resample=1": {"resample": 1.0},
    "focal=2": {"focal": 2.0},
}
TUNED = (("tabular", "breast-cancer", 300, 1), ("vision", "digits", 700, 3))
FINAL = (("tabular", "wine", 110, 1), ("vision", "mnist", 1200, 3), ("text", "rotten-tomatoes", 1500, 1))
MOST = 4_000  # untouched examples


def thinned(case: Case, rare: int, draw: int) -> tuple[NDArray[np.int64], NDArray[np.int64], list[str]]:
    """Return positions to learn from and untouched ones, and the classes that are rare among the former."""
    rng = np.random.default_rng(draw)
    names = sorted(set(case.target.tolist()))
    chosen = [str(name) for name in rng.permutation(names)[:rare]]
    order = rng.permutation(len(case.target))
    train, rest = order[: case.size], order[case.size : case.size + MOST]
    kept = ~np.isin(case.target[train], chosen) | (rng.random(len(train)) < RARE_SHARE)
    return train[kept], rest, chosen


def _rows(case: Case, at: NDArray[np.int64]) -> Any:  # Any: as in Case
    if hasattr(case.inputs, "iloc"):
        return case.inputs.iloc[at].reset_index(drop=True)
    return [case.inputs[k] for k in at] if isinstance(case.inputs, list) else case.inputs[at]


def scores(case: Case, rare: int, draw: int, reg: dict[str, float]) -> dict[str, float]:
    """Fit with a remedy, and score the untouched part."""
    train, rest, chosen = thinned(case, rare, draw)
    with TemporaryDirectory() as folder:
        given = (_rows(case, train), case.target[train])
        likeliest: dict[str, Any] = {"threshold": "0.5"} if len(set(case.target.tolist())) == 2 else {}  # Any: options
        run = dl.fit(case.domain, given, reg=reg, seed=draw, runs=Path(folder), **likeliest)
        answers = np.array([one.answer for one in dl.load(run).predict(_rows(case, rest))])
    actual = case.target[rest]
    return {
        "recall of rare": float(recall_score(actual, answers, labels=chosen, average="macro", zero_division=0)),
        "F1 of rare": float(f1_score(actual, answers, labels=chosen, average="macro", zero_division=0)),
        "macro F1": float(f1_score(actual, answers, average="macro", zero_division=0)),
        "accuracy": float(accuracy_score(actual, answers)),
    }


def rows(sets: tuple[tuple[str, str, int, int], ...], draws: int = DRAWS) -> Iterator[dict[str, object]]:
    """Yield a line for the plain fit of each set, and one for each remedy with the differences to it."""
    for domain, name, size, rare in sets:
        case = ours(name, domain, size)
        plain = [scores(case, rare, draw, {}) for draw in range(draws)]
        shown: dict[str, object] = {"set": name, "remedy": "none"}
        yield shown | {metric: f"{100 * np.mean([one[metric] for one in plain]):.1f} %" for metric in plain[0]}
        for remedy, reg in REMEDIES.items():
            found = [scores(case, rare, draw, reg) for draw in range(draws)]
            line: dict[str, object] = {"set": name, "remedy": remedy}
            for metric in plain[0]:
                moved = 100 * np.array([a[metric] - b[metric] for a, b in zip(found, plain, strict=True)])
                line[metric] = f"{moved.mean():+.1f} ± {moved.std(ddof=1) / np.sqrt(draws):.1f}"
            yield line


def main() -> None:
    """Print and keep the table."""
    found = []
    for sets in (TUNED, FINAL):
        for row in rows(sets):
            print(row, file=sys.stderr, flush=True)
            found.append(row)
    publish("rare", "What helps to find rare classes?", found, "points, beside the plain fit of the same draws")


if __name__ == "__main__":
    main()
