"""Intervals: how far a score seen on n examples may lie from the truth.

What the data cannot bound, an interval leaves open: of a proportion of no examples nothing is known, so [0, 1].
Letters: ``p`` a proportion, ``n`` examples, ``B`` bootstrap draws, ``L`` labels, ``z`` a quantile of the normal law.
scipy's quantiles are imported when one is asked for: a fit has scipy in memory by then, a listing needs none.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Score = Callable[[Weights], NDArray[np.float64]]

_BLOCK = 4_000_000  # weights drawn at once: 16 MB


class Interval(NamedTuple):
    """A range that holds the true value with the stated confidence; infinite ends are open."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Whether a value lies in the interval, ends included."""
        return self.low <= value <= self.high


OPEN = Interval(-math.inf, math.inf)


class Estimate(NamedTuple):
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def normal_quantile(level: float) -> float:
    """The z that leaves ``level`` of the normal law between -z and z."""
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def student_quantile(level: float, df: float) -> float:
    """The t that leaves ``level`` of Student's law between -t and t."""
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def wilson(successes: float, n: float, level: float = 0.95) -> Interval:
    """The score interval of a proportion, good near 0 and 1; [0, 1] when there are no examples.

    Source: Wilson 1927, the interval of all p that a score test of the counts does not reject.

    Raises:
        ValueError: If there are fewer than 0 or more than n successes.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"successes must lie between 0 and {n}; found {successes}")
    if n == 0:
        return Interval(0.0, 1.0)
    z = normal_quantile(level)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half  # the ends are exact there; rounding is not
    high = 1.0 if successes == n else centre + half
    return Interval(max(0.0, low), min(1.0, high))


def newcombe(successes1: float, n1: float, successes2: float, n2: float, level: float = 0.95) -> Interval:
    """The interval of p1 - p2 for two independent samples, from the Wilson limits of each; open when one is empty.

    Source: Newcombe 1998, Statistics in Medicine 17:873-890, method 10.

    Raises:
        ValueError: If a sample has fewer than 0 or more than n successes.
    """
    low1, high1 = wilson(successes1, n1, level)
    low2, high2 = wilson(successes2, n2, level)
    if n1 == 0 or n2 == 0:
        return Interval(-1.0, 1.0)
    p1, p2 = successes1 / n1, successes2 / n2
    return Interval(
        p1 - p2 - math.hypot(p1 - low1, high2 - p2),
        p1 - p2 + math.hypot(high1 - p1, p2 - low2),
    )


def mean_interval(mean: float, sd: float, n: int, level: float = 0.95) -> Interval:
    """Student's interval of a mean; open for fewer than two examples or when a number is not finite."""
    if n < 2 or not math.isfinite(mean) or not math.isfinite(sd):
        return OPEN
    half = student_quantile(level, n - 1) * sd / math.sqrt(n)
    return Interval(mean - half, mean + half)


def mean_difference(
    mean1: float, sd1: float, n1: int, mean2: float, sd2: float, n2: int, level: float = 0.95
) -> Interval:
    """The interval of mean1 - mean2 for two independent samples whose deviations may differ.

    Source: Welch 1947, with the degrees of freedom of Satterthwaite 1946.
    """
    if min(n1, n2) < 2 or not all(map(math.isfinite, (mean1, sd1, mean2, sd2))):
        return OPEN
    v1, v2 = sd1**2 / n1, sd2**2 / n2
    if v1 + v2 == 0:
        return Interval(mean1 - mean2, mean1 - mean2)
    df = (v1 + v2) ** 2 / (v1**2 / (n1 - 1) + v2**2 / (n2 - 1))
    half = student_quantile(level, df) * math.sqrt(v1 + v2)
    return Interval(mean1 - mean2 - half, mean1 - mean2 + half)


def _poisson_table() -> Weights:
    """The Poisson(1) law as 65,536 equally likely weights, so that a draw is one look-up."""
    cdf = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(12)])
    return np.searchsorted(cdf, (np.arange(65536) + 0.5) / 65536).astype(np.float32)


_POISSON = _poisson_table()


def poisson_weights(rng: np.random.Generator, shape: tuple[int, int]) -> Weights:
    """How often each example is drawn in a bootstrap sample of random size, Poisson with mean 1.

    Source: Oza and Russell 2001, online bagging: the limit of the multinomial counts.
    """
    return _POISSON[rng.integers(0, 65536, size=shape, dtype=np.uint16)]


def bootstrap_interval(score: Score, n: int, draws: int = 200, level: float = 0.95, seed: int = 0) -> Interval:
    """The percentile interval of a score under resampling of the n examples.

    Args:
        score: From weights (n, b), one column a draw, to the b scores; NaN where a draw has no score.
        n: Examples; fewer than two leave the interval open.
        draws: Bootstrap draws, B.
        level: Confidence.
        seed: Of the weights; the same seed gives the same interval.
    """
    if n < 2:
        return OPEN
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, _BLOCK // n))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    scores = np.concatenate([score(poisson_weights(rng, (n, size))) for size in sizes])
    scores = scores[np.isfinite(scores)]
    if len(scores) == 0:
        return OPEN
    low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def mean_average_precision(scores: NDArray[np.floating], targets: NDArray[np.integer]) -> Score:
    """Mean average precision as a function of example weights, sorted once for all draws.

    Args:
        scores: (n, L) or (n,), higher for more likely.
        targets: Same shape, 1 where the label holds, else 0.

    Returns:
        A function from weights (n, B) to B means over the labels that some example has; NaN where none has any. In a
        draw without an example of a label, that label counts as on all examples, so that all draws are of the same
        labels; a single label has no average precision there.

    Source: average precision as the sum over thresholds of the step in recall times the precision there.
    """
    by_label = np.atleast_2d(np.asarray(scores).T), np.atleast_2d(np.asarray(targets).T)
    labels = [_average_precision(s, y) for s, y in zip(*by_label, strict=True) if y.any()]
    whole = [float(label(np.ones((by_label[0].shape[1], 1), np.float32))[0]) for label in labels]

    def score(weights: Weights) -> NDArray[np.float64]:
        if not labels:
            return np.full(weights.shape[1], np.nan)
        precisions = np.stack([label(weights) for label in labels])  # (L, B)
        if len(labels) > 1:
            precisions = np.where(np.isfinite(precisions), precisions, np.array(whole)[:, None])
        return np.asarray(precisions.mean(axis=0))

    return score


def _average_precision(scores: NDArray[np.floating], targets: NDArray[np.integer]) -> Score:
    """One label's average precision, its examples sorted and cut after each threshold that finds a positive."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.searchsorted(-ranked, -ranked, side="right") - 1
    found_at = np.flatnonzero(targets[order])
    ends, first_found = np.unique(last_of_tie[found_at], return_index=True)
    starts = np.concatenate([[0], ends[:-1] + 1])
    above, positives = order[: ends[-1] + 1], order[found_at]

    def score(weights: Weights) -> NDArray[np.float64]:
        found = np.add.reduceat(weights[positives], first_found, axis=0)  # (thresholds, B)
        drawn = np.add.reduceat(weights[above], starts, axis=0)
        all_above = np.cumsum(drawn, axis=0, dtype=np.float64)
        found_above = np.cumsum(found, axis=0, dtype=np.float64)
        area = (found * found_above / np.maximum(all_above, 1.0)).sum(axis=0)
        total = found_above[-1]
        return np.where(total > 0, area / np.maximum(total, 1.0), np.nan)

    return score
