"""Skill: how far a network is on the way from the best baseline to perfection.

Letters: ``s`` the network's mean score, ``b`` the baseline's, ``n`` examples scored by both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Interval, interval_of_mean
from dl_reports.statistics.not_computable import NotComputable
from dl_reports.statistics.paired import Paired, accuracy_difference, paired_difference


@dataclass(frozen=True)
class Skill:
    """A network against a baseline on the same examples.

    Attributes:
        score: Mean of the network.
        baseline: Mean of the baseline.
        skill: (s - b) / (perfect - b): 0 as good as the baseline, 1 perfect, negative worse.
        interval: Of the skill.
        gain: The paired test; positive when the network is better.
    """

    score: float
    baseline: float
    skill: float
    interval: Interval
    gain: Paired

    @property
    def better(self) -> bool:
        """Whether the network is established to beat the baseline, at 2.5 % one-sided."""
        return self.gain.z > 1.96


def accuracy_skill(
    correct: NDArray[np.bool_], baseline: NDArray[np.bool_], groups: Groups | None = None
) -> Skill | NotComputable:
    """Compute the skill from right and wrong, (n,) each, tested by McNemar, or by group."""
    gain = accuracy_difference(correct, baseline, groups=groups)
    return _skill(correct.astype(np.float64), baseline.astype(np.float64), 1.0, gain, groups)


def loss_skill(
    losses: NDArray[np.floating], baseline: NDArray[np.floating], groups: Groups | None = None
) -> Skill | NotComputable:
    """Compute the skill from losses or absolute errors, (n,) each; lower is better and 0 is perfect."""
    own, other = np.asarray(losses, np.float64), np.asarray(baseline, np.float64)
    return _skill(own, other, 0.0, paired_difference(other - own, groups=groups), groups)


def _skill(
    own: NDArray[np.float64],
    other: NDArray[np.float64],
    perfect: float,
    gain: Paired | NotComputable,
    groups: Groups | None,
) -> Skill | NotComputable:
    """Compute the skill with the interval of a ratio of means.

    Source: skill score, Murphy 1988; interval by the delta method on the n linearized ratios.
    """
    if isinstance(gain, NotComputable):
        return gain
    s, b = float(own.mean()), float(other.mean())
    if b == perfect:
        return NotComputable("the baseline is already perfect")
    skill = (s - b) / (perfect - b)
    influence = (own - s) / (perfect - b) + (other - b) * (s - perfect) / (perfect - b) ** 2
    interval = interval_of_mean(skill + influence, groups)
    return Skill(s, b, skill, interval, gain)
