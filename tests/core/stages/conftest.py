"""What the tests of the stages share: one short workflow on a shipped table, with the line of each stage."""

import io
import os
from dataclasses import replace

import pytest
from rich.console import Console

import dl
from dl.plugins.loading import load_plugins
from dl.training.devices import Devices

KEPT = ("early-stopping", "weight-averaging", "l2", "noise")  # regularizers: those of the recipe, and two to try


@pytest.fixture(scope="session")
def few():
    """The installed plugins, with few regularizers."""
    plugins = load_plugins()
    return replace(plugins, regularizers={name: plugins.regularizers[name] for name in KEPT})


@pytest.fixture(scope="session")
def screen():
    """What the workflow printed, without a terminal."""
    return io.StringIO()


@pytest.fixture(scope="session")
def whole(tmp_path_factory, few, screen):
    """A finished workflow, which finds nothing in a cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        patch.setenv("DL_CACHE", str(tmp_path_factory.mktemp("cache")))
        return dl.workflow(
            "tabular",
            "wine",
            trials=2,
            epochs=2,
            runs=tmp_path_factory.mktemp("workflow") / "runs",
            console=Console(file=screen, width=400),
            plugins=few,
            devices=Devices("cpu", "1"),
        )
