"""What the tests of the reports share: simulated runs on disk, facts from arrays in memory, published histories."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from dl import files
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import PartialRecipe
from dl.runs.history import write_history
from dl.runs.manifest import Baseline, Manifest, MetricInfo, Parts, TaskInfo
from dl.runs.outcomes import PartOutcomes
from dl.runs.run import Run
from dl_reports.as_json import schema
from dl_reports.facts import Facts
from dl_reports.read import Kept
from dl_reports.simulate import SimulatedFit, simulate
from dl_reports.statistics import NotComputable

ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")
ABSENT = NotComputable("not made here")


@dataclass(frozen=True)
class Learnt:
    """Calibrated logits (T, n, C) of one part, and the classes (n,) drawn from them."""

    logits: np.ndarray
    targets: np.ndarray

    @property
    def losses(self):
        top = self.logits.max(axis=2, keepdims=True)
        total = np.log(np.exp(self.logits - top).sum(axis=2)) + top[:, :, 0]
        return total - np.take_along_axis(self.logits, self.targets[None, :, None], axis=2)[:, :, 0]

    @property
    def right(self):
        return self.logits.argmax(axis=2) == self.targets


def draw_part(rng, n, epochs, classes=3, wandering=0.1, spread=2.0):
    """A network that has learnt all it can: from epoch to epoch its logits waver, and their means do not move."""
    base = spread * rng.standard_normal((n, classes))
    shares = np.exp(base) / np.exp(base).sum(axis=1, keepdims=True)
    targets = (rng.random((n, 1)) > shares.cumsum(axis=1)).sum(axis=1).clip(max=classes - 1)
    return Learnt(base + wandering * rng.standard_normal((epochs, n, classes)), targets)


OF_CLASSES = {"score": "accuracy", "score_higher": True, "bounded": True, "has_classes": True}


def make_manifest(n, m, classes=3, epochs=5, **changes):
    names = tuple(f"class {k}" for k in range(classes))
    task = TaskInfo(
        "multiclass",
        "three classes",
        classes,
        names,
        (ACCURACY,),
        "cross_entropy",
        probabilities="softmax",
        **OF_CLASSES,
    )
    parts = Parts("drawn", 5 * m, n, m, "hold-out", "print", (8,), False)
    baselines = (Baseline("prior", "each class at its share", 1 / classes, float(np.log(classes))),)
    made = Manifest(
        "0001-drawn", "finished", "2026", "0", "vision", "dense", 1, task, parts, baselines, best_epoch=epochs
    )
    return replace(made, **changes)


def facts_from(val, probe, plugins, features=ABSENT, columns=None, best=None, manifest=None):
    """Facts of a fit that never touched the disk."""
    epochs, n = val.right.shape
    rows = []
    for t in range(epochs):
        row = {"epoch": t + 1.0}
        for name, part in (("val", val), ("probe", probe)):
            row |= {f"{name}_loss": float(part.losses[t].mean()), f"{name}_accuracy": float(part.right[t].mean())}
        rows.append(row | {"train_loss": row["probe_loss"]} | {k: v[t] for k, v in (columns or {}).items()})
    best = best or 1 + int(np.argmax([row["val_accuracy"] for row in rows]))
    kept = Kept(
        run=Run(Path("nowhere")),
        manifest=manifest or make_manifest(n, len(probe.targets), val.logits.shape[2], best),
        rows=tuple(rows),
        val=PartOutcomes(np.arange(n), val.targets, val.losses, val.right, val.losses),
        probe=PartOutcomes(np.arange(len(probe.targets)), probe.targets, probe.losses, probe.right, -probe.losses),
        leaked=ABSENT,
        best_logits=val.logits[best - 1],
        answers=val.logits[best - 1].argmax(axis=1),
        features=features,
        sketches=ABSENT,
        recipe=PartialRecipe(train={"schedule": "constant", "monitor": "metric"}),
        guards=(),
    )
    return Facts(kept, plugins)


def write_published(folder, losses, scores, n, probe=None, m=0, baseline=0.5):
    """A run folder that keeps nothing but the means of a published history."""
    folder.mkdir()
    names = ("no", "yes")
    task = TaskInfo(
        "binary", "published", 1, names, (ACCURACY,), "binary_cross_entropy", probabilities="sigmoid", **OF_CLASSES
    )
    parts = Parts("published", 5 * n, n, m or n, "hold-out", "published", (10,), False)
    majority = (Baseline("majority", "always 'no'", baseline),)
    best = 1 + int(np.argmax(scores))
    made = Manifest(
        "0001-published", "finished", "2026", "0", "text", "dense", 1, task, parts, majority, best_epoch=best
    )
    files.write_text(folder / "run.json", made.to_json())
    rows = []
    for t, (loss, score) in enumerate(zip(losses, scores, strict=True)):
        rows.append(
            {"epoch": t + 1.0, "val_loss": loss, "val_accuracy": score}
            | ({} if probe is None else {"probe_accuracy": probe[t]})
        )
    write_history(folder / "history.csv", rows)
    return Run(folder)


@pytest.fixture(
    scope="session",
    params=[pytest.param(250, id="250-draws"), pytest.param(2000, id="2000-draws", marks=pytest.mark.slow)],
)
def draws(request):
    """How many fits of noise a null draws: few each time, and 2,000 in the long form."""
    return request.param


@pytest.fixture(scope="session")
def plugins():
    return load_plugins()


@pytest.fixture
def simulated(tmp_path):
    """Write a simulated fit, each under its own name."""
    count = 0

    def make(**choices):
        nonlocal count
        count += 1
        return simulate(tmp_path / f"{count:04d}-simulated", SimulatedFit(**choices))

    return make


@pytest.fixture
def published(tmp_path):
    def make(**history):
        return write_published(tmp_path / "0001-published", **history)

    return make


@pytest.fixture(scope="session")
def drawn(plugins):
    """Facts of a fit in which nothing happens but noise, for a seed."""

    def make(seed, n=200, epochs=5, **choices):
        rng = np.random.default_rng(seed)
        return facts_from(draw_part(rng, n, epochs), draw_part(rng, n, epochs), plugins, **choices)

    return make


@pytest.fixture(scope="session")
def parts():
    """How to draw one part, and to make facts of two."""
    return draw_part, facts_from


@pytest.fixture(scope="session")
def violations():
    """What of a report's JSON breaks the published schema, which is itself a sound one."""
    Draft202012Validator.check_schema(schema())
    return lambda value: [error.message for error in Draft202012Validator(schema()).iter_errors(value)]
