"""Score examples whose metric is a ratio of sums, as errors over characters, so that their mean is that ratio."""

from __future__ import annotations

from torch import Tensor


def linear_scores(parts: Tensor, sizes: Tensor) -> Tensor:
    """Score each example so that the mean over examples is the ratio of the sums, with the right standard error; (N,).

    Of examples of equal size it is the example's own ratio. Otherwise it is the ratio made linear: the rate of all
    examples, plus the deviation of this one.
    Source: the delta method for a ratio of means; Cochran 1977, Sampling Techniques, section 2.11.

    Args:
        parts: (N,) what is counted of each example.
        sizes: (N,) what it is counted over.
    """
    if not len(parts):
        return parts
    rate = parts.sum() / sizes.sum()
    return rate + (parts - rate * sizes) / sizes.mean()
