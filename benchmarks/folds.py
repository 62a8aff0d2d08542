"""Does the interval of a cross-validated score hold, and what do folds cost?

    python -m benchmarks folds              # simulated, real, and the cost
    python -m benchmarks.folds simulated    # or one of them: simulated, real, cost

The truth is the mean score of the folds' networks on a large untouched part. Three intervals of it: *dl's*, of the
pooled examples, lengthened by `dl.intervals.OVERLAP`; *corrected*, of the folds' scores by Nadeau and Bengio; *naive*,
Student's of the folds' scores as if their training sets had nothing in common. Simulated: a ridge classifier on
Gaussian inputs, whose labels follow a logistic law in five of ``d`` inputs; in groups, all examples of a group share
their inputs but for noise, and their label. Real: `dl.cv` on 500 digits, judged by the other 1,297.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import dl
from benchmarks.measuring import publish, run_dl
from dl.groups import Groups
from dl.intervals import Interval, corrected_interval, proportion_interval, widened
from dl.plugins.loading import load_plugins
from dl.recipes.protocol import Protocol, parse_protocol
from dl.splits.folds import Division, hold_out_fold
from dl.splits.strata import Strata

DRAWS, JUDGES = 200, 20_000
REPEATED = 30
SETTINGS = ((500, 10, 0), (500, 50, 0), (100, 20, 0), (1_000, 50, 0), (500, 10, 40))  # examples, inputs, groups
PROTOCOLS = ("kfold:4", "iterated-kfold:4x3", "kfold:10")
Floats = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Scored:
    """The outcomes of all folds of one draw.

    Args:
        right: (n,) of pooled rows.
        groups: Of the rows: of the same example, or of the same group.
        folds: (J,) score of each fold.
        share: Validation examples of a fold per training example.
        truth: Mean score of the folds' networks on the untouched part.
    """

    right: NDArray[np.bool_]
    groups: Groups | None
    folds: Floats
    share: float
    truth: float

    def intervals(self) -> dict[str, Interval]:
        """Return the three intervals of the score."""
        mean = float(self.right.mean())
        pooled = widened(mean, proportion_interval(self.right, self.groups))
        corrected, naive = (corrected_interval(self.folds, share) for share in (self.share, 0.0))
        return {"dl": pooled, "corrected": corrected, "naive": naive}


def simulated() -> list[dict[str, object]]:
    """Simulate every setting under every protocol."""
    rows = []
    for n, d, groups in SETTINGS:
        for name in PROTOCOLS:
            rng = np.random.default_rng([n, d, groups])
            draws = [_draw(n, d, groups, parse_protocol(name), rng) for _ in range(DRAWS)]
            rows.append(
                {"data": f"{n} x {d}" + f", {groups} groups" * bool(groups), "protocol": name, **covered(draws)}
            )
    return rows


def covered(draws: Sequence[Scored]) -> dict[str, float]:
    """Return in which share of draws each interval holds the truth, in percent, and how long it is, in points."""
    found: dict[str, float] = {}
    for name in ("dl", "corrected", "naive"):
        intervals = [draw.intervals()[name] for draw in draws]
        held = [one.holds(draw.truth) for one, draw in zip(intervals, draws, strict=True)]
        found[f"{name} %"] = round(100 * float(np.mean(held)), 1)
        found[f"{name} length"] = round(100 * float(np.mean([one.high - one.low for one in intervals])), 1)
    return found


def _draw(n: int, d: int, groups: int, protocol: Protocol, rng: np.random.Generator) -> Scored:
    """Fit every fold of one simulated set."""
    numbers = np.arange(n) if not groups else rng.permutation(np.arange(n) % groups)
    inputs, labels = _sample(numbers, d, rng)
    others = np.arange(JUDGES) if not groups else np.arange(JUDGES) // (JUDGES // 2_000)
    judges, truths = _sample(others, d, rng)
    division = Division(
        numbers, Strata(labels.astype(np.int64)) if not groups else None, (), None, 0.25, int(rng.integers(1 << 31))
    )
    rows, right, scores, true = list[Index](), list[NDArray[np.bool_]](), list[float](), list[float]()
    for fold in range(1, protocol.fits + 1):
        split = hold_out_fold(division, protocol, fold)
        weights = _ridge(inputs[split.train], labels[split.train])
        answers = (_with_one(inputs[split.val]) @ weights > 0) == labels[split.val]
        rows.append(split.val)
        right.append(answers)
        scores.append(float(answers.mean()))
        true.append(float(((_with_one(judges) @ weights > 0) == truths).mean()))
    order = np.concatenate(rows)
    share = 1 / (protocol.folds - 1)
    return Scored(np.concatenate(right), Groups.of(numbers[order]), np.array(scores), share, float(np.mean(true)))


def _sample(numbers: Index, d: int, rng: np.random.Generator) -> tuple[Floats, Index]:
    """Draw inputs (n, d) and labels (n,); examples of one group have nearly the same inputs, and one label."""
    count = int(numbers.max()) + 1
    centres = rng.standard_normal((count, d))
    labels = (rng.random(count) < 1 / (1 + np.exp(-0.5 * centres[:, :5].sum(axis=1)))).astype(np.int64)
    noise = 0.0 if count == len(numbers) else 0.5
    return centres[numbers] + noise * rng.standard_normal((len(numbers), d)), labels[numbers]


def _ridge(inputs: Floats, labels: Index) -> Floats:
    rows = _with_one(inputs)
    return np.asarray(np.linalg.solve(rows.T @ rows + np.eye(rows.shape[1]), rows.T @ (2 * labels - 1)))


def _with_one(inputs: Floats) -> Floats:
    return np.concatenate([inputs, np.ones((len(inputs), 1))], axis=1)


def real() -> list[dict[str, object]]:
    """Cross-validate digits, again and again, on other 500 of them."""
    digits = load_digits()
    images, targets = digits.images.astype(np.float32) / 16, digits.target
    plugins = load_plugins()
    rows = []
    for name in PROTOCOLS[:2]:
        draws = []
        for seed in range(REPEATED):
            order = np.random.default_rng(seed).permutation(len(targets))
            learnt, judges = order[:500], order[500:]
            with tempfile.TemporaryDirectory() as folder:
                chosen = {"model": "dense", "epochs": 20, "seed": seed, "runs": folder, "plugins": plugins}
                run = dl.cv("vision", (images[learnt], targets[learnt]), protocol=name, **chosen)  # type: ignore[arg-type]
                val, best = run.outcomes("val"), run.manifest.best_epoch
                # the weights of a fold are those of its own best epoch, one among few that hardly differ here
                true = [
                    float((dl.load(fold)(images[judges]).argmax(1).numpy() == targets[judges]).mean())
                    for fold in run.folds
                ]
            scores = np.array([fold.score for fold in run.manifest.folds])
            share = 1 / (parse_protocol(name).folds - 1)
            draws.append(Scored(val.score[best - 1].astype(bool), val.groups, scores, share, float(np.mean(true))))
        rows.append({"data": "500 digits", "protocol": name, **covered(draws)})
    return rows


def cost() -> list[dict[str, object]]:
    """Time four folds of MNIST against one fit, and twelve fits on 500 rows."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run_dl("fit", "vision", "mnist", "--recipe", "fast", folder=folder)  # the data is then in the cache
        single = run_dl("fit", "vision", "mnist", "--recipe", "fast", folder=folder)
        folds = run_dl("cv", "vision", "mnist", "--recipe", "fast", "protocol=kfold:4", folder=folder)
        trained = [_seconds(folder / "runs", number) for number in (2, 3)]
        rows.append(_cost("mnist fast, kfold:4 over one fit", folds.seconds / single.seconds, trained[1] / trained[0]))
        _write_table(folder / "rows.csv")
        table = (
            "cv",
            "tabular",
            "rows.csv",
            "--target",
            "label",
            "--model",
            "dense",
            "--protocol",
            "iterated-kfold:4x3",
        )
        rows.append(_cost("500 rows, dense, 4 x 3, seconds", run_dl(*table, folder=folder).seconds))
    return rows


