"""Does max pooling work better than the alternatives? The book's convnet with each ``pool=``, ten seeds, in pairs.

Source of the sentence: Chollet, Deep Learning with Python, chapter 8. A seed draws the examples, the weights and the
order, the same for each way to downsample. Strided convolutions take the place of convolution and pooling: they do less
work, and have as many weights. Judged by the test digits, or by the patches that no fit saw; fits that are in
``results/pooling.json`` are not made again. What this cannot tell: larger photographs, deeper networks, more examples.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import dl
from benchmarks.default_sets import SETS, Case
from benchmarks.kept_fits import with_dataset
from benchmarks.measuring import RESULTS, publish
from benchmarks.remedies import digits
from dl.data.examples import Dataset, Examples
from dl.training.devices import Devices

SEEDS = 10
POOLS = ("max", "avg", "stride")
NOTE = "test accuracy in %, then its difference from pool=max: pairs by seed, 95 % t-intervals"
Fit = dict[str, str | int | float]  # set, pool, seed, accuracy


@dataclass(frozen=True)
class Subject:
    """A set of images.

    Args:
        description: What is fitted on, and what judges.
        read: From a seed to the data set, its test set among it.
        choices: Of `dl.fit`.
    """

    description: str
    read: Callable[[int], Dataset]
    choices: Mapping[str, str | int | float]


def cut(name: str, seed: int) -> Dataset:
    """Return patches of photographs: the case's number of them to learn from, the others to judge by."""
    case = SETS[name]()
    names, targets = np.unique(case.target, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(targets))
    first, rest = (_examples(case, names, targets, np.sort(one)) for one in np.split(order, [case.size]))
    return Dataset(f"some-{name}", first, open_test=lambda: rest)


def _examples(case: Case, names: NDArray[np.str_], targets: NDArray[np.int64], rows: NDArray[np.int64]) -> Examples:
    return Examples(case.inputs[rows], targets[rows], rows, tuple(map(str, names)))


SUBJECTS = {
    "mnist": Subject(
        "2,000 digits, 1,500 others for validation, judged by the 10,000 test digits",
        lambda seed: digits(seed, 2_000),
        {"epochs": 8},
    ),
    "photographs": Subject(
        "500 patches of 32x32 pixels from six photographs, which are the classes, judged by the other patches",
        partial(cut, "photographs"),
        {"epochs": 25},
    ),
}


def measure(subject: Subject, pool: str, seed: int) -> Fit:
    """Fit once, and look at the test set once."""
    dataset = subject.read(seed)
    plugins = with_dataset(dataset)
    with tempfile.TemporaryDirectory() as folder:
        run = dl.fit(
            "vision",
            dataset.name,
            recipe="book-convnet",
            seed=seed,
            runs=folder,
            plugins=plugins,
            devices=Devices("cpu", "1"),
            pool=pool,
            val="auto",
            **subject.choices,  # type: ignore[arg-type]  # names and options together
        )
        if run.manifest.status != "finished":
            raise SystemExit(f"{run.manifest.message}; run this again to go on")
        return {"accuracy": dl.evaluate(run, plugins=plugins).score.value}


def fits() -> list[Fit]:
    """Return all fits: those that are kept, and the others, made now and kept one by one."""
    path = RESULTS / "pooling.json"
    kept: list[Fit] = json.loads(path.read_text())["fits"] if path.exists() else []
    done = {(fit["set"], fit["pool"], fit["seed"]) for fit in kept}
    for seed in range(SEEDS):
        for name, subject in SUBJECTS.items():
            for pool in POOLS:
                if (name, pool, seed) not in done:
                    kept.append({"set": name, "pool": pool, "seed": seed, **measure(subject, pool, seed)})
                    path.write_text(json.dumps({"fits": kept}))
    return kept


def table(kept: list[Fit]) -> list[dict[str, object]]:
    """Return a row for each set and way to downsample, over the seeds that are fitted in every way."""
    found = {(fit["set"], fit["pool"], fit["seed"]): 100 * float(fit["accuracy"]) for fit in kept}
    rows: list[dict[str, object]] = []
    for name in SUBJECTS:
        seeds = [seed for seed in range(SEEDS) if all((name, pool, seed) in found for pool in POOLS)]
        by_pool = {pool: np.array([found[name, pool, seed] for seed in seeds]) for pool in POOLS}
        for pool, values in by_pool.items():
            apart = values - by_pool["max"]
            half = float(stats.t.ppf(0.975, len(seeds) - 1) * stats.sem(apart))
            row: dict[str, object] = {
                "set": name,
                "pool": pool,
                "seeds": len(seeds),
                "accuracy": f"{values.mean():.2f}",
            }
            within = f"{apart.mean():+.2f} [{apart.mean() - half:+.2f}, {apart.mean() + half:+.2f}]"
            rows.append(row | {"less that of max": within if pool != "max" else ""})
    return rows


def main() -> None:
    """Fit what is not kept yet, and print and keep the table."""
    os.environ.setdefault("DL_RIVALS", "no")  # nothing is compared with them here
    kept = fits()
    described = "; ".join(f"{name}: {subject.description}" for name, subject in SUBJECTS.items())
    publish("pooling", f"book-convnet by pool=. {described}", table(kept), NOTE, fits=kept)
