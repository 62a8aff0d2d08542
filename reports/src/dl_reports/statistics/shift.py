"""Distribution shift between the training set and the validation set.

Letters: ``N`` training and ``n`` validation examples, ``C`` classes, ``F`` features, ``P`` permutations.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, fdtrc

from dl.groups import Groups
from dl_reports.statistics.kept import Found, Keep, at_once, bits, from_bits
from dl_reports.statistics.not_computable import NotComputable

Floats = NDArray[np.float64]

_EXPECTED = 5.0  # least expected count of a cell; rarer classes are counted together
_QUANTILES = 10  # bins for real targets
_PER_SIDE = 2000  # examples of each set in the two-sample test
_FEWEST = 20
_RIDGE = 0.1  # penalty per example, on features of unit variance
MADE_WITH = (1, _PER_SIDE, _RIDGE)  # 1: version of the search


@dataclass(frozen=True)
class TargetShift:
    """Whether targets are distributed alike in both parts.

    Attributes:
        g: Log-likelihood ratio statistic, with Williams' correction.
        df: Degrees of freedom.
        p: Chance of as large a G when both sets are drawn alike.
        cramers_v: Size of the shift from 0 (none) to 1.
        pooled: Classes too rare to be counted on their own.
    """

    g: float
    df: int
    p: float
    cramers_v: float
    pooled: int


@dataclass(frozen=True)
class InputShift:
    """How well a linear scorer tells validation from training inputs it has not seen.

    Attributes:
        auc: Area under the ROC curve; 0.5 when it cannot tell.
        p: Share of permuted labellings, this one included, that reach the area.
        examined: Examples of each set used.
    """

    auc: float
    p: float
    examined: int


def target_shift(
    train: NDArray[np.generic], val: NDArray[np.generic], groups: tuple[Groups | None, Groups | None] = (None, None)
) -> TargetShift | NotComputable:
    """Test targets (N,) against (n,) by a G-test; real targets are cut into ten bins of equal mass.

    Where examples share groups, G is divided by the mean design effect of the classes, and held against the law of F.

    Source: Woolf 1957 for G; Williams 1976 for its correction; Cramer 1946 for V; Rao and Scott 1981 for groups.
    """
    few = next((NotComputable(one.too_few) for one in groups if one is not None and one.few), None)
    if few is not None:
        return few
    if len(train) == 0 or len(val) == 0:
        return NotComputable(f"there are {len(train)} training and {len(val)} validation examples")
    both = np.concatenate([train, val])
    if both.dtype.kind == "f":
        if not np.isfinite(both).all():
            return NotComputable("some targets are not finite")
        both = np.searchsorted(np.quantile(both, np.arange(1, _QUANTILES) / _QUANTILES), both)
    classes, which = np.unique(both, return_inverse=True)
    counts = np.stack([np.bincount(part, minlength=len(classes)) for part in np.split(which, [len(train)])])
    table, pooled = _pool_rare(counts.astype(np.float64))
    if table.shape[1] < 2:
        return NotComputable("fewer than two classes are frequent enough to compare")
    g, pearson = _statistics(table)
    df = table.shape[1] - 1
    v = math.sqrt(pearson / table.sum())
    if groups == (None, None):
        return TargetShift(g, df, float(chdtrc(df, g)), v, pooled)
    sides = np.split(which, [len(train)])
    effects = [_design_effect(*side, len(classes)) for side in zip(sides, groups, strict=True)]
    # The rows' estimates differ by the sum of their errors, so the smaller row weighs the most.
    weights = 1 / counts.sum(axis=1)
    effect = float(np.average(effects, weights=weights))
    least = min(len(one) - 1 for one in groups if one is not None)
    return TargetShift(g / effect, df, float(fdtrc(df, df * least, g / effect / df)), v, pooled)


def _design_effect(which: NDArray[np.integer], groups: Groups | None, classes: int) -> float:
    """Average over the classes by how much groups inflate the variance of their shares; at least 1."""
    if groups is None:
        return 1.0
    found = np.stack([which == k for k in range(classes)])
    shares = found.mean(axis=1)
    single = shares * (1 - shares) / len(which)
    variance = groups.values(found).var(axis=1, ddof=1) / len(groups)
    return max(1.0, float(variance[single > 0].sum() / single[single > 0].sum())) if single.any() else 1.0


def _pool_rare(counts: Floats) -> tuple[Floats, int]:
    """Count classes together, rarest first, until each cell is expected to hold five; and how many were."""
    share = counts.sum(axis=1).min() / counts.sum()
    order = np.argsort(counts.sum(axis=0), kind="stable")
    expected = counts.sum(axis=0)[order] * share
    rare = int((expected < _EXPECTED).sum())
    if rare == 0:
        return counts, 0
    reached = np.flatnonzero(np.cumsum(expected) >= _EXPECTED)
    if len(reached) == 0:
        return counts.sum(axis=1, keepdims=True), len(order)
    cut = max(rare, int(reached[0]) + 1)
    together = counts[:, order[:cut]].sum(axis=1, keepdims=True)
    return np.hstack([together, counts[:, order[cut:]]]), cut


def _statistics(table: Floats) -> tuple[float, float]:
    """Compute G with Williams' correction, and Pearson's chi-squared, of a table (2, C)."""
    total, rows, columns = table.sum(), table.sum(axis=1), table.sum(axis=0)
    expected = np.outer(rows, columns) / total
    terms = np.where(table > 0, table * np.log(np.maximum(table, 1.0) / expected), 0.0)
    spread = ((total / rows).sum() - 1) * ((total / columns).sum() - 1)
    williams = 1 + spread / (6 * total * (len(columns) - 1))
    return float(max(0.0, 2 * terms.sum()) / williams), float(((table - expected) ** 2 / expected).sum())


def input_shift(
    train_features: NDArray[np.floating],
    val_features: NDArray[np.floating],
    permutations: int = 199,
    seed: int = 0,
    groups: tuple[Groups | None, Groups | None] = (None, None),
    keep: Keep = at_once,
) -> InputShift | NotComputable:
    """Test features (N, F) against (n, F) by a classifier: cross-fitted ridge scores, area by permutation.

    The features must not come from a network fitted to these training examples: it separates what it has memorized
    from what it has not, without any shift. Where examples share groups, whole groups change sides.

    Args:
        train_features: (N, F).
        val_features: (n, F).
        permutations: How often sides are drawn anew, P.
        seed: Of all draws.
        groups: Of the examples of both sides.
        keep: Returns what a search finds in the other arguments, or found in them before.

    Source: Lopez-Paz and Oquab 2017, Revisiting classifier two-sample tests, with the area in place of the accuracy.
    """
    examined = min(len(train_features), len(val_features), _PER_SIDE)
    if examined < _FEWEST:
        return NotComputable(f"it takes {_FEWEST} examples of each set; found {examined}")
    rng = np.random.default_rng(seed)
    few = next((NotComputable(one.too_few) for one in groups if one is not None and one.few), None)
    if few is not None:
        return few
    rows = [np.sort(rng.permutation(len(side))[:examined]) for side in (train_features, val_features)]
    chosen = np.concatenate([train_features[rows[0]], val_features[rows[1]]])
    if not np.isfinite(chosen).all():
        return NotComputable("some features are not finite")

    def search() -> Found:
        labels, whole = np.repeat([0.0, 1.0], examined), _whole_groups(rows, groups)
        return bits(_permuted_areas(_standardized(chosen), labels, whole, permutations, rng))

    areas = from_bits(keep(search))
    if not len(areas):
        return NotComputable("the features do not vary")
    p = float((areas >= areas[0] - 1e-12).mean())  # the true labelling counts as one of the permutations
    return InputShift(float(areas[0]), p, examined)


def _whole_groups(
    rows: list[NDArray[np.intp]], groups: tuple[Groups | None, Groups | None]
) -> NDArray[np.int64] | None:
    """Number the groups of the rows of both sides, (2n,), those of one side after those of the other."""
    if groups == (None, None):
        return None
    sides = [at if one is None else one.numbers[at] for at, one in zip(rows, groups, strict=True)]
    first, second = (np.unique(side, return_inverse=True)[1] for side in sides)
    return np.concatenate([first, second + first.max() + 1])


def _permute(whole: NDArray[np.int64], labels: Floats, rng: np.random.Generator) -> Floats:
    """Label the groups of the rows anew, (2n,), as many of them as before for each side."""
    of_group = np.zeros(whole.max() + 1)
    of_group[whole] = labels
    return np.asarray(rng.permutation(of_group)[whole])


def _standardized(chosen: NDArray[np.floating]) -> Floats:
    """Return features of mean 0 and deviation 1, without those that do not vary."""
    features = chosen.astype(np.float64)
    spread = features.std(axis=0)
    return np.asarray((features - features.mean(axis=0))[:, spread > 0] / spread[spread > 0])


def _permuted_areas(
    features: Floats, labels: Floats, whole: NDArray[np.int64] | None, permutations: int, rng: np.random.Generator
) -> Floats:
    """Return the area of the true labels and of each permutation of them, (1 + P,); nothing without features."""
    if not features.shape[1]:
        return np.zeros(0)
    permuted = [rng.permutation(labels) if whole is None else _permute(whole, labels, rng) for _ in range(permutations)]
    return _cross_fitted_areas(features, np.stack([labels, *permuted], axis=1), rng)


def _cross_fitted_areas(features: Floats, labellings: Floats, rng: np.random.Generator) -> Floats:
    """Score each half by the other half's ridge, and average the areas under the curve of each labelling, (1 + P,)."""
    halves = np.array_split(rng.permutation(len(features)), 2)
    areas = np.zeros(labellings.shape[1])
    for fit, judge in (halves, halves[::-1]):
        x = features[fit]
        y = labellings[fit] - labellings[fit].mean(axis=0)
        weights = np.linalg.solve(x.T @ x + _RIDGE * len(x) * np.eye(x.shape[1]), x.T @ y)  # (F, 1 + P)
        areas += _areas(features[judge] @ weights, labellings[judge]) / 2
    return areas


def _areas(scores: Floats, labels: Floats) -> Floats:
    """Compute the area under the ROC curve of each column, (P,), from ranks of positives; ties fall as they come."""
    order = np.argsort(np.ascontiguousarray(scores.T), axis=1)
    ranked = np.take_along_axis(labels.T, order, axis=1)
    positives = ranked.sum(axis=1)
    negatives = ranked.shape[1] - positives
    ranks = ranked @ np.arange(1, ranked.shape[1] + 1)
    pairs = np.maximum(positives * negatives, 1.0)
    return np.asarray(np.where(positives * negatives > 0, (ranks - positives * (positives + 1) / 2) / pairs, 0.5))
