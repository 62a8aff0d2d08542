"""Real fits on digits that a benchmark keeps, so that it goes on where it was stopped and judges anew without fitting.

Each lies in `runs/verdicts/<name>/`; whoever wants them fitted anew removes that folder. A kept fit has scored more
validation examples than a report shall see: `cut` makes the run one that has seen some of them alone.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import dl
from dl import files
from dl.data.examples import Dataset, Examples
from dl.intervals import newcombe, wilson
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs import outcomes
from dl.runs.history import write_history
from dl.runs.outcomes import Scored
from dl.runs.run import Run, list_runs
from dl.specs import DatasetSpec

MADE = "made for a benchmark"
KEPT = Path(__file__).parents[1] / "runs" / "verdicts"


@dataclass(frozen=True)
class Given:
    """A plugin with one data set, already read."""

    dataset: Dataset
    domain: str = "vision"

    @dl.hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Register it."""
        return (DatasetSpec(self.dataset.name, self.domain, MADE, lambda _options: self.dataset),)


def with_dataset(dataset: Dataset, domain: str = "vision") -> Plugins:
    """Return the installed plugins and this data set.

    Raises:
        ValueError: If the data set of another plugin has its name, which would be the one that is fitted.
    """
    plugins = load_plugins([Given(dataset, domain)])
    if plugins.datasets[domain, dataset.name].description != MADE:
        raise ValueError(f"another plugin has a data set named {dataset.name!r}")
    return plugins


def joined(first: Examples, second: Examples) -> Examples:
    """Return two sets of examples as one."""
    return replace(
        first,
        inputs=np.concatenate([first.inputs, second.inputs]),
        targets=np.concatenate([first.targets, second.targets]),
        ids=np.concatenate([first.ids, second.ids]),
    )


def kept_fit(mnist: Dataset, model: str, count: int, seed: int, epochs: int, val: int) -> Run:
    """Fit on some digits, with so many others and the whole test set as validation, or find the fit as kept."""
    folder = KEPT / f"{model}-{count}-{seed}"
    for run in list_runs(folder):
        if (run.path / "run.json").exists() and run.manifest.status == "finished":
            return run
    shutil.rmtree(folder, ignore_errors=True)  # of a fit that was stopped
    assert mnist.open_test is not None
    chosen = np.random.default_rng([seed, count]).permutation(len(mnist.train))
    others = joined(mnist.train.take(chosen[count : count + val]), mnist.open_test())
    dataset = Dataset("some-digits", mnist.train.take(chosen[:count]), val=others)
    recipe = "book-dense" if model == "dense" else "book-convnet"
    plugins = with_dataset(dataset)
    run = dl.fit(
        "vision", "some-digits", model=model, recipe=recipe, seed=seed, runs=folder, plugins=plugins, epochs=epochs
    )
    (run.weights).unlink()  # what is judged is what the report reads
    shutil.rmtree(run.path / "checkpoints")
    return run


def cut(run: Run, seen: NDArray[np.int64], folder: Path) -> Run:
    """Copy a run to one that has seen only the validation examples at these positions (n,)."""
    shutil.copytree(run.path, folder)
    kept, probe = run.outcomes("val"), run.outcomes("probe")
    into = folder / "outcomes"
    stored = outcomes.read_arrays(into / "examples.npz")
    shorter = {name: values[seen] if name.startswith("val_") else values for name, values in stored.items()}
    outcomes.write_arrays(into / "examples.npz", shorter)
    (into / "features.npz").unlink()
    (into / "sketches.npz").unlink()
    for epoch in range(len(kept.loss)):
        of = {"val": _scored(kept, epoch, seen), "probe": _scored(probe, epoch, np.arange(len(probe.ids)))}
        outcomes.write_epoch(into, epoch + 1, of)
    for name in ("best", "last"):
        outcomes.write_logits(into, name, outcomes.read_logits(into, name)[seen].astype(np.float32))
    rows = [_recount(dict(row), kept, k, seen, len(probe.ids)) for k, row in enumerate(run.history.rows)]
    write_history(folder / "history.csv", rows)
    best = 1 + int(np.argmax([row["val_accuracy"] for row in rows]))
    parts = replace(run.manifest.parts, val=len(seen))
    files.write_text(folder / "run.json", replace(run.manifest, parts=parts, best_epoch=best).to_json())
    return Run(folder)


def _scored(kept: outcomes.PartOutcomes, epoch: int, seen: NDArray[np.int64]) -> Scored:
    columns = (kept.loss, kept.score, kept.margin)
    loss, score, margin = (column[epoch, seen].astype(np.float32) for column in columns)
    return Scored(loss, score, margin, np.empty((len(seen), 0), np.float32))


def _recount(
    row: dict[str, float], kept: outcomes.PartOutcomes, epoch: int, seen: NDArray[np.int64], probe: int
) -> dict[str, float]:
    n, right = len(seen), float(kept.score[epoch, seen].sum())
    low, high = wilson(right, n)
    gap = newcombe(row["probe_accuracy"] * probe, probe, right, n)
    return row | {
        "val_loss": float(kept.loss[epoch, seen].astype(np.float64).mean()),
        "val_accuracy": right / n,
        "val_low": low,
        "val_high": high,
        "gap": row["probe_accuracy"] - right / n,
        "gap_low": gap.low,
        "gap_high": gap.high,
    }
