"""Reuse of a held-out set: how far its scores may lie from the truth after so many evaluations.

Letters: ``k`` evaluations, ``n`` examples, ``delta`` the chance that the bound fails.
"""

import math
from dataclasses import dataclass

from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class ReuseBound:
    """A bound on how far any of k scores lies from the truth; in practice the error is smaller.

    Attributes:
        evaluations: On the set, k.
        n: Examples of the set.
        bound: In score units, for scores of single examples in a range of the given width.
    """

    evaluations: int
    n: int
    bound: float


def reuse_bound(evaluations: int, n: int, delta: float = 0.05, width: float = 1.0) -> ReuseBound | NotComputable:
    """Bound how far k scores on n examples may all lie from the truth, with confidence 1 - delta.

    It holds for k networks that were not chosen by these examples; choosing step by step can cost more in theory, and
    was found to cost little in practice (Recht et al. 2019; Roelofs et al. 2019).

    Source: Hoeffding 1963 with the union bound over k: width * sqrt(ln(2k / delta) / (2n)).
    """
    if n < 1:
        return NotComputable("the set has no examples")
    if evaluations < 1:
        return NotComputable("the set has not been evaluated")
    return ReuseBound(evaluations, n, width * math.sqrt(math.log(2 * evaluations / delta) / (2 * n)))


def reuse_budget(delta: float = 0.05, growth: float = 0.5) -> int:
    """Return the number of scores after which the bound is so much larger than that of the first one.

    That of one score is its own error. What is added to it is the optimism that comes from looking again, and it is
    allowed to be half of that error: of each set alike, as its size cancels out.

    Source: `reuse_bound` solved for k: (delta / 2) (2 / delta) ** ((1 + growth) ** 2).

    Args:
        delta: The chance that the bound fails.
        growth: By which share of the bound of one score it may grow.
    """
    return math.floor(delta / 2 * math.pow(2 / delta, (1 + growth) ** 2))
