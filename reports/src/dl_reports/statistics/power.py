"""Power: the smallest difference that a validation part of this size would show.

Reported whenever a finding is "not distinguishable", so that its absence is not taken for health.
Letters: ``n`` examples, ``sd`` a deviation between examples, ``p`` a proportion.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Resolution:
    """The smallest true difference found with the stated power by a two-sided test at the stated level.

    Attributes:
        difference: In the unit of the score.
        form: "paired" on the same examples, or "unpaired" on two samples.
        level: Of the test.
        power: Chance to find a difference of this size.
    """

    difference: float
    form: str
    level: float
    power: float


def smallest_unpaired(
    sd1: float, n1: int, sd2: float, n2: int, level: float = 0.05, power: float = 0.8
) -> Resolution | NotComputable:
    """Compute the smallest detectable difference of two means of independent samples.

    Source: (z of level + z of power) standard errors, Cohen 1988; for networks Card et al. 2020.
    """
    if min(n1, n2) < 2:
        return NotComputable(f"it takes two examples on each side; found {n1} and {n2}")
    if not all(math.isfinite(sd) and sd >= 0 for sd in (sd1, sd2)):
        return NotComputable(f"the deviations {sd1} and {sd2} are not both finite")
    return Resolution(_quantiles(level, power) * math.sqrt(sd1**2 / n1 + sd2**2 / n2), "unpaired", level, power)


def smallest_paired(sd: float, n: int, level: float = 0.05, power: float = 0.8) -> Resolution | NotComputable:
    """Compute the smallest detectable mean paired difference, from the deviation of the differences.

    Source: as `smallest_unpaired`, on the differences.
    """
    if n < 2:
        return NotComputable(f"it takes two examples; found {n}")
    if not (math.isfinite(sd) and sd >= 0):
        return NotComputable(f"the deviation {sd} is not finite")
    return Resolution(_quantiles(level, power) * sd / math.sqrt(n), "paired", level, power)


def smallest_unpaired_accuracy(
    accuracy: float, n1: int, n2: int, level: float = 0.05, power: float = 0.8
) -> Resolution | NotComputable:
    """Compute the smallest detectable difference of two accuracies near ``accuracy``, on independent samples.

    Source: as `smallest_unpaired`, the proportion drawn towards one half as in Agresti and Coull 1998, so that a score
        of 100 % does not promise a resolution of zero.
    """
    if min(n1, n2) < 2:
        return NotComputable(f"it takes two examples on each side; found {n1} and {n2}")
    if not 0 <= accuracy <= 1:
        return NotComputable(f"{accuracy} is not an accuracy")
    sd1, sd2 = _binomial_sd(accuracy, n1), _binomial_sd(accuracy, n2)
    return smallest_unpaired(sd1, n1, sd2, n2, level, power)


def smallest_paired_accuracy(
    discordant: int, n: int, level: float = 0.05, power: float = 0.8
) -> Resolution | NotComputable:
    """Compute the smallest detectable difference of two accuracies on n examples, ``discordant`` of which differ.

    Source: McNemar's variance under no difference, as in Connor 1987; the discordant share is drawn away from zero.
    """
    if n < 2:
        return NotComputable(f"it takes two examples; found {n}")
    if not 0 <= discordant <= n:
        return NotComputable(f"{discordant} of {n} examples cannot be discordant")
    share = (discordant + 2) / (n + 4)
    return smallest_paired(math.sqrt(share), n, level, power)


def _quantiles(level: float, power: float) -> float:
    return float(ndtri(1 - level / 2) + ndtri(power))


def _binomial_sd(p: float, n: int) -> float:
    drawn = (p * n + 2) / (n + 4)
    return math.sqrt(drawn * (1 - drawn))
