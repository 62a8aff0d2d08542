"""What the tests of tuning share: points around two centres, and small studies on them."""

import os

import numpy as np
import pytest

import dl
from dl.training.devices import Devices


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
