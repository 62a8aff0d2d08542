"""Changes of a validation curve from its best epoch to the last one, with epochs counted from 1.

Per-example outcomes give a paired change and its onset; means alone give the weaker unpaired one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dl.intervals import Interval
from dl_reports.statistics import NotComputable
from dl_reports.statistics.choice import allow_for_choice
from dl_reports.statistics.onset import Rise
from dl_reports.statistics.published import UnpairedChange, unpaired_accuracy_fall, unpaired_loss_rise

CERTAIN = 2.326  # standard errors: 1 %, one-sided


@dataclass(frozen=True)
class Change:
    """A curve from its best epoch to its last one; positive is worse, whichever way the metric points.

    Attributes:
        best: Epoch at which the curve is best, from 1.
        last: The last epoch with a number.
        onset: First epoch of an established change for the worse; None when none is established.
        before: Mean at the best epoch.
        after: Mean at the last epoch.
        worse: How much worse the last epoch is.
        interval: Of that, the choice of the best epoch among all allowed for: above 0 exactly if z is above critical.
        z: In standard errors.
        critical: What z must exceed, allowing for the choice of the best among all.
        n: Examples.
        form: Name of the test.
        with_training: Whether training examples are not certainly spared over the same epochs: no overfitting then.
        training_z: How much worse training examples got over the same epochs, in standard errors; 0 where not known.
    """

    best: int
    last: int
    onset: int | None
    before: float
    after: float
    worse: float
    interval: Interval
    z: float
    critical: float
    n: int
    form: str
    with_training: bool = False
    training_z: float = 0.0

    @property
    def established(self) -> bool:
        """Whether the curve is established to get worse, to the end, and by more than on training examples."""
        return self.onset is not None and not self.with_training

    @property
    def unstable(self) -> bool:
        """Whether it is established to get worse, and training examples certainly do as well, at 1 %."""
        return self.onset is not None and self.with_training and self.training_z > CERTAIN

    @property
    def dated(self) -> bool:
        """Whether the onset is an estimate; from means alone it is only known to lie after the best epoch."""
        return not self.form.startswith("unpaired")


def paired_change(rise: Rise, epochs: Sequence[int], means: Sequence[float]) -> Change:
    """Convert a paired rise to epochs and to the means in the history."""
    usable = [k for k in range(len(rise.z)) if k not in rise.skipped]
    last = usable[-1]
    return Change(
        best=epochs[rise.best],
        last=epochs[last],
        onset=None if rise.onset is None else epochs[rise.onset],
        before=means[rise.best],
        after=means[last],
        worse=rise.rise,
        interval=_chosen(rise.rise, rise.interval, float(rise.z[last]), rise.critical),
        z=float(rise.z[last]),
        critical=rise.critical,
        n=rise.n,
        form=f"{rise.form}, on the same examples",
    )


def change_of_means(
    epochs: Sequence[int], means: Sequence[float], n: int, *, proportion: bool
) -> Change | NotComputable:
    """Judge a curve from its means: a proportion that should rise, or a loss that should fall."""
    usable = [k for k, mean in enumerate(means) if math.isfinite(mean)]
    if len(usable) < 2:
        return NotComputable(f"it takes two epochs with a number; found {len(usable)}")
    sign = -1.0 if proportion else 1.0
    best, last = min(usable, key=lambda k: sign * means[k]), usable[-1]
    before, after = means[best], means[last]
    found: UnpairedChange | NotComputable
    if proportion:
        found = unpaired_accuracy_fall(before, after, n, len(usable))
    else:
        found = unpaired_loss_rise(before, after, n, len(usable))
    if isinstance(found, NotComputable):
        return found
    return Change(
        best=epochs[best],
        last=epochs[last],
        onset=epochs[usable[usable.index(best) + 1]] if found.worsens else None,
        before=before,
        after=after,
        worse=found.change,
        interval=_chosen(found.change, found.interval, found.z, found.critical),
        z=found.z,
        critical=found.critical,
        n=n,
        form=found.form,
    )


def _chosen(worse: float, fixed: Interval, z: float, critical: float) -> Interval:
    """Move the lower end of an interval to where the test stands that allows for the choice of the best epoch.

    Args:
        worse: The change.
        fixed: Its interval, for two epochs fixed in advance.
        z: The change in standard errors, as the test has them.
        critical: What z must exceed.
    """
    if not math.isfinite(z):
        return fixed
    if z > critical:
        return Interval(worse * (1 - critical / z), fixed.high)
    wider = allow_for_choice(worse, fixed, critical)
    return Interval(min(wider.low, 0.0), fixed.high)
