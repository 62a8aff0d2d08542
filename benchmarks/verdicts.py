"""Is the report right? Its verdicts on real fits against digits that it never saw, and on effects that were planted.

Each fit learns few digits and scores, at every epoch, 2,000 other training digits and the 10,000 of the test set. The
run is then cut: the report sees 2,000 digits alone, and the others judge what it said, with their own error. This is
done twice. *As published*: the report sees training digits, the test set judges. The two are not drawn alike (the test
digits are easier, at any one epoch), and a score cannot be told from its luck across such a step. *Mixed*: all 12,000,
in random order, are seen a sixth at a time and judged by the rest, so that nothing but chance lies between them.
Letters: ``n`` validation examples, ``T`` epochs, ``J`` digits that judge.
"""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dl
from benchmarks.kept_fits import cut, joined, kept_fit, with_dataset
from benchmarks.measuring import publish
from dl.data.examples import Dataset
from dl.plugins.loading import load_plugins
from dl.runs.run import Run
from dl_reports.build import build_report
from dl_reports.change import Change
from dl_reports.facts import Facts, known
from dl_reports.read import read
from dl_reports.statistics import NotComputable

VAL = 2_000
SURE = 1.645  # one-sided 5 %, in standard errors
FITS: dict[tuple[str, int], tuple[int, int]] = {  # (model, training digits): seeds, epochs
    ("dense", 500): (20, 20),
    ("dense", 2_000): (20, 20),
    ("dense", 10_000): (4, 15),
    ("book-convnet", 500): (20, 12),
    ("book-convnet", 2_000): (20, 10),
    ("book-convnet", 10_000): (2, 6),
}


@dataclass(frozen=True)
class Judged:
    """What the report said of one fit, and what the test set says of the same.

    Args:
        loss: Said of the loss; None where it could not be computed.
        metric: Said of the accuracy.
        test_losses: (T, J).
        test_right: (T, J).
        gap: Said: value, low, high, on validation.
        probe: Accuracy on the probe at the best epoch.
        best: The best epoch, from 1.
        naive: Validation accuracy there.
        corrected: The same, corrected for the luck of choosing it.
        apart: Accuracy on validation less that on the digits that judge, mean over all epochs: no luck of a choice.
    """

    loss: Change | None
    metric: Change | None
    test_losses: NDArray[np.float64]
    test_right: NDArray[np.float64]
    gap: tuple[float, float, float]
    probe: float
    best: int
    naive: float
    corrected: float
    apart: float


def judged(run: Run, seen: NDArray[np.int64]) -> Judged:
    """Cut a run to the validation digits that are seen, and let both halves speak."""
    everything = run.outcomes("val")
    others = np.setdiff1d(np.arange(len(everything.ids)), seen)
    right = everything.score.astype(np.float64)
    with tempfile.TemporaryDirectory() as folder:
        facts = Facts(read(cut(run, seen, Path(folder) / run.name)), load_plugins())
    row, luck = facts.best_row, facts.luck
    return Judged(
        loss=known(facts.loss_change),
        metric=known(facts.metric_change),
        test_losses=everything.loss[:, others].astype(np.float64),
        test_right=right[:, others],
        gap=(row["gap"], row["gap_low"], row["gap_high"]),
        probe=row["probe_accuracy"],
        best=int(row["epoch"]),
        naive=row["val_accuracy"],
        corrected=float("nan") if isinstance(luck, NotComputable) else luck.corrected,
        apart=float(right[:, seen].mean() - right[:, others].mean()),
    )


@dataclass(frozen=True)
class TestChange:
    """How the test set moves between two epochs; positive is worse."""

    worse: float
    error: float

    @property
    def z(self) -> float:
        """In standard errors; 0 where nothing moves."""
        return self.worse / self.error if self.error else 0.0


def moved(values: NDArray[np.float64], change: Change, *, higher: bool) -> TestChange:
    """Compare the same two epochs on the test set, pairwise."""
    difference = values[change.last - 1] - values[change.best - 1]
    worse = -difference if higher else difference
    return TestChange(float(worse.mean()), float(worse.std(ddof=1)) / math.sqrt(len(worse)))


def contradicts(change: Change, test: TestChange) -> bool:
    """Whether the test set, with its own error, speaks against what was said.

    Said to get worse: the test set gets better, certainly. Not said to: the test set gets worse by more than the
    validation set's interval and the test set's own error allow.
    """
    if change.established:
        return test.z < -SURE
    half = (change.interval.high - change.interval.low) / 2
    return test.worse - change.worse > math.hypot(half, 1.96 * test.error)


