"""Intervals: how far a score seen on n examples may lie from the truth.

What the data cannot bound, an interval leaves open: of a proportion of no examples nothing is known, so [0, 1].
Letters: ``p`` a proportion, ``n`` examples, ``G`` groups of them, ``B`` bootstrap draws, ``L`` labels, ``z`` a quantile
of the normal law.
scipy's quantiles are imported when one is asked for: a fit has scipy in memory by then, a listing needs none.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups

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


OVERLAP = 1.2  # how much longer an interval is where networks scored what others learnt from, by simulation
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


def effective_size(right: NDArray[np.generic], groups: Groups | None) -> float:
    """How many independent examples tell as much of a proportion as these (n,) right and wrong ones.

    At most n, and at least as many as there are groups (fewer where some are much larger): that many are left where
    all of a group are alike. How alike they are is read off the groups, and cannot be where few groups hold all of the
    rarer outcome; the least size then weighs in, fully where one group holds it. 0 where groups are too few to tell.

    Source: Korn and Graubard 1998, the size over the design effect, and over the square of Student's quantile in normal
        ones, for the design effect is estimated.
    """
    n = len(right)
    if groups is None:
        return float(n)
    if groups.few:
        return 0.0
    by_group, least = groups.values(right), n / groups.inflation
    p, variance = float(right.mean(dtype=np.float64)), float(by_group.var(ddof=1)) / len(groups)
    if not 0 < p < 1:
        return least
    student = (normal_quantile(0.95) / student_quantile(0.95, groups.df(right, by_group))) ** 2
    size = min(float(n), p * (1 - p) / variance * student) if variance > 0 else float(n)
    rarer = groups.sums(right if p <= 0.5 else 1 - right.astype(np.float64))
    hold = rarer.sum() ** 2 / (rarer**2).sum()  # as many groups of equal count as hold the rarer outcome
    fewest = math.exp(1 - least)  # of an outcome that is spread over the groups as their examples are
    unseen = max(0.0, math.exp(1 - hold) - fewest) / max(1 - fewest, 1e-9)
    return max(least, 1 / ((1 - unseen) / size + unseen / least))


def proportion_interval(right: NDArray[np.generic], groups: Groups | None = None, level: float = 0.95) -> Interval:
    """Wilson's interval of the share of right ones among (n,), at their effective size; open if groups are too few."""
    size = effective_size(right, groups)
    if groups is not None and groups.few:
        return OPEN
    return wilson(float(right.mean(dtype=np.float64)) * size if size else 0.0, size, level)


def mean_interval(
    mean: float, sd: float, n: int, level: float = 0.95, df: float | None = None, skewness: float = 0.0
) -> Interval:
    """Student's interval of a mean, wider where values are skewed; open for fewer than two or what is not finite.

    Of skewed values the mean is most often too near to their bulk, with too small a deviation, so that Student's
    interval ends too early on the side of the tail: on that side it is stretched, and on the other left as it is.

    Args:
        mean: Of n values.
        sd: Their standard deviation.
        n: Values.
        level: Confidence.
        df: Degrees of freedom of the deviation; None for n - 1.
        skewness: Third central moment of the values over the cube of their deviation.

    Source: Hall 1992, On the removal of skewness by transformation, the monotone cubic; Student's quantile.
    """
    if n < 2 or not math.isfinite(mean) or not math.isfinite(sd):
        return OPEN
    t = student_quantile(level, n - 1 if df is None else df)
    a = skewness / (3 * math.sqrt(n)) if math.isfinite(skewness) else 0.0
    below, above = (t, t) if abs(a) < 1e-9 else (max(t, _unskewed(t, a)), max(t, -_unskewed(-t, a)))
    error = sd / math.sqrt(n)
    return Interval(mean - below * error, mean + above * error)


def _unskewed(z: float, a: float) -> float:
    """Return the t whose monotone cubic transform t + a t^2 + a^2 t^3 / 3 + a / 2 is z."""
    return (math.cbrt(1 + 3 * a * (z - a / 2)) - 1) / a


def corrected_interval(scores: NDArray[np.floating], share: float, level: float = 0.95) -> Interval:
    """Return the interval of the mean of scores (J,) of fits whose training sets overlap; open for fewer than two.

    Source: Nadeau and Bengio 2003, Machine Learning 52: the variance of the scores, corrected for the overlap, and
    Student's quantile with J - 1 degrees of freedom.

    Args:
        scores: One of each fit, on what it held out.
        share: Validation examples of a fit per training example.
        level: Confidence.
    """
    j, mean = len(scores), float(np.mean(scores))
    if j < 2 or not math.isfinite(mean):
        return OPEN
    arm = student_quantile(level, j - 1) * math.sqrt((1 / j + share) * float(np.var(scores, ddof=1)))
    return Interval(mean - arm, mean + arm)


def turned_interval(better: int, worse: int, n: int, level: float = 0.95) -> Interval:
    """The interval of a paired difference of two shares, from the examples of n that turned one way and the other.

    Half an example more is added to each way, so that no disagreement is not read as certainty.

    Source: Agresti and Min 2005, the paired Wald interval with added pseudo-observations.
    """
    size = n + 2
    centre = (better - worse) / size
    return mean_interval(centre, math.sqrt((better + worse + 1) / size - centre**2), size, level)


