"""What the tests of studies share: blobs of two classes that overlap, and studies of them on one CPU."""

import os

import numpy as np
import pytest

import dl
from dl.training.devices import Devices


@pytest.fixture
def blobs(dataset):
    """A function that makes n points in three dimensions around one of two centres: blobs(160, spread=1.0, ...)."""

    def make(n=160, spread=1.0, **fields):
        rng = np.random.default_rng(3)
        targets = np.arange(n) % 2
        inputs = rng.normal(0, spread, (n, 3)) + 2 * targets[:, None]
        return dataset(inputs.astype(np.float32), targets, ("low", "high"), **fields)

    return make


@pytest.fixture
def study(plugins_with, runs, monkeypatch):
    """A function that makes a study of a data set: study("curve", dataset, over="data", epochs=3, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def make(verb, given, model="dense", **choices):
        shared = {"plugins": plugins_with(given=given), "runs": runs, "devices": Devices("cpu", "1")}
        return getattr(dl, verb)("numbers", "given", model=model, **{"batch_size": 8, "lr": 0.01, **shared, **choices})

    return make
