"""What the tests of tuning share: points around two centres, and small studies on them."""

import os

import numpy as np
import pytest

import dl
from dl.runs.manifest import MetricInfo
from dl.training.devices import Devices
from dl.tuning.study import Budget, Study, Trial

ACCURACY = MetricInfo("accuracy", True, 1.0, "proportion")


@pytest.fixture
def blobs(dataset):
    """A function that makes n points in three dimensions, around one of two centres: blobs(120, **fields)."""

    def make(n=120, spread=1.0, **fields):
        rng = np.random.default_rng(3)
        targets = np.arange(n) % 2
        inputs = rng.normal(0, spread, (n, 3)) + targets[:, None]
        return dataset(inputs.astype(np.float32), targets, ("low", "high"), **fields)

    return make


@pytest.fixture
def tune(plugins_with, runs, monkeypatch):
    """A function that tunes on one CPU: tune(dataset, trials=3, model="dense", epochs=3, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def run(given, trials=3, model="dense", epochs=3, root=runs, more=(), **choices):
        where = {"plugins": plugins_with(given=given, more=more), "runs": root, "devices": Devices("cpu", "1")}
        return dl.tune("numbers", "given", trials=trials, model=model, epochs=epochs, **where, **choices)

    return run


@pytest.fixture
def study():
    """A function that makes a study of trials by hand: study(trials=(), **fields)."""

    def make(trials=(), **fields):
        given = {
            "name": "0001-given-tune",
            "status": "finished",
            "created": "2026-01-01",
            "data": "given",
            "val_fingerprint": "a",
            "fingerprint": "b",
            "metric": ACCURACY,
            "monitor": "metric",
            "seed": 0,
            "sampler": "tpe",
            "budget": Budget(3),
            "space": (),
        }
        return Study(**given | fields, trials=tuple(trials))

    return make


@pytest.fixture
def trial():
    """A function that makes an ended trial: trial(1, score=0.5, **fields)."""

    def make(number, score=0.5, **fields):
        given = {"point": {}, "options": {}, "status": "finished", "loss": 1.0, "best_epoch": 1, "epochs": 1}
        return Trial(number, number - 1, score=score, **given | fields)

    return make
