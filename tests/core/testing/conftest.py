"""What the tests of the suites share: which rules a thing breaks."""

import os

import pytest

from dl.plugins.loading import load_plugins
from dl.testing import DoesNotConform
from dl.testing.numbers import NumbersPlugin


@pytest.fixture(scope="session")
def numbers():
    """All that is installed, and the domain of numbers."""
    return load_plugins(extra=[NumbersPlugin({})])


@pytest.fixture(autouse=True)
def quick_disk(monkeypatch):
    """Waiting for the disk is most of so small a fit."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture(scope="session")
def broken():
    """A function that gives the rules which do not hold, with the reasons: broken(check_model, spec, plugins)."""

    def ask(check, *given, **named):
        try:
            results = check(*given, **named)
        except DoesNotConform as error:
            results = error.results
            assert all(one.message in str(error) for one in results if one.state == "failed")
        assert all(one.message for one in results if one.state != "ok")
        return {one.rule: one.message for one in results if one.state == "failed"}

    return ask
