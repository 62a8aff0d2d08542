"""Is the report right? Its verdicts on real fits against a test part it never saw, and on effects that were planted.

Each fit learns few digits and scores, at every epoch, 2,000 validation digits and the 10,000 of the test part. The run
is then cut: the report sees the 2,000 alone, and the 10,000 judge what it said, with their own error.
Letters: ``n`` validation examples, ``T`` epochs.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dl
from benchmarks.measuring import publish
from dl import files, outcomes
from dl.data import Dataset, Examples
from dl.history import write_history
from dl.intervals import newcombe, wilson
from dl.outcomes import Scored
from dl.plugins import Plugins, load_plugins
from dl.run import Run
from dl.specs import DatasetSpec
from dl_reports.build import build
from dl_reports.change import Change
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.statistics import NotComputable

VAL = 2_000
FITS: dict[tuple[str, int], tuple[int, int]] = {  # (model, training digits): seeds, epochs
    ("dense", 500): (20, 20),
    ("dense", 2_000): (20, 20),
    ("dense", 10_000): (4, 15),
    ("book-convnet", 500): (20, 12),
    ("book-convnet", 2_000): (20, 10),
    ("book-convnet", 10_000): (2, 6),
}


@dataclass(frozen=True)
class Given:
    """A plugin with one data set, already read."""

    dataset: Dataset

    @dl.hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Register it."""
        return (DatasetSpec(self.dataset.name, "vision", "made for a benchmark", lambda _options: self.dataset),)


def with_dataset(dataset: Dataset) -> Plugins:
    """Return the installed plugins and this data set."""
    return load_plugins([Given(dataset)])


def some(examples: Examples, positions: NDArray[np.int64]) -> Examples:
    """Return the examples at these positions."""
    return replace(
        examples,
        inputs=examples.inputs[positions],
        targets=examples.targets[positions],
        ids=examples.ids[positions],
    )


def joined(first: Examples, second: Examples) -> Examples:
    """Return two sets of examples as one."""
    return replace(
        first,
        inputs=np.concatenate([first.inputs, second.inputs]),
        targets=np.concatenate([first.targets, second.targets]),
        ids=np.concatenate([first.ids, second.ids]),
    )


