"""Unpaired tests from means and the number of examples alone, where no per-example outcomes were kept.

Weaker than the paired forms, for the variance between examples does not cancel; meant for published histories.
Letters: ``n`` validation examples, ``T`` epochs, of which the best was chosen.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from dl.intervals import Interval, newcombe
from dl_reports.statistics.gap import implied_z
from dl_reports.statistics.not_computable import NotComputable


@dataclass(frozen=True)
class UnpairedChange:
    """How much worse the last epoch is than the best one, from means alone.

    Attributes:
        change: Last minus best for a loss, best minus last for an accuracy: positive for worse.
        interval: Of the change, for a best epoch fixed in advance.
        z: Change in standard errors.
        critical: What z must exceed at 5 %, allowing for the best being chosen among T epochs.
        form: The assumptions made, in words.
    """

    change: float
    interval: Interval
    z: float
    critical: float
    form: str

    @property
    def worsens(self) -> bool:
        """Whether the last epoch is established to be worse than the best."""
        return self.z > self.critical


def unpaired_loss_rise(
    best: float, last: float, n: int, epochs: int, best_sd: float | None = None, last_sd: float | None = None
) -> UnpairedChange | NotComputable:
    """Test the rise of a mean loss from the best epoch to the last.

    Without deviations the losses are taken to be exponential, for which the deviation equals the mean: of all laws on
    the positive numbers with that mean it assumes least. Late losses spread wider than that; on the other side, leaving
    out the correlation of the same examples at two epochs overstates the error.

    Source: maximum entropy under a known mean, Jaynes 1957; Bonferroni over the T - 1 epochs the best could be.
    """
    if not all(math.isfinite(mean) and mean >= 0 for mean in (best, last)):
        return NotComputable(f"the mean losses {best} and {last} are not both finite and positive")
    if n < 2 or epochs < 2:
        return NotComputable(f"it takes two examples and two epochs; found {n} and {epochs}")
    assumed = best_sd is None or last_sd is None
    sds = (best, last) if best_sd is None or last_sd is None else (best_sd, last_sd)
    se = math.hypot(*sds) / math.sqrt(n)
    form = "unpaired, deviation of the loss assumed equal to its mean" if assumed else "unpaired, deviations as given"
    return _change(last - best, se, epochs, form)


def unpaired_accuracy_fall(best: float, last: float, n: int, epochs: int) -> UnpairedChange | NotComputable:
    """Test the fall of an accuracy from the best epoch to the last, both in [0, 1].

    Source: Newcombe 1998, method 10, at the level of Bonferroni over the T - 1 epochs the best could be.
    """
    if not (0 <= best <= 1 and 0 <= last <= 1):
        return NotComputable(f"the accuracies {best} and {last} do not both lie in [0, 1]")
    if n < 2 or epochs < 2:
        return NotComputable(f"it takes two examples and two epochs; found {n} and {epochs}")
    fall = best - last
    interval = newcombe(best * n, n, last * n, n)
    z = implied_z(fall, interval, 0.95)
    return UnpairedChange(fall, interval, z, _critical(epochs), "unpaired, Newcombe's hybrid score")


def _critical(epochs: int) -> float:
    return -float(ndtri(0.05 / (epochs - 1)))


def _change(change: float, se: float, epochs: int, form: str) -> UnpairedChange:
    half = float(ndtri(0.975)) * se
    z = change / se if se > 0 else 0.0  # both losses 0
    return UnpairedChange(change, Interval(change - half, change + half), z, _critical(epochs), form)
