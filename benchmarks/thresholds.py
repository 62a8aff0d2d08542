"""Do precision and recall at a tuned threshold hold on examples that it was not tuned on? Simulated.

Each draw of validation examples gives a threshold and the cross-fitted intervals of recall and precision that a report
shows; the truth is that of the very threshold on all examples of the law that it was drawn from. *Naive* are Wilson's
intervals on the examples that the threshold was tuned on. Letters: ``d`` deviations between the logits of the classes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
from scipy.special import ndtr

from benchmarks.measuring import publish
from dl.intervals import wilson
from dl.runs.manifest import Decision, MetricInfo, TaskInfo
from dl.runs.thresholds import as_logit, choose_thresholds, decided_answers, widen

REPEATS = 1000
RULES = ("f1", "balanced-accuracy", "recall:0.9", "precision:0.8")
RARE = ((50, 450), (50, 2450), (200, 1800))  # rare examples, and others, as expected
APART = (1.5, 2.5)
INFO = TaskInfo(
    *("", "", 1, ("no", "yes"), (MetricInfo("average_precision", True, 1.0, "ranking"),), ""),
    has_classes=True,
    probabilities="sigmoid",
    positive="yes",
)


def covered(rule: str, rare: int, other: int, apart: float, repeats: int = REPEATS) -> dict[str, float]:
    """Return in which share of the draws the intervals hold the truth, and the mean of recall and precision seen.

    Args:
        rule: As typed after ``threshold=``.
        rare: Examples of the class to find, in the mean.
        other: Of the other one.
        apart: d.
        repeats: Draws.
    """
    rng, total = np.random.default_rng(0), rare + other
    found = np.zeros(4)
    biased = np.zeros(4)
    for _ in range(repeats):
        classes = (rng.random(total) < rare / total).astype(np.int64)
        logits = (rng.standard_normal(total) + apart * classes).astype(np.float32)[:, None]
        decision = choose_thresholds(INFO, rule, logits, classes)
        assert decision is not None
        cut = as_logit(decision.thresholds[0])
        recall, wrong = ndtr(apart - cut), ndtr(-cut)
        truths = (recall, rare * recall / (rare * recall + other * wrong))
        fair = decided_answers(_decided(rule, decision.thresholds), logits, classes)
        for way, answers in enumerate((fair, (logits[:, 0] > cut).astype(np.int64))):
            right = int((answers & classes).sum())
            for side, (count, truth) in enumerate(zip((classes.sum(), answers.sum()), truths, strict=True)):
                share, limits = right / max(int(count), 1), wilson(right, int(count))
                found[2 * way + side] += (limits if way else widen(share, limits)).holds(float(truth))
                biased[2 * way + side] += share - truth
    names = ("recall", "precision", "naive recall", "naive precision")
    by_name = dict(zip(names, found / repeats, strict=True))
    return by_name | {f"{name}, bias": bias for name, bias in zip(names, biased / repeats, strict=True)}


def _decided(rule: str, thresholds: tuple[float, ...]) -> TaskInfo:
    return replace(INFO, decision=Decision(rule, thresholds, (True,), ""))


def rows(repeats: int = REPEATS) -> Iterator[dict[str, object]]:
    """Yield a line for each setting."""
    for rule, (rare, other), apart in product(RULES, RARE, APART):
        measured = covered(rule, rare, other, apart, repeats)
        shown = {name: f"{100 * value:.1f} %" for name, value in measured.items()}
        yield {"threshold": rule, "rare": f"{rare} of {rare + other}", "apart": apart, **shown}


def main() -> None:
    """Print and keep the table."""
    publish("thresholds", "Do recall and precision at a tuned threshold hold?", list(rows()), "asked for: 93-97 %")


if __name__ == "__main__":
    main()
