"""Do the intervals hold? Simulated coverage where examples share groups, and where errors have a heavy tail.

The truth of each draw is known. *Alike* is the correlation of the values of one group: at 1 all examples of a group are
right or all are wrong, as where a label belongs to the patient; at 0 the groups mean nothing. *Unequal* groups have
log-normal sizes. Asked for: 95 % intervals that hold in 93-97 %, tests that err at their level.
Letters: ``G`` groups, ``n`` examples, ``R`` draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import publish
from dl.groups import Groups
from dl.intervals import Estimate, difference_interval, interval_of_mean, mean_interval, proportion_interval, wilson
from dl_reports.statistics import NotComputable
from dl_reports.statistics.onset import loss_rise
from dl_reports.statistics.paired import accuracy_difference, paired_difference

DRAWS, ONSETS = 2_000, 1_000
SIZE, SPREAD = 40, 0.7  # examples of a group, and the deviation of the logarithm of unequal sizes
SHARE, OTHER = 0.7, 0.6  # true accuracies of two networks
SIGMA = 0.5  # of log-normal losses by group
EPOCHS = 8
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """How many groups of examples there are, of which sizes, and how alike the values of one group."""

    count: int
    unequal: bool
    alike: float

    def groups(self, rng: np.random.Generator) -> Groups:
        """Draw the groups."""
        size = SIZE * np.exp(SPREAD * rng.standard_normal(self.count)) if self.unequal else np.full(self.count, SIZE)
        return Groups(np.repeat(np.arange(self.count), np.maximum(size.astype(int), 2)))

    def normal(self, groups: Groups, rng: np.random.Generator) -> Floats:
        """Draw standard normal values (n,), correlated within groups."""
        shared = rng.standard_normal(self.count)[groups.numbers]
        return math.sqrt(self.alike) * shared + math.sqrt(1 - self.alike) * rng.standard_normal(len(groups.numbers))

    def right(self, groups: Groups, rng: np.random.Generator, share: float) -> NDArray[np.bool_]:
        """Draw right and wrong (n,): the rate of a group is beta-distributed, 0 or 1 where all are alike."""
        if self.alike in (0, 1):
            rate = np.full(self.count, share) if not self.alike else (rng.random(self.count) < share).astype(float)
        else:
            weight = 1 / self.alike - 1
            rate = rng.beta(share * weight, (1 - share) * weight, self.count)
        return rng.random(len(groups.numbers)) < rate[groups.numbers]


def covered(setting: Setting, rng: np.random.Generator) -> dict[str, bool]:
    """Draw one pair of sets, and tell which intervals hold their truth."""
    training = replace(setting, count=4 * setting.count)  # of a fifth held out
    groups, others = setting.groups(rng), training.groups(rng)
    right, train = setting.right(groups, rng, SHARE), training.right(others, rng, OTHER)
    losses, trained = (np.exp(SIGMA * side.normal(of, rng)) for side, of in ((setting, groups), (training, others)))
    mean = math.exp(SIGMA**2 / 2)
    shares = [Estimate(float(x.mean()), *proportion_interval(x, of)) for x, of in ((right, groups), (train, others))]
    means = [Estimate(float(x.mean()), *interval_of_mean(x, of)) for x, of in ((losses, groups), (trained, others))]
    second = setting.right(groups, rng, OTHER)
    paired = accuracy_difference(right, second, groups=groups)
    moved = paired_difference(losses - np.exp(SIGMA * setting.normal(groups, rng)), groups=groups)
    assert not isinstance(paired, NotComputable) and not isinstance(moved, NotComputable)
    plain = wilson(float(right.sum()), len(right))
    return {
        "accuracy": shares[0].low <= SHARE <= shares[0].high,
        "mean loss": means[0].low <= mean <= means[0].high,
        "gap, accuracy": difference_interval(*shares).holds(SHARE - OTHER),
        "gap, loss": difference_interval(*means).holds(0.0),
        "paired, accuracy": paired.interval.holds(SHARE - OTHER),
        "paired, loss": moved.interval.holds(0.0),
        "accuracy, without groups": plain.holds(SHARE),
    }


def onset_called(setting: Setting, rng: np.random.Generator) -> tuple[bool, bool]:
    """Draw a fit whose losses waver about the same mean, and tell whether a rise is called, by group and without."""
    groups = setting.groups(rng)
    base = setting.normal(groups, rng)
    losses = np.stack([base + 0.5 * setting.normal(groups, rng) for _ in range(EPOCHS)])
    found = [loss_rise(losses, groups=of) for of in (groups, None)]
    return tuple(not isinstance(one, NotComputable) and one.rises for one in found)  # type: ignore[return-value]  # two


def by_group(draws: int = DRAWS, onsets: int = ONSETS) -> list[dict[str, object]]:
    """Measure coverage and false alarms in every setting."""
    rows: list[dict[str, object]] = []
    for count in (8, 12, 40):
        for unequal in (False, True):
            for alike in (0.0, 0.1, 1.0):
                setting, rng = Setting(count, unequal, alike), np.random.default_rng([count, unequal, int(10 * alike)])
                found = [covered(setting, rng) for _ in range(draws)]
                called = np.mean([onset_called(setting, rng) for _ in range(onsets)], axis=0)
                row: dict[str, object] = {"groups": count, "sizes": "unequal" if unequal else "equal", "alike": alike}
                row |= {name: f"{np.mean([one[name] for one in found]):.1%}" for name in found[0]}
                rows.append(row | {"onset called": f"{called[0]:.1%}", "without groups": f"{called[1]:.1%}"})
    return rows


def tailed(sigma: float, n: int, rng: np.random.Generator) -> dict[str, bool]:
    """Draw log-normal errors of two networks, and tell which intervals hold their truth."""
    mean = math.exp(sigma**2 / 2)
    errors, shared = np.exp(sigma * rng.standard_normal(n)), rng.standard_normal(n)
    train = np.exp(0.5 * sigma * rng.standard_normal(n))
    ours, theirs = (np.exp(sigma * (0.8 * shared + 0.6 * rng.standard_normal(n))) for _ in range(2))
    first, second = (Estimate(float(one.mean()), *interval_of_mean(one)) for one in (errors, train))
    moved = paired_difference(ours - 1.2 * theirs)
    assert not isinstance(moved, NotComputable)
    return {
        "Student's": mean_interval(float(errors.mean()), float(errors.std(ddof=1)), n).holds(mean),
        "score": first.low <= mean <= first.high,
        "gap": difference_interval(first, second).holds(mean - math.exp(sigma**2 / 8)),
        "paired difference": moved.interval.holds(-0.2 * mean),
    }


def with_tails(draws: int = DRAWS) -> list[dict[str, object]]:
    """Measure coverage on log-normal errors."""
    rows: list[dict[str, object]] = []
    for sigma in (0.5, 1.0, 1.5):
        for n in (60, 200, 600, 2_000):
            rng = np.random.default_rng([n, int(10 * sigma)])
            found = [tailed(sigma, n, rng) for _ in range(draws)]
            rows.append({"sigma": sigma, "n": n} | {k: f"{np.mean([one[k] for one in found]):.1%}" for k in found[0]})
    return rows


def main() -> None:
    """Print and keep the tables."""
    asked = "asked for: 93-97 %; onset called in at most 5 %"
    publish("intervals", "Coverage of 95 % intervals by group", by_group(), asked)
    publish("tails", "Coverage of 95 % intervals of means of log-normal errors", with_tails(), "asked for: 93-97 %")


if __name__ == "__main__":
    main()
