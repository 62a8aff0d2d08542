"""Calibration: how far confidence is from accuracy, and what one temperature would mend.

The temperature is fitted on one random half of the validation set and evaluated on the other.
Letters: ``n`` examples, ``C`` classes, ``L`` labels, ``b`` the inverse temperature that multiplies the logits.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, log_expit

from dl.groups import FEWEST_GROUPS, Groups
from dl_reports.statistics.moments import FEWEST
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.paired import Paired, paired_difference
from dl_reports.statistics.softmax import log_softmax, softmax

Floats = NDArray[np.float64]
Slopes = Callable[[float], tuple[float, float]]

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0  # temperatures looked at
_FITTED = 100_000  # rows a temperature is fitted on; its error is far below what matters
_CELLS = 2_000_000  # logits in float64 at once


@dataclass(frozen=True)
class CalibrationError:
    """The expected calibration error over 15 bins of equal mass.

    Attributes:
        raw: Mean distance of confidence from accuracy over the bins; above 0 even for a calibrated network.
        by_chance: What a calibrated network with these confidences would show on as many examples.
        error: Raw with the chance part taken out, in squares.
        inflation: How many times the variance is larger than that of independent examples.
    """

    raw: float
    by_chance: float
    error: float
    inflation: float = 1.0


@dataclass(frozen=True)
class Calibration:
    """One temperature fitted on a half of the examples, evaluated on the other.

    Attributes:
        temperature: Above 1 for an over-confident network; at most 20 and at least 0.05.
        nll_before: Mean negative log-likelihood per example on the other half, in nats.
        nll_after: The same with the logits divided by the temperature.
        gain: Paired fall of that likelihood, positive when the temperature helps.
        before: Calibration error on the other half.
        after: The same with the temperature.
    """

    temperature: float
    nll_before: float
    nll_after: float
    gain: Paired
    before: CalibrationError
    after: CalibrationError

    @property
    def over_confident(self) -> bool:
        """Whether a temperature above 1 is established to help, at 2.5 % one-sided."""
        return self.temperature > 1 and self.gain.z > 1.96


def calibration(
    logits: NDArray[np.floating], targets: NDArray[np.integer], seed: int = 0, groups: Groups | None = None
) -> Calibration | NotComputable:
    """Fit a temperature to class logits (n, C) with targets (n,) in 0..C-1.

    Confidence is the largest probability, and right means that its class is the target. Groups are not cut by the
    halves.

    Source: Guo et al. 2017, On calibration of modern neural networks, section 4.2.
    """
    if logits.ndim != 2 or logits.shape[1] < 2:
        return NotComputable(f"it takes two classes or more; found logits of shape {logits.shape}")
    unfit = _unfit(logits, targets, groups)
    if unfit is not None:
        return unfit
    if not (targets.min() >= 0 and targets.max() < logits.shape[1]):
        return NotComputable(f"a target lies outside 0..{logits.shape[1] - 1}")
    fit, judge = _halves(len(logits), seed, groups)
    b = _best_inverse_temperature(lambda b: _class_slopes(logits, targets, fit, b))
    nll, confidence, right = score_classes(logits, targets, judge, 1.0)
    nll_scaled, confidence_scaled, _ = score_classes(logits, targets, judge, b)
    judges = None if groups is None else groups.take(judge)
    return _calibration(b, nll, nll_scaled, (confidence, confidence_scaled), right, judges)


def binary_calibration(
    logits: NDArray[np.floating], targets: NDArray[np.integer], seed: int = 0, groups: Groups | None = None
) -> Calibration | NotComputable:
    """Fit a temperature to logits of independent labels, (n,) or (n, L), with targets of the same shape in {0, 1}.

    Confidence is the probability of the label; the likelihood is summed over an example's labels. With many labels the
    part that chance has in the calibration error is understated, for labels of one example go together.

    Source: Guo et al. 2017, section 4.2, for two classes.
    """
    unfit = _unfit(logits, targets, groups)
    if unfit is not None:
        return unfit
    labels = targets.reshape(len(targets), -1).astype(np.float64)
    wide = logits.reshape(len(logits), -1).astype(np.float64)
    fit, judge = _halves(len(wide), seed, groups)
    margins = ((2 * labels - 1) * wide)[fit].ravel()
    b = _best_inverse_temperature(lambda b: _label_slopes(margins, b))
    nll, confidence = score_labels(wide[judge], labels[judge], 1.0)
    nll_scaled, confidence_scaled = score_labels(wide[judge], labels[judge], b)
    confidences, judges = (
        (confidence.ravel(), confidence_scaled.ravel()),
        None if groups is None else groups.take(judge),
    )
    return _calibration(b, nll, nll_scaled, confidences, labels[judge].ravel(), judges)


def calibration_error(
    confidence: NDArray[np.floating], right: NDArray[np.generic], bins: int = BINS, inflation: float = 1.0
) -> CalibrationError | NotComputable:
    """Compute the expected calibration error of confidences (n,) in [0, 1] against what was right (n,).

    Args:
        confidence: (n,) probabilities.
        right: (n,) what they are the probabilities of.
        bins: Of equal mass.
        inflation: Of the variance, where examples are not independent.

    Source: Guo et al. 2017, section 2, on equal-mass bins; the part of chance in each bin is the mean absolute value
        of a normal with the binomial variance, and is taken out in squares as Kumar, Liang, Ma 2019 do for the
        squared error: subtracting it plainly would take too much from a network that is far off.
    """
    n = len(confidence)
    if n < FEWEST:
        return NotComputable(f"it takes {FEWEST} examples or more; found {n}")
    sure = np.asarray(confidence, np.float64)
    if not np.isfinite(sure).all():
        return NotComputable("some confidences are not finite")
    order = np.argsort(sure, kind="stable")
    starts = np.unique(np.arange(bins) * n // bins)
    sure, outcome = sure[order], np.asarray(right, np.float64)[order]
    raw = float(np.abs(np.add.reduceat(sure - outcome, starts)).sum() / n)
    by_chance = float(np.sqrt(2 / math.pi * inflation * np.add.reduceat(sure * (1 - sure), starts)).sum() / n)
    return CalibrationError(raw, by_chance, math.sqrt(max(0.0, raw**2 - by_chance**2)), inflation)


def _calibration(
    b: float,
    nll: Floats,
    nll_scaled: Floats,
    confidences: tuple[Floats, Floats],
    right: Floats,
    groups: Groups | None,
) -> Calibration | NotComputable:
    gain = paired_difference(nll - nll_scaled, groups=groups)
    before, after = (calibration_error(sure, right, inflation=_inflation(sure - right, groups)) for sure in confidences)
    if isinstance(gain, NotComputable):
        return gain
    if isinstance(before, NotComputable):
        return before
    if isinstance(after, NotComputable):
        return after
    return Calibration(1 / b, float(nll.mean()), float(nll_scaled.mean()), gain, before, after)


def _inflation(residuals: Floats, groups: Groups | None) -> float:
    """Return how many times the variance of a mean residual, (n,) or (n * L,), is that of independent examples."""
    if groups is None or groups.few:
        return 1.0
    each = residuals.reshape(len(groups.numbers), -1).mean(axis=1)
    single = float(each.var()) / len(each)
    return max(1.0, float(groups.values(each).var(ddof=1)) / len(groups) / single) if single else 1.0


def _unfit(logits: NDArray[np.floating], targets: NDArray[np.integer], groups: Groups | None) -> NotComputable | None:
    if groups is not None and len(groups) < 2 * FEWEST_GROUPS:
        return NotComputable(f"it takes {2 * FEWEST_GROUPS} groups or more; found {len(groups)}")
    if len(logits) < 2 * FEWEST:
        return NotComputable(f"it takes {2 * FEWEST} examples or more; found {len(logits)}")
    if len(targets) != len(logits):
        return NotComputable(f"there are {len(logits)} rows of logits for {len(targets)} targets")
    if not np.isfinite(logits).all():
        return NotComputable("some logits are not finite")
    return None


def _halves(n: int, seed: int, groups: Groups | None) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if groups is not None:
        drawn = np.random.default_rng(seed).permutation(len(groups)) < len(groups) // 2
        fit, judge = (np.flatnonzero(half[groups.numbers]) for half in (drawn, ~drawn))
        return fit[:_FITTED], judge
    order = np.random.default_rng(seed).permutation(n)
    return np.sort(order[: min(n // 2, _FITTED)]), np.sort(order[n // 2 :])


def _best_inverse_temperature(slopes: Slopes) -> float:
    """Minimize the negative log-likelihood, convex in b, by Newton's steps within a shrinking bracket.

    `scipy.optimize` would do, but importing it takes a quarter of the time of a whole report.
    """
    low, high, b = 1 / HOTTEST, 1 / COLDEST, 1.0
    for _ in range(60):
        slope, curvature = slopes(b)
        low, high = (low, b) if slope > 0 else (b, high)
        step = b - slope / curvature if curvature > 0 else math.nan
        following = step if low < step < high else math.sqrt(low * high)
        if abs(following - b) <= 1e-6 * b:
            break
        b = following
    return b


def _class_slopes(
    logits: NDArray[np.floating], targets: NDArray[np.integer], rows: NDArray[np.intp], b: float
) -> tuple[float, float]:
    """Differentiate the summed negative log-likelihood of some rows in b, once and twice: moments of the logits."""
    slope = curvature = 0.0
    for piece in _pieces(rows, logits.shape[1]):
        z = logits[piece].astype(np.float64)
        p = softmax(b * z)
        mean = (p * z).sum(axis=1)
        slope += float((mean - z[np.arange(len(z)), targets[piece]]).sum())
        curvature += float((p * (z - mean[:, None]) ** 2).sum())
    return slope, curvature


def _label_slopes(margins: Floats, b: float) -> tuple[float, float]:
    """Differentiate the same for labels, whose likelihood is a function of the margin alone."""
    wrong = expit(-b * margins)
    return -float((margins * wrong).sum()), float((margins**2 * wrong * (1 - wrong)).sum())


def _pieces(rows: NDArray[np.intp], width: int) -> list[NDArray[np.intp]]:
    return np.array_split(rows, max(1, len(rows) * width // _CELLS))


def score_classes(
    logits: NDArray[np.floating], targets: NDArray[np.integer], rows: NDArray[np.intp], b: float
) -> tuple[Floats, Floats, Floats]:
    """Score some rows of class logits (n, C): negative log-likelihood, confidence, and right or wrong."""
    found: list[tuple[Floats, Floats, Floats]] = []
    for piece in _pieces(rows, logits.shape[1]):
        log_p, truth = log_softmax(b * logits[piece].astype(np.float64)), targets[piece]
        right = (log_p.argmax(axis=1) == truth).astype(np.float64)
        found.append((-log_p[np.arange(len(log_p)), truth], np.exp(log_p.max(axis=1)), right))
    nll, confidence, right = (np.concatenate(column) for column in zip(*found, strict=True))
    return nll, confidence, right


def score_labels(logits: Floats, labels: Floats, b: float) -> tuple[Floats, Floats]:
    """Score label logits (n, L): negative log-likelihood of each example (n,), and probability of each label (n, L)."""
    return -log_expit((2 * labels - 1) * logits * b).sum(axis=1), expit(b * logits)
