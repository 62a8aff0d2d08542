"""The guards of tables speak where something is planted, and only there: a few of the tables of `benchmarks.guards`."""

import importlib
import sys
from pathlib import Path

import pytest


@pytest.fixture
def guards(monkeypatch):
    """The benchmark of the guards."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    yield importlib.import_module("benchmarks.guards")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_ordinary_tables_are_silent(guards):
    assert not any(guards.measure(guards.ordinary, 15, 1000).values())


@pytest.mark.parametrize(
    ("plant", "code"),
    [
        ("with_counter", "left out"),
        ("with_disguise", "data-target-in-disguise"),
        ("with_groups", "data-groups-in-sight"),
    ],
)
def test_what_is_planted_is_found(guards, plant, code):
    assert guards.measure(getattr(guards, plant), 15, 1000)[code] >= 0.9
