"""Simulate fits with a known truth, as complete run folders: for tests, code pages and authors of checks.

The logits of an example after epoch t are sharpness(t) * (signal(t) * truth + its noise + some noise of the epoch): a
falling signal makes predictions worse, a growing sharpness makes them more confident.
Letters: ``T`` epochs, ``n`` validation and ``m`` probe examples, ``C`` classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dl import files
from dl.defaults import DataFacts
from dl.finding import Finding
from dl.groups import Groups
from dl.options import Option, Value
from dl.recipes.recipe import SPLIT_OPTIONS, TRAIN_OPTIONS, Recipe
from dl.runs import outcomes
from dl.runs.estimates import estimate_scores
from dl.runs.history import EpochRow, write_history
from dl.runs.manifest import Baseline, Manifest, MetricInfo, Parts, TaskInfo
from dl.runs.outcomes import Scored
from dl.runs.run import Run, write_findings
from dl_reports.statistics.softmax import log_softmax

Floats = NDArray[np.float64]
SIGNAL = (2.0, 3.0, *(3.5,) * 10)  # learnt within three epochs, then flat


@dataclass(frozen=True)
class SimulatedFit:
    """A fit to simulate.

    Attributes:
        signal: (T) separation of the validation examples, per epoch.
        probe_signal: (T) separation of the probe; empty for that of validation.
        sharpness: (T) factor of the logits; empty for 1, which is nearly calibrated.
        n: Validation examples.
        m: Probe examples; 0 for as many as validation.
        shares: (C) of the classes in both sets.
        probe_shares: (C) of the classes on the probe; empty for those of validation.
        prior: Weight of the logarithm of the shares, which favours common classes.
        wandering: Noise that each epoch adds to each logit.
        flipped: Share of labels that were replaced by another.
        seed: Of all draws.
        columns: (T) more numbers for the history, by name.
        findings: Of the guards.
        leaked: Share of validation examples marked as trained on, and scored like the probe.
        status: Of the manifest.
        message: Of the manifest.
        options: Changed options of training and split.
        near: Share of validation examples with nearly the features of a training example.
        shifted: Shift of the projected inputs of validation, in deviations.
        family: Near copies of each input over both sides; 0 for none.
        alike: Examples of a group, in both sets: copies of each other but for the noise of each epoch. Groups are kept
            if it is above 1.
        rival: Accuracy of a cheap rival among the baselines; None for no rival.
    """

    signal: Sequence[float] = SIGNAL
    probe_signal: Sequence[float] = ()
    sharpness: Sequence[float] = ()
    n: int = 1000
    m: int = 0
    shares: Sequence[float] = (0.1,) * 10
    probe_shares: Sequence[float] = ()
    prior: float = 0.0
    wandering: float = 0.02
    flipped: float = 0.0
    seed: int = 0
    columns: Mapping[str, Sequence[float]] = field(default_factory=dict)
    findings: Sequence[Finding] = ()
    leaked: float = 0.0
    status: str = "finished"
    message: str = ""
    options: Mapping[str, Value] = field(default_factory=dict)
    near: float = 0.0
    shifted: float = 0.0
    family: int = 0
    alike: int = 1
    rival: float | None = None


@dataclass(frozen=True)
class Side:
    """One simulated set: true and given classes (n,), and the noise of each example (n, C)."""

    true: NDArray[np.int64]
    given: NDArray[np.int64]
    noise: Floats


def simulate(folder: Path, fit: SimulatedFit | None = None) -> Run:
    """Write a run folder of a simulated fit, and return the run."""
    fit = fit or SimulatedFit()
    rng = np.random.default_rng(fit.seed)
    names = tuple(str(k) for k in range(len(fit.shares)))
    val, probe = _side(fit, fit.n, fit.shares, rng), _side(fit, fit.m or fit.n, fit.probe_shares or fit.shares, rng)
    leaked = np.arange(fit.n) < round(fit.leaked * fit.n)
    files.make_folder(folder / "outcomes")
    _write_examples(folder, fit, val, probe, leaked, rng)
    manifest = _manifest(folder, fit, val, names)
    rows: list[EpochRow] = []
    for t, signal in enumerate(fit.signal):
        seen = fit.probe_signal[t] if fit.probe_signal else signal
        clear = np.where(leaked, seen, signal)
        scored = {
            "val": _score(fit, val, clear, t, rng),
            "probe": _score(fit, probe, np.full(len(probe.true), seen), t, rng),
        }
        rows.append(_row(fit, manifest, scored, t, val, probe))
        outcomes.write_epoch(folder / "outcomes", t + 1, scored)
        if rows[-1]["val_accuracy"] > max([row["val_accuracy"] for row in rows[:-1]], default=-1.0):
            manifest = replace(manifest, best_epoch=t + 1)
            logits = scored["val"].logits
            outcomes.write_logits(folder / "outcomes", "best", logits, logits.argmax(axis=1))
    write_history(folder / "history.csv", rows)
    files.write_text(folder / "run.json", manifest.to_json())
    return Run(folder)


def _side(fit: SimulatedFit, n: int, shares: Sequence[float], rng: np.random.Generator) -> Side:
    classes = len(shares)
    cut = np.round(np.cumsum(shares) / np.sum(shares) * n).astype(int)  # stratified: exact shares, whatever the seed
    true = rng.permutation(np.searchsorted(cut, np.arange(n), side="right")).astype(np.int64)
    wrong = rng.random(n) < fit.flipped
    other = (true + rng.integers(1, classes, n)) % classes if classes > 1 else true
    columns = (true, np.where(wrong, other, true), rng.standard_normal((n, classes)))
    return Side(*(np.repeat(column[:: fit.alike], fit.alike, axis=0)[:n] for column in columns))


def _score(fit: SimulatedFit, side: Side, signal: Floats, t: int, rng: np.random.Generator) -> Scored:
    rows = np.arange(len(side.true))
    logits = side.noise + fit.wandering * rng.standard_normal(side.noise.shape)
    logits[rows, side.true] += signal
    logits += fit.prior * np.log(np.maximum(fit.shares, 1e-6))
    logits *= 2.0 * (fit.sharpness[t] if fit.sharpness else 1.0)
    loss = -log_softmax(logits)[rows, side.given]
    others = logits.copy()
    others[rows, side.given] = -np.inf
    margin = logits[rows, side.given] - others.max(axis=1)
    right = logits.argmax(axis=1) == side.given
    return Scored(*(part.astype(np.float32) for part in (loss, right, margin, logits)))


def _row(
    fit: SimulatedFit, manifest: Manifest, scored: Mapping[str, Scored], t: int, val: Side, probe: Side
) -> EpochRow:
    groups = {"val": _groups(fit, len(val.given)), "probe": _groups(fit, len(probe.given))}
    scores = estimate_scores(manifest.task, scored["probe"], scored["val"], probe.given, val.given, groups)
    row = {"epoch": t + 1.0, "step": 100.0 * (t + 1), "seconds": t + 1.0, "train_seconds": 0.8, "lr": 1e-3}
    row |= {"train_loss": float(scored["probe"].loss.mean()), "train_score": scores.probe.value}
    for part in outcomes.PARTS:
        row |= {f"{part}_loss": float(scored[part].loss.mean(dtype=np.float64))}
        row |= {f"{part}_accuracy": float(scored[part].score.mean(dtype=np.float64))}
    for name, estimate in (("probe", scores.probe), ("val", scores.val), ("gap", scores.gap)):
        row |= {f"{name}_low": estimate.low, f"{name}_high": estimate.high}
    return row | {"gap": scores.gap.value} | {name: float(numbers[t]) for name, numbers in fit.columns.items()}


def _write_examples(
    folder: Path, fit: SimulatedFit, val: Side, probe: Side, leaked: NDArray[np.bool_], rng: np.random.Generator
) -> None:
    arrays: dict[str, NDArray[np.generic]] = {
        "val_ids": np.arange(fit.n),
        "probe_ids": np.arange(len(probe.true)) + fit.n,
    }
    arrays |= {"val_targets": val.given, "probe_targets": probe.given, "val_leaked": leaked}
    if fit.alike > 1:
        arrays |= {f"{part}_groups": np.arange(len(arrays[f"{part}_ids"])) // fit.alike for part in outcomes.PARTS}
    outcomes.write_arrays(folder / "outcomes" / "examples.npz", arrays)
    features = {"val": rng.standard_normal((fit.n, 8)), "probe": rng.standard_normal((len(probe.true), 8))}
    copies = round(fit.near * fit.n)
    features["val"][:copies] = features["probe"][:copies] + 1e-3 * rng.standard_normal((copies, 8))
    inputs = {f"{part}_inputs": rng.standard_normal((len(features["val"]), 8)) for part in ("val", "train")}
    inputs["val_inputs"] += fit.shifted
    if fit.family:
        scenes = rng.standard_normal((2 * fit.n // fit.family + 1, 8))
        for part in ("val", "train"):
            frames = scenes[rng.integers(len(scenes), size=fit.n)]
            inputs[f"{part}_inputs"] = frames + 0.02 * rng.standard_normal(frames.shape)
    where = {f"{part}_rows": np.arange(len(rows)) for part, rows in features.items()}
    where["train_rows"] = where["val_rows"]
    kept = {name: rows.astype(np.float16) for name, rows in (features | inputs).items()}
    outcomes.write_arrays(folder / "outcomes" / "features.npz", {**kept, **where})


def _groups(fit: SimulatedFit, n: int) -> Groups | None:
    return Groups.of(np.arange(n) // fit.alike)


def _manifest(folder: Path, fit: SimulatedFit, val: Side, names: tuple[str, ...]) -> Manifest:
    metrics = (MetricInfo("accuracy", True, 1.0, "proportion"),)
    reason = f"{len(names)} classes, one for each example"
    task = TaskInfo(
        "multiclass",
        reason,
        len(names),
        names,
        metrics,
        "cross_entropy",
        score="accuracy",
        score_higher=True,
        bounded=True,
        has_classes=True,
        probabilities="softmax",
    )
    common = int(np.bincount(val.given, minlength=len(names)).argmax())
    majority = Baseline("majority", f"always {names[common]!r}", float((val.given == common).mean()))
    shares = np.bincount(val.given, minlength=len(names))[val.given] / len(val.given)
    prior = Baseline("prior", "each class at its share", majority.score, float(-np.log(shares).mean()))
    rivals = () if fit.rival is None else (Baseline("linear", "a linear model", fit.rival, rival=True),)
    m = fit.m or fit.n
    parts = Parts(
        "simulated", 5 * m, fit.n, m, "stratified hold-out, seed 0", f"simulated-{fit.n}-{fit.seed}", (8,), True
    )
    train = _chosen(fit, TRAIN_OPTIONS) | {"epochs": len(fit.signal)}
    model: dict[str, Value] = {"width": 512, "depth": 1, "dropout": 0.0}
    recipe = Recipe("vision", "mnist", "dense", model_options=model, train=train, split=_chosen(fit, SPLIT_OPTIONS))
    files.write_text(folder / "recipe.toml", recipe.to_toml())
    write_findings(folder / "findings.json", fit.findings)
    return Manifest(
        name=folder.name,
        status=fit.status,
        created="2026-01-01T00:00:00+00:00",
        dl_version="0.1.0",
        domain="vision",
        model="dense",
        parameters=1000,
        task=task,
        parts=parts,
        baselines=(majority, prior, *rivals),
        seconds=float(len(fit.signal)),
        message=fit.message,
        data=DataFacts(60_000, shape=(28, 28, 1), target="classes", outputs=10),
    )


def _chosen(fit: SimulatedFit, options: Sequence[Option]) -> dict[str, Value]:
    """Return the options at their defaults, except those that the fit changes."""
    return {option.name: fit.options.get(option.name, option.default) for option in options}
