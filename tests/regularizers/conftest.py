"""What the tests of regularizers share: tasks to build them for, and short fits on a few digits."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

import dl
from dl.data.examples import Dataset
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.specs import DatasetSpec
from dl.tasks.table import decide
from dl.training.devices import Devices


@pytest.fixture(scope="session", autouse=True)
def on_one_thread(one_thread):
    """Every fit here is of a few numbers."""


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)


@pytest.fixture
def task():
    """A function that gives a task: task("multiclass")."""
    targets = {
        "binary": np.array([0, 1]),
        "multiclass": np.array([0, 1, 2]),
        "multilabel": np.array([[0, 1], [1, 1]]),
        "regression": np.array([-3.0, 5.0]),
        "unit-regression": np.array([0.0, 0.5]),
    }
    return lambda name: decide(targets[name], (), name)


class _Few:
    """A plugin with the first 300 digits of each of MNIST's data sets, the next 100 as the test set."""

    def __init__(self):
        self.all = load_plugins()
        self.read = {}

    @hookimpl
    def register_datasets(self):
        names = [name for domain, name in self.all.datasets if name.startswith("mnist")]
        return [DatasetSpec(f"few-{one}", "vision", "of a test", lambda _, one=one: self.few(one)) for one in names]

    def few(self, name):
        if name not in self.read:
            train = self.all.dataset("vision", name).load({}).train
            self.read[name] = self._some(train, 0, 300), self._some(train, 300, 400)
        train, test = self.read[name]
        return Dataset(f"few-{name}", train, open_test=lambda: test)

    @staticmethod
    def _some(examples, first, last):
        kept = {name: getattr(examples, name)[first:last] for name in ("inputs", "targets", "ids")}
        return replace(examples, **kept)


@pytest.fixture(scope="session")
def plugins():
    """What is installed, and data sets of a few digits: few-mnist, few-mnist-even, few-mnist-slant, ..."""
    return load_plugins([_Few()])


@pytest.fixture
def fit(plugins, tmp_path, monkeypatch):
    """A function that fits on a few digits: fit(reg={"l2": 1e-4}, data="few-mnist", ...)."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # waiting for the disk is most of so small a fit
    small = {"recipe": "book-dense", "model": "dense", "width": 16, "epochs": 2, "batch_size": 50, "val": 100}

    def run(reg=None, data="few-mnist", precision="32-true", **choices):
        devices = Devices("cpu", "1", precision=precision)
        given = {"plugins": plugins, "runs": tmp_path / "runs", "devices": devices}
        return dl.fit("vision", data, reg=reg or {}, **given, **{**small, **choices})

    return run
