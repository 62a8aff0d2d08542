"""What the tests of core share: a domain of plain numbers, and fits on arrays that a test makes."""

import os

import numpy as np
import pytest
import torch
from torch import nn

import dl
from dl.data import Dataset, Examples
from dl.devices import Devices
from dl.domain import Domain, Preparation
from dl.errors import BadFile
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins import load_plugins
from dl.specs import DatasetSpec, DomainSpec, ModelSpec, RecipeSpec

PLAIN = '[model]\nname = "linear"\n\n[train]\noptimizer = "adam"\nlr = 0.1\nepochs = 30\nbatch_size = 16\n'


class Numbers(Preparation):
    """Leaves the numbers as they are."""

    def __init__(self, shape):
        super().__init__()
        self.shape = tuple(shape)

    @property
    def input_shape(self):
        return self.shape

    def settings(self):
        return {"shape": list(self.shape)}

    def forward(self, inputs):
        return inputs.float()


def read_numbers(paths, preparation):
    """Read .npy files of rows."""
    rows = []
    for path in paths:
        try:
            rows.append(np.load(path, allow_pickle=False))
        except (OSError, ValueError) as error:
            raise BadFile(f"{path} is not an array: {error}") from error
    inputs = np.concatenate(rows)
    sources = tuple(f"row {k}" for k in range(len(inputs)))
    return Examples(inputs, np.zeros(len(inputs), np.int64), np.arange(len(inputs)), (), sources)


def build_dense(shape, outputs, options):
    layers = [nn.Flatten(), nn.Linear(int(np.prod(shape)), int(options["width"])), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(int(options["width"]), outputs))


class NumbersPlugin:
    """A plugin object that registers the domain ``numbers`` and the data sets it is given."""

    def __init__(self, datasets):
        self.datasets = datasets

    @hookimpl
    def register_domains(self):
        domain = Domain(
            open_path=lambda path, options: None,
            learn=lambda part, options: Numbers(part.examples.inputs.shape[1:]),
            restore=lambda settings: Numbers(settings["shape"]),
            read=read_numbers,
            draw=lambda row, width: str(row),
            sketch=lambda row: " ".join(f"{value:.2f}" for value in row.ravel()[:4]),
        )
        return (DomainSpec("numbers", "rows of numbers", lambda: domain, "plain"),)

    @hookimpl
    def register_datasets(self):
        return tuple(
            DatasetSpec(name, "numbers", "of a test", lambda options, one=one: one)
            for name, one in self.datasets.items()
        )

    @hookimpl
    def register_models(self):
        def linear(shape, outputs, options):
            return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), outputs))

        width = Option("width", 32, "units", low=1, high=1024)
        return (
            ModelSpec("linear", "numbers", "one layer", linear),
            ModelSpec("dense", "numbers", "two layers", build_dense, (width,)),
        )

    @hookimpl
    def register_recipes(self):
        return (RecipeSpec("plain", "numbers", "adam", PLAIN),)


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Arrays of a few numbers gain nothing from threads that wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


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
