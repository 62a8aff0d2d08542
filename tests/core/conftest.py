"""What the tests of core share: fits on arrays that a test makes, in the domain of plain numbers of `dl.testing`."""

import os

import numpy as np
import pytest

import dl
from dl.data.examples import Dataset, Examples
from dl.plugins.loading import load_plugins
from dl.runs.manifest import MetricInfo
from dl.testing.numbers import NumbersPlugin
from dl.training.devices import Devices
from dl.tuning.study import Budget, Study, Trial


@pytest.fixture(scope="session", autouse=True)
def on_one_thread(one_thread):
    """Every fit here is of a few numbers."""


@pytest.fixture
def examples():
    """A function that wraps arrays: examples(inputs, targets, names=())."""

    def wrap(inputs, targets, names=(), first=0):
        return Examples(np.asarray(inputs), np.asarray(targets), np.arange(first, first + len(inputs)), tuple(names))

    return wrap


@pytest.fixture
def dataset(examples):
    """A function that makes a data set of arrays: dataset(inputs, targets, names=(), **fields of Dataset)."""

    def make(inputs, targets, names=(), **fields):
        return Dataset("given", examples(inputs, targets, names), **fields)

    return make


@pytest.fixture
def plugins_with():
    """A function that loads the plugins with data sets of the domain ``numbers``: plugins_with(given=dataset)."""
    return lambda more=(), **datasets: load_plugins(extra=[NumbersPlugin(datasets), *more])


@pytest.fixture
def runs(tmp_path):
    return tmp_path / "runs"


@pytest.fixture
def fit(plugins_with, runs, monkeypatch):
    """A function that fits a data set on one CPU: fit(dataset, model="linear", epochs=3, ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # waiting for the disk is most of so small a fit

    def run(given, precision="32-true", more=(), **choices):
        devices = Devices("cpu", "1", precision=precision)
        plugins = plugins_with(given=given, more=more)
        return dl.fit("numbers", "given", plugins=plugins, runs=runs, devices=devices, **choices)

    return run


@pytest.fixture
def blobs(dataset):
    """A function that gives well separated clouds of points: blobs(classes=3, n=90, seed=0, **fields)."""

    def make(classes=3, n=90, seed=0, **fields):
        rng = np.random.default_rng(seed)
        targets = np.arange(n) % classes
        angles = 2 * np.pi * targets / classes
        centres = 5 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        inputs = (centres + rng.normal(0, 0.5, (n, 2))).astype(np.float32)
        return dataset(inputs, targets, [f"class {k}" for k in range(classes)], **fields)

    return make


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
            "metric": MetricInfo("accuracy", True, 1.0, "proportion"),
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
        given = {"asked": number - 1, "point": {}, "options": {}, "status": "finished", "loss": 1.0}
        return Trial(number, score=score, **given | {"best_epoch": 1, "epochs": 1} | fields)

    return make


@pytest.fixture
def locked(tmp_path):
    """A folder that this process may not write to, whoever runs the tests."""
    folder = tmp_path / "locked"
    folder.mkdir()
    (folder / "kept").write_text("old")
    folder.chmod(0o555)
    tmp_path.chmod(0o755)
    root = os.geteuid() == 0
    if root:
        os.seteuid(65534)  # root may write anywhere; nobody may not
    yield folder
    if root:
        os.seteuid(0)
    folder.chmod(0o755)
