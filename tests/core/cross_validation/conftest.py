"""What the tests of cross-validation share: blobs of two classes, and folds fitted on them."""

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
def cv(plugins_with, runs, monkeypatch):
    """A function that cross-validates a data set on one CPU: cv(dataset, protocol="kfold:4", epochs=3, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def run(given, protocol="kfold:4", model="linear", epochs=3, **choices):
        given_choices = {"plugins": plugins_with(given=given), "runs": runs, "devices": Devices("cpu", "1")}
        return dl.cv("numbers", "given", protocol=protocol, model=model, epochs=epochs, **given_choices, **choices)

    return run
