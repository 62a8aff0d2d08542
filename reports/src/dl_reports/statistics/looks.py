"""Looks: how often a part of the data has been looked at, and what that can cost at most.

Letters: ``k`` looks, ``n`` examples, ``delta`` the chance that the bound fails.
"""

import math
from dataclasses import dataclass

from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class Budget:
    """A bound on how far any of k scores lies from its truth; practice is milder, so it is worded as a budget.

    Attributes:
        looks: Times the part has been looked at, k.
        n: Examples of the part.
        bound: In score units, for scores of single examples in a range of the given width.
    """

    looks: int
    n: int
    bound: float


def look_budget(looks: int, n: int, delta: float = 0.05, width: float = 1.0) -> Budget | NotComputable:
    """How far k scores on n examples may all lie from their truth, with confidence 1 - delta.

    It holds for k networks that were not chosen by these examples; choosing step by step can cost more in theory, and
    was found to cost little in practice (Recht et al. 2019; Roelofs et al. 2019).

    Source: Hoeffding 1963 with the union bound over k: width * sqrt(ln(2k / delta) / (2n)).
    """
    if n < 1:
        return NotComputable("the part has no examples")
    if looks < 1:
        return NotComputable("the part has not been looked at")
    return Budget(looks, n, width * math.sqrt(math.log(2 * looks / delta) / (2 * n)))