def widened(value: float, interval: Interval, factor: float = OVERLAP) -> Interval:
    """Return the interval of a value with its ends moved away from it by a factor."""
    return Interval(value - factor * (value - interval.low), value + factor * (interval.high - value))


def interval_of_mean(values: NDArray[np.generic], groups: Groups | None = None, level: float = 0.95) -> Interval:
    """The interval of the mean of values (n,), by group where examples share one; open where groups are too few."""
    if groups is not None and groups.few:
        return OPEN
    one = np.asarray(values, np.float64) if groups is None else groups.values(values)
    n, mean = len(one), float(one.mean())
    if n < 2 or not math.isfinite(mean):
        return OPEN
    sd, df = float(one.std(ddof=1)), None if groups is None else groups.df(values, one)
    return mean_interval(mean, sd, n, level, df, skewness_of(one, sd))


def skewness_of(values: NDArray[np.float64], sd: float) -> float:
    """The third central moment of values (n,) over the cube of their deviation; 0 where they do not vary."""
    if not sd > 0:
        return 0.0
    z = (values - values.mean()) / sd
    return float(np.mean(z * z * z))


def difference_interval(first: Estimate, second: Estimate) -> Interval:
    """Return the interval of the difference of two independent estimates; open where one of them is.

    Source: Zou and Donner 2008, the variance recovered from the limits; for proportions it is Newcombe's method 10.
    """
    if not all(map(math.isfinite, (*first, *second))):
        return OPEN
    centre = first.value - second.value
    return Interval(
        centre - math.hypot(first.value - first.low, second.high - second.value),
        centre + math.hypot(first.high - first.value, second.value - second.low),
    )


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


def bootstrap_interval(
    score: Score, n: int, draws: int = 200, level: float = 0.95, seed: int = 0, groups: Groups | None = None
) -> Interval:
    """The bias-corrected percentile interval of a score when the n examples, or whole groups of them, are resampled.

    Of a score near its best there is nothing worse to resample, and the interval is too short: see `near_best`.

    Args:
        score: From weights (n, b), one column a draw, to the b scores; NaN where a draw has no score.
        n: Examples; fewer than two leave the interval open.
        draws: Bootstrap draws, B.
        level: Confidence.
        seed: Of the weights; the same seed gives the same interval.
        groups: Of the examples; too few leave the interval open.

    Source: Efron 1987, Better bootstrap confidence intervals, without acceleration.
    """
    scores = bootstrap_draws(score, n, draws, seed, groups)
    if len(scores) == 0:
        return OPEN
    return percentiles(scores, float(score(np.ones((n, 1), np.float32))[0]), level)


def bootstrap_draws(
    score: Score, n: int, draws: int = 200, seed: int = 0, groups: Groups | None = None
) -> NDArray[np.float64]:
    """Return the finite scores of the draws, at most B, as `bootstrap_interval`; none of too few examples or groups."""
    if n < 2 or (groups is not None and groups.few):
        return np.zeros(0)
    rng = np.random.default_rng(seed)
    block = max(1, min(draws, _BLOCK // n))
    sizes = [min(block, draws - start) for start in range(0, draws, block)]
    scores = np.concatenate([score(_drawn(rng, n, size, groups)) for size in sizes])
    return np.asarray(scores[np.isfinite(scores)])


def percentiles(drawn: NDArray[np.float64], value: float, level: float = 0.95) -> Interval:
    """Return the bias-corrected percentiles of scores of draws around the score of the examples themselves."""
    low, high = np.quantile(drawn, _corrected(drawn, value, level))
    return Interval(float(low), float(high))


def _corrected(scores: NDArray[np.float64], value: float, level: float) -> tuple[float, float]:
    """Return the levels at which the draws are cut: shifted, where more than half of them lie on one side of the value.

    Scores of draws are often lower than that of the examples, since a draw lacks some of them and repeats others.
    """
    from scipy.special import ndtr, ndtri

    below = ((scores < value).mean() + (scores <= value).mean()) / 2
    shift, z = float(np.clip(ndtri(below), -1, 1)), normal_quantile(level)
    return float(ndtr(2 * shift - z)), float(ndtr(2 * shift + z))


def near_best(value: float, interval: Interval, size: float) -> Interval:
    """Lower an interval of a score in [0, 1] to Wilson's of that score and twice as many examples as count.

    Args:
        value: The score.
        interval: By resampling.
        size: Independent examples on which the score depends, such as those of the rare class.

    Source: the binomial interval of average precision, Boyd, Eng, Page 2013. Half of what a wrong example costs a
        share, it costs an F1; twice the size made the interval hold in simulations (`benchmarks/rankings.py`).
    """
    if not (0 <= value <= 1 and math.isfinite(interval.low)):
        return interval
    return Interval(min(interval.low, wilson(2 * size * value, 2 * size).low), interval.high)


def _drawn(rng: np.random.Generator, n: int, draws: int, groups: Groups | None) -> Weights:
    """Draw weights (n, draws) of the examples, the same for those of one group."""
    if groups is None:
        return poisson_weights(rng, (n, draws))
    return poisson_weights(rng, (len(groups), draws))[groups.numbers]


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
