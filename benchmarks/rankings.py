"""Do the intervals of average precision and macro F1 hold? Simulated, from few rare examples to nearly perfect ones.

Both are resampled, since neither has a formula, and of a score near its best there is nothing worse to resample. Each
draw of validation examples gives an interval; the truth is the score of very many examples drawn alike. *Percentile*
is the plain percentile interval, *kept* is what a run keeps. Letters: ``P`` rare and ``N`` other examples, ``R`` draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import publish
from dl.intervals import Interval, Score, mean_average_precision, poisson_weights
from dl.runs.estimates import DRAWS, estimate, macro_f1
from dl.runs.manifest import MetricInfo, TaskInfo
from dl.runs.outcomes import Scored

REPEATS, MANY = 400, 40_000
RARE = ((6, 60), (12, 600), (15, 150), (30, 600), (60, 300))
SIZES = (75, 300)
SHARES = ((0.9, 0.1), (0.5, 0.3, 0.15, 0.05), (1 / 6,) * 6)
APART = (1.0, 2.0, 3.0, 4.0)  # deviations between the logits of the true class and of another
Drawn = tuple[NDArray[np.float32], NDArray[np.int64]]  # logits and classes


def task_of(metric: str, classes: int) -> TaskInfo:
    """Return a task whose headline is the metric."""
    kind = "ranking" if metric == "average_precision" else "confusion"
    names = tuple(map(str, range(classes)))
    outputs = 1 if kind == "ranking" else classes
    positive = "1" if kind == "ranking" else ""
    return TaskInfo("", "", outputs, names, (MetricInfo(metric, True, 1.0, kind),), "", positive=positive)


def ranked(rng: np.random.Generator, apart: float, rare: int, other: int) -> Drawn:
    """Draw one logit for each example of two classes, the second rare."""
    total = rare + other
    classes = (rng.random(total) < rare / total).astype(np.int64)
    return (rng.standard_normal(total) + apart * classes).astype(np.float32)[:, None], classes


def classified(rng: np.random.Generator, apart: float, n: int, shares: tuple[float, ...]) -> Drawn:
    """Draw logits of several classes that know their shares."""
    classes = rng.choice(len(shares), n, p=shares)
    logits = rng.standard_normal((n, len(shares))) + 0.7 * np.log(shares)
    logits[np.arange(n), classes] += apart
    return logits.astype(np.float32), classes


def score_of(task: TaskInfo, logits: NDArray[np.float32], classes: NDArray[np.int64]) -> Score:
    """Return the headline as a function of weights."""
    if task.headline.kind == "ranking":
        return mean_average_precision(logits[:, 0], classes)
    return macro_f1(logits.argmax(axis=1), classes)


def percentile(score: Score, n: int) -> Interval:
    """Return the plain percentile interval."""
    draws = score(poisson_weights(np.random.default_rng(0), (n, DRAWS)))
    return Interval(*(float(end) for end in np.nanquantile(draws, [0.025, 0.975])))


def misses(task: TaskInfo, draw: Callable[[np.random.Generator, bool], Drawn], repeats: int) -> dict[str, object]:
    """Count in how many draws the truth lies below and above each interval.

    Args:
        task: With the metric.
        draw: Draws validation examples, or very many like them.
        repeats: R.
    """
    rng = np.random.default_rng(0)
    logits, classes = draw(rng, True)
    truth = float(score_of(task, logits, classes)(np.ones((len(classes), 1), np.float32))[0])
    found = np.zeros((2, 2))
    for _ in range(repeats):
        logits, classes = draw(rng, False)
        if len(np.unique(classes)) < 2:
            continue
        right = logits.argmax(axis=1) == classes if task.outputs > 1 else (logits[:, 0] > 0) == classes
        scored = Scored(np.zeros(0, np.float32), right.astype(np.float32), np.zeros(0, np.float32), logits)
        kept = Interval(*estimate(task, scored, classes)[1:])
        for k, one in enumerate((percentile(score_of(task, logits, classes), len(classes)), kept)):
            found[k] += (truth < one.low, truth > one.high)
    shares = found / repeats
    row: dict[str, object] = {"truth": round(truth, 3)}
    for name, (below, above) in zip(("percentile", "kept"), shares, strict=True):
        row |= {
            f"{name} covers": f"{1 - below - above:.1%}",
            f"{name} misses: below, above": f"{below:.1%}, {above:.1%}",
        }
    return row


def settings() -> Iterator[tuple[str, TaskInfo, Callable[[np.random.Generator, bool], Drawn], float]]:
    """Yield what is drawn: the examples in words, the task, how many or few of them are drawn, and how far apart."""
    for (rare, other), apart in product(RARE, APART):
        yield f"{rare} of {rare + other}", task_of("average_precision", 2), partial(_ranked, apart, rare, other), apart
    for shares, n, apart in product(SHARES, SIZES, APART[:-1]):
        named = ", ".join(f"{share:.2f}" for share in shares)
        yield f"{n}: {named}", task_of("macro_f1", len(shares)), partial(_classified, apart, n, shares), apart


def _ranked(apart: float, rare: int, other: int, rng: np.random.Generator, many: bool) -> Drawn:
    times = MANY // (rare + other) if many else 1
    return ranked(rng, apart, rare * times, other * times)


def _classified(apart: float, n: int, shares: tuple[float, ...], rng: np.random.Generator, many: bool) -> Drawn:
    return classified(rng, apart, MANY if many else n, shares)


def rows(repeats: int = REPEATS) -> Iterator[dict[str, object]]:
    """Yield a line for each setting."""
    for examples, task, draw, apart in settings():
        yield {"metric": task.headline.name, "examples": examples, "apart": apart, **misses(task, draw, repeats)}


def main() -> None:
    """Print and keep the table."""
    publish("rankings", "Do the intervals of average precision and macro F1 hold?", list(rows()), "asked for: 93-97 %")


if __name__ == "__main__":
    main()