def row_of(name: str, fits: Sequence[Judged]) -> dict[str, object]:
    """Return one line of the table."""
    losses = [(one.loss, moved(one.test_losses, one.loss, higher=False)) for one in fits if one.loss]
    metrics = [(one.metric, moved(one.test_right, one.metric, higher=True)) for one in fits if one.metric]
    called = [test for change, test in metrics if change.established]
    at_best = np.array([one.test_right[one.best - 1].mean() for one in fits])
    naive = np.array([one.naive for one in fits]) - at_best
    corrected = np.array([one.corrected for one in fits]) - at_best
    return {
        "fits": name,
        "verdicts": len(fits),
        "said overfit: loss, metric": f"{sum(c.established for c, _ in losses)}, {len(called)}",
        "not said, though certain on test: loss, metric": f"{sum(map(_missed, losses))}, {sum(map(_missed, metrics))}",
        "contradicted: loss, metric": f"{sum(map(_against, losses))}, {sum(map(_against, metrics))}",
        "called in metric, test agrees": f"{sum(test.worse > 0 for test in called)} of {len(called)}",
        "gap interval covers": f"{sum(map(covers, fits))} of {len(fits)}",
        "any epoch - test": f"{np.mean([one.apart for one in fits]):+.4f}",
        "naive best - test": f"{np.mean(naive):+.4f}",
        "corrected - test": f"{np.nanmean(corrected):+.4f}",
        "distance naive, corrected": f"{np.mean(np.abs(naive)):.4f}, {np.nanmean(np.abs(corrected)):.4f}",
    }


def _against(pair: tuple[Change, TestChange]) -> bool:
    return contradicts(*pair)


def _missed(pair: tuple[Change, TestChange]) -> bool:
    change, test = pair
    return not change.established and test.z > SURE


def covers(one: Judged) -> bool:
    """Whether the gap's interval, widened by the test set's own error, holds the gap to the test set."""
    right = one.test_right[one.best - 1]
    error = 1.96 * math.sqrt(right.mean() * (1 - right.mean()) / len(right))
    value, low, high = one.gap
    on_test = one.probe - float(right.mean())
    return value - math.hypot(value - low, error) <= on_test <= value + math.hypot(high - value, error)


def flipped_found(mnist: Dataset, seed: int) -> float:
    """Return which share of the flipped probe examples stands among the listed suspects, at 5 % flips."""
    rng = np.random.default_rng([seed, 5])
    targets = mnist.train.targets.astype(np.int64)
    flipped = rng.random(len(targets)) < 0.05
    targets[flipped] = (targets[flipped] + rng.integers(1, 10, int(flipped.sum()))) % 10
    dataset = Dataset("some-digits", replace(mnist.train, targets=targets), val_size=10_000)
    with tempfile.TemporaryDirectory() as folder:
        plugins = with_dataset(dataset)
        run = dl.fit("vision", "some-digits", recipe="book-dense", seed=seed, runs=Path(folder), plugins=plugins)
        ids = run.outcomes("probe").ids
        suspects = Facts(read(run), plugins).suspects
        assert not isinstance(suspects, NotComputable)
        listed = ids[suspects.order[: int(flipped[ids].sum())]]
        return float(flipped[listed].mean())


def duplicates_found(mnist: Dataset, planted: int) -> int:
    """Return how many planted copies of training digits the report counts in the validation set."""
    train = mnist.train.take(np.arange(5_000))
    val = joined(mnist.train.take(np.arange(5_000, 6_000)), mnist.train.take(np.arange(planted)))
    with tempfile.TemporaryDirectory() as folder:
        plugins = with_dataset(Dataset("some-digits", train, val=val))
        run = dl.fit("vision", "some-digits", recipe="book-dense", epochs=2, runs=Path(folder), plugins=plugins)
        found = next(
            one for one in build_report(run, plugins=plugins).findings if one.code == "data-duplicates-across-split"
        )
        return int(found.evidence["leaked"])


def sixths(run: Run, seed: int) -> list[NDArray[np.int64]]:
    """Return the positions of all digits that a run has scored, in random order, in six shares."""
    order = np.random.default_rng([seed, 6]).permutation(len(run.outcomes("val").ids))
    return np.split(order, len(order) // VAL)


def main() -> None:
    """Print and keep the tables."""
    mnist = load_plugins().dataset("vision", "mnist").load({})
    tables: dict[str, dict[str, list[Judged]]] = {"as published": {}, "mixed": {}}
    for (model, count), (seeds, epochs) in FITS.items():
        name = f"{model}, {count:,} digits"
        runs = [kept_fit(mnist, model, count, seed, epochs, VAL) for seed in range(seeds)]
        tables["as published"][name] = [judged(run, np.arange(VAL)) for run in runs]
        tables["mixed"][name] = [judged(run, seen) for seed, run in enumerate(runs) for seen in sixths(run, seed)]
        for table in tables.values():
            print(json.dumps(row_of(name, table[name])), flush=True)
    for table in tables.values():
        table["all"] = [one for fits in table.values() for one in fits]
    rows = [{"judged": how} | row_of(name, fits) for how, table in tables.items() for name, fits in table.items()]
    asked = (
        "asked for: contradicted at most 5 %, called ones agree in 95 %, covered 93-98 %, corrected nearer than naive"
    )
    publish("verdicts", "What the report says, against digits it never saw", rows, asked)
    publish_planted(mnist)


def publish_planted(mnist: Dataset) -> None:
    """Print and keep what was found of what was planted."""
    planted: list[dict[str, object]] = [
        {"planted": "5 % flipped labels", "found": f"{np.mean([flipped_found(mnist, seed) for seed in range(3)]):.1%}"},
        {"planted": "40 copies across the split", "found": f"{duplicates_found(mnist, 40)} of 40"},
    ]
    publish("planted", "What was planted, and what was found", planted, "asked for: 80 % of the flips, all copies")


if __name__ == "__main__":
    main()
