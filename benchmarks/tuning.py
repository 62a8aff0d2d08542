"""Is the corrected score of a tuning nearer to the truth than the score as seen, and what does a study cost?

    python -m benchmarks tuning            # both, as asked for: 20 repetitions of 50 trials; 20 trials
    python -m benchmarks.tuning luck 8 30  # or one of them, with fewer repetitions and trials
    python -m benchmarks.tuning cost
    python -m benchmarks.tuning workers    # on a quiet machine with two cores

Luck: `dl.tune` on 500 rows of a simulated table, whose labels follow a logistic law in five of ``d`` inputs. The truth
is the score of the best trial's network on 10,000 untouched rows; each error is a score less that truth, in points.
Studies that are in ``results/tuning-studies.json`` are not made again, so a long measurement goes on where it ended.
Cost: the time of a study over the sum of its fits, and over the same recipes fitted alone, one after the other.
Workers: trials an hour of two processes and of one, with one thread each; the start of the two is part of their time.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

import dl
from benchmarks.measuring import RESULTS, publish
from dl.tuning.study import FINISHED

ROWS, JUDGES = 500, 10_000
REPEATED, TRIALS = 20, 50
COST_TRIALS = 20
WORKERS_EPOCHS = 300  # some seconds a trial
SETTINGS = ((10, 1.0), (30, 0.5))  # inputs, weight of each of the five that count
STUDIES = RESULTS / "tuning-studies.json"
Floats = NDArray[np.float64]


def luck(repeated: int = REPEATED, trials: int = TRIALS) -> list[dict[str, object]]:
    """Tune on simulated tables, and judge the best trial of each study on untouched rows."""
    rows = list[dict[str, object]]()
    for inputs, weight in SETTINGS:
        for monitor in ("metric", "loss"):
            errors = np.array([_kept_errors(inputs, weight, monitor, trials, seed) for seed in range(repeated)])
            row: dict[str, object] = {"data": f"{ROWS} x {inputs}", "monitor": monitor}
            row |= {"repetitions": repeated, "trials": trials}
            row |= summary(errors[:, 0], "as seen") | summary(errors[:, 1], "corrected")
            nearer = np.abs(errors[:, 1]) < np.abs(errors[:, 0])
            rows.append(row | {"nearer %": round(100 * float(nearer.mean()))})
    return rows


def summary(errors: Floats, name: str) -> dict[str, float]:
    """Return the mean error and the mean distance from the truth, in points."""
    return {
        f"{name}: bias": round(100 * float(errors.mean()), 2),
        f"{name}: distance": round(100 * float(np.abs(errors).mean()), 2),
    }


def _kept_errors(inputs: int, weight: float, monitor: str, trials: int, seed: int) -> tuple[float, float]:
    """Return what `_errors` returns, and keep it; a study that was made before is not made again."""
    kept: dict[str, tuple[float, float]] = json.loads(STUDIES.read_text()) if STUDIES.exists() else {}
    name = f"{ROWS} x {inputs}, {monitor}, {trials} trials, seed {seed}"
    if name not in kept:
        kept[name] = _errors(inputs, weight, monitor, trials, seed)
        STUDIES.write_text(json.dumps(kept, indent=1) + "\n")
    return kept[name]


def _errors(inputs: int, weight: float, monitor: str, trials: int, seed: int) -> tuple[float, float]:
    """Return how far the score as seen and the corrected one of one study lie from the truth."""
    rng = np.random.default_rng([inputs, seed])
    given, judges = _sample(ROWS, inputs, weight, rng), _sample(JUDGES, inputs, weight, rng)
    with tempfile.TemporaryDirectory() as folder:
        study = dl.tune("tabular", given, trials=trials, seed=seed, runs=folder, epochs=15, monitor=monitor)
        assert study.best is not None and study.luck is not None
        truth = dl.evaluate(study.run(study.best), data=judges).score.value
    return study.luck.naive - truth, study.luck.corrected - truth


def _sample(
    n: int, inputs: int, weight: float, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Draw inputs (n, d) and labels (n,)."""
    values = rng.standard_normal((n, inputs))
    labels = rng.random(n) < 1 / (1 + np.exp(-weight * values[:, :5].sum(axis=1)))
    return values.astype(np.float32), labels.astype(np.int64)


def cost(trials: int = COST_TRIALS) -> list[dict[str, object]]:
    """Time a study on a table, and its recipes fitted alone; the trials that were pruned are left out of the latter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dl.fit("tabular", "wine", runs=folder / "first", epochs=1)  # everything is then imported
        study = dl.tune("tabular", "wine", trials=trials, runs=folder / "runs", sampler="random")
        fits = sum(trial.seconds for trial in study.trials)
        finished = [trial for trial in study.trials if trial.status == FINISHED]
        started = time.monotonic()
        for trial in finished:
            dl.fit(recipe=str(study.run(trial).path / "recipe.toml"), runs=folder / "alone")
        alone = time.monotonic() - started
        within = study.elapsed * sum(trial.seconds for trial in finished) / fits
    return [
        {
            "trials": len(study.trials),
            "finished": len(finished),
            "study, s": round(study.elapsed, 1),
            "over its fits": round(study.elapsed / fits, 3),
            "over the same fits alone": round(within / alone, 3),
        }
    ]


def workers(trials: int = COST_TRIALS) -> list[dict[str, object]]:
    """Time the same random study fitted by one process and by two, with one thread each."""
    torch.set_num_threads(1)
    rows = list[dict[str, object]]()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dl.fit("tabular", "wine", runs=folder / "first", epochs=1)  # everything is then imported
        for jobs in (1, 2):
            study = dl.tune(
                "tabular",
                "wine",
                trials=trials,
                sampler="random",
                over=["lr", "width"],
                jobs=jobs,
                runs=folder / str(jobs),
                reg={"early-stopping": "off"},
                epochs=WORKERS_EPOCHS,
            )
            row: dict[str, object] = {"jobs": jobs, "trials": trials, "study, s": round(study.elapsed, 1)}
            row |= {"epochs": sum(trial.epochs for trial in study.trials)}
            rows.append(row | {"trials an hour": round(3_600 * trials / study.elapsed)})
    one, two = (float(str(row["trials an hour"])) for row in rows)
    return [row | {"over one": round(rate / one, 2)} for row, rate in zip(rows, (one, two), strict=True)]


PARTS: dict[str, Callable[..., list[dict[str, object]]]] = {"luck": luck, "cost": cost, "workers": workers}
TITLES = {
    "luck": "The best of a tuning on 500 rows, less the score on 10,000 others",
    "cost": "What a study costs",
    "workers": "Trials of two processes and of one, a thread each",
}
ASKED = {
    "luck": "asked for: corrected is nearer, on average",
    "cost": "asked for: at most 1.1 times the sum of its fits",
    "workers": "asked for: two at least 1.7 times as many trials an hour on two cores",
}


def main(names: Sequence[str] = tuple(PARTS), numbers: Sequence[int] = ()) -> None:
    """Print and keep the tables."""
    for name in names:
        publish(f"tuning-{name}", TITLES[name], PARTS[name](*numbers), ASKED[name])


if __name__ == "__main__":
    main(sys.argv[1:2] or tuple(PARTS), [int(word) for word in sys.argv[2:]])