def _cost(what: str, whole: float, training: float | None = None) -> dict[str, object]:
    trained = "" if training is None else round(training, 2)
    return {"what": what, "whole program": round(whole, 2), "training": trained}


def _seconds(runs: Path, number: int) -> float:
    """Return the seconds of training of a run: of all its epochs, or of all its folds."""
    run = dl.open_run(number, runs)
    return sum(one.history.rows[-1]["seconds"] for one in run.folds or (run,))


def _write_table(path: Path) -> None:
    """Write 500 rows of ten numbers and a label."""
    rng = np.random.default_rng(0)
    inputs, labels = _sample(np.arange(500), 10, rng)
    rows = [
        ",".join([*(f"{value:.4f}" for value in row), f"c{label}"]) for row, label in zip(inputs, labels, strict=True)
    ]
    path.write_text(",".join([*(f"x{k}" for k in range(10)), "label"]) + "\n" + "\n".join(rows) + "\n")


PARTS = {"simulated": simulated, "real": real, "cost": cost}
TITLES = {
    "simulated": "Coverage of the interval of a cross-validated score, simulated",
    "real": "Coverage of the interval of a cross-validated score, digits",
    "cost": "What folds cost",
}


def main(names: Sequence[str] = tuple(PARTS)) -> None:
    """Print and keep the tables."""
    for name in names:
        asked = "asked for: 93-97 %" if name != "cost" else "asked for: at most 4.2 times the training; 30 s"
        publish(f"folds-{name}", TITLES[name], PARTS[name](), asked)


if __name__ == "__main__":
    main(sys.argv[1:] or tuple(PARTS))