@dataclass(frozen=True)
class Judged:
    """What the report said of one fit, and what the test part says of the same.

    Args:
        loss: Said of the loss; None where it could not be computed.
        metric: Said of the accuracy.
        test_losses: (T, 10,000).
        test_right: (T, 10,000).
        gap: Said: value, low, high, on validation.
        probe: Accuracy on the probe at the best epoch.
        best: The best epoch, from 1.
        naive: Validation accuracy there.
        corrected: The same, corrected for the luck of choosing it.
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


def fit_and_judge(mnist: Dataset, model: str, count: int, seed: int, epochs: int) -> Judged:
    """Fit on some digits, cut the run, and let both halves speak."""
    assert mnist.open_test is not None
    chosen = np.random.default_rng([seed, count]).permutation(len(mnist.train))
    val = joined(some(mnist.train, chosen[count : count + VAL]), mnist.open_test())
    dataset = Dataset("digits", some(mnist.train, chosen[:count]), val=val)
    recipe = "book-dense" if model == "dense" else "book-convnet"
    with tempfile.TemporaryDirectory() as folder:
        plugins = with_dataset(dataset)
        run = dl.fit(
            "vision", "digits", model=model, recipe=recipe, seed=seed, runs=Path(folder), plugins=plugins, epochs=epochs
        )
        everything = run.outcomes("val")
        facts = Facts(read(cut(run, VAL)), plugins)
        row = facts.best_row
        luck = facts.luck
        return Judged(
            loss=None if isinstance(facts.loss_change, NotComputable) else facts.loss_change,
            metric=None if isinstance(facts.metric_change, NotComputable) else facts.metric_change,
            test_losses=everything.loss[:, VAL:].astype(np.float64),
            test_right=everything.score[:, VAL:].astype(np.float64),
            gap=(row["gap"], row["gap_low"], row["gap_high"]),
            probe=row["probe_accuracy"],
            best=int(row["epoch"]),
            naive=row["val_accuracy"],
            corrected=float("nan") if isinstance(luck, NotComputable) else luck.corrected,
        )


def cut(run: Run, n: int) -> Run:
    """Make the run one that has seen only its first n validation examples."""
    kept, probe = run.outcomes("val"), run.outcomes("probe")
    folder = run.path / "outcomes"
    stored = outcomes.read_arrays(folder / "examples.npz")
    shorter = {name: values[:n] if name.startswith("val_") else values for name, values in stored.items()}
    outcomes.write_arrays(folder / "examples.npz", shorter)
    (folder / "features.npz").unlink()
    (folder / "sketches.npz").unlink()
    for epoch in range(len(kept.loss)):
        of = {"val": _scored(kept, epoch, n), "probe": _scored(probe, epoch, len(probe.ids))}
        outcomes.write_epoch(folder, epoch + 1, of)
    for name in ("best", "last"):
        outcomes.write_logits(folder, name, outcomes.read_logits(folder, name)[:n].astype(np.float32))
    rows = [_recount(dict(row), kept, k, n, len(probe.ids)) for k, row in enumerate(run.history.rows)]
    write_history(run.path / "history.csv", rows)
    best = 1 + int(np.argmax([row["val_accuracy"] for row in rows]))
    parts = replace(run.manifest.parts, val=n)
    files.write_text(run.path / "run.json", replace(run.manifest, parts=parts, best_epoch=best).to_json())
    return Run(run.path)


def _scored(kept: outcomes.PartOutcomes, epoch: int, n: int) -> Scored:
    columns = (kept.loss, kept.score, kept.margin)
    loss, score, margin = (column[epoch, :n].astype(np.float32) for column in columns)
    return Scored(loss, score, margin, np.empty((n, 0), np.float32))


def _recount(row: dict[str, float], kept: outcomes.PartOutcomes, epoch: int, n: int, probe: int) -> dict[str, float]:
    right = float(kept.score[epoch, :n].sum())
    low, high = wilson(right, n)
    gap = newcombe(row["probe_accuracy"] * probe, probe, right, n)
    return row | {
        "val_loss": float(kept.loss[epoch, :n].astype(np.float64).mean()),
        "val_accuracy": right / n,
        "val_low": low,
        "val_high": high,
        "gap": row["probe_accuracy"] - right / n,
        "gap_low": gap.low,
        "gap_high": gap.high,
    }


@dataclass(frozen=True)
class TestChange:
    """How the test part moves between two epochs; positive is worse."""

    worse: float
    error: float

    @property
    def z(self) -> float:
        """In standard errors; 0 where nothing moves."""
        return self.worse / self.error if self.error else 0.0


def moved(values: NDArray[np.float64], change: Change, *, higher: bool) -> TestChange:
    """Compare the same two epochs on the test part, pairwise."""
    difference = values[change.last - 1] - values[change.best - 1]
    worse = -difference if higher else difference
    return TestChange(float(worse.mean()), float(worse.std(ddof=1)) / math.sqrt(len(worse)))


def contradicts(change: Change, test: TestChange) -> bool:
    """Whether the test part, with its own error, speaks against what was said.

    Said to get worse: the test part gets better, certainly. Not said to: the test part gets worse by more than the
    validation part's interval and the test part's own error allow.
    """
    if change.established:
        return test.z < -1.645
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
        "runs": len(fits),
        "said overfit: loss, metric": f"{sum(c.established for c, _ in losses)}, {len(called)}",
        "contradicted: loss, metric": f"{sum(map(_against, losses))}, {sum(map(_against, metrics))}",
        "called in metric, test agrees": f"{sum(test.worse > 0 for test in called)} of {len(called)}",
        "gap interval covers": f"{sum(map(covers, fits))} of {len(fits)}",
        "naive best - test": f"{np.mean(naive):+.4f}",
        "corrected - test": f"{np.nanmean(corrected):+.4f}",
        "distance naive, corrected": f"{np.mean(np.abs(naive)):.4f}, {np.nanmean(np.abs(corrected)):.4f}",
    }


def _against(pair: tuple[Change, TestChange]) -> bool:
    return contradicts(*pair)


def covers(one: Judged) -> bool:
    """Whether the gap's interval, widened by the test part's own error, holds the gap to the test part."""
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
    dataset = Dataset("digits", replace(mnist.train, targets=targets), val_size=10_000)
    with tempfile.TemporaryDirectory() as folder:
        plugins = with_dataset(dataset)
        run = dl.fit("vision", "digits", recipe="book-dense", seed=seed, runs=Path(folder), plugins=plugins)
        ids = run.outcomes("probe").ids
        suspects = Facts(read(run), plugins).suspects
        assert not isinstance(suspects, NotComputable)
        listed = ids[suspects.order[: int(flipped[ids].sum())]]
        return float(flipped[listed].mean())


def duplicates_found(mnist: Dataset, planted: int) -> int:
    """Return how many planted copies of training digits the report counts in the validation part."""
    train = some(mnist.train, np.arange(5_000))
    val = joined(some(mnist.train, np.arange(5_000, 6_000)), some(mnist.train, np.arange(planted)))
    with tempfile.TemporaryDirectory() as folder:
        plugins = with_dataset(Dataset("digits", train, val=val))
        run = dl.fit("vision", "digits", recipe="book-dense", epochs=2, runs=Path(folder), plugins=plugins)
        found = next(one for one in build(run, plugins=plugins).findings if one.code == "data-duplicates-across-split")
        return int(found.evidence["leaked"])


def main() -> None:
    """Print and keep the tables."""
    mnist = load_plugins().dataset("vision", "mnist").load({})
    everyone: list[Judged] = []
    rows = []
    for (model, count), (seeds, epochs) in FITS.items():
        fits = [fit_and_judge(mnist, model, count, seed, epochs) for seed in range(seeds)]
        everyone += fits
        rows.append(row_of(f"{model}, {count:,} digits", fits))
    rows.append(row_of("all", everyone))
    asked = (
        "asked for: contradicted at most 5 %, called ones agree in 95 %, covered 93-98 %, corrected nearer than naive"
    )
    publish("verdicts", "What the report says, against the test part", rows, asked)
    planted: list[dict[str, object]] = [
        {"planted": "5 % flipped labels", "found": f"{np.mean([flipped_found(mnist, seed) for seed in range(3)]):.1%}"},
        {"planted": "40 copies across the split", "found": f"{duplicates_found(mnist, 40)} of 40"},
    ]
    publish("planted", "What was planted, and what was found", planted, "asked for: 80 % of the flips, all copies")


if __name__ == "__main__":
    main()
