"""Fixtures for pytest, which finds them wherever dl is installed; nothing else is imported before one is used.

As in:

    def test_it_is_fitted(dl_run, dl_image_folder):
        assert dl_run("fit", "vision", dl_image_folder, "--model", "mine", "epochs=1").code == 0
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dl.data.examples import Dataset
    from dl.plugins.registry import Plugins
    from dl.testing.program import Answer


@pytest.fixture
def dl_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """A function that runs a command in this process: ``dl_run("fit", "vision", "mine", "epochs=1")``.

    It works in the test's temporary folder, with its own cache, configuration and runs, whatever the environment.
    """
    from dl.testing.program import run_verb

    for name in ("DL_PLUGINS", "DL_STRICT_PLUGINS", "DL_TRACE_PLUGINS", "DL_DEBUG", "DL_RUNS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("CACHE", "CONFIG"):
        monkeypatch.setenv(f"DL_{name}", str(tmp_path / name.lower()))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return run_verb


@pytest.fixture(scope="session")
def dl_plugins() -> Plugins:
    """Everything that the installed plugins registered."""
    from dl.plugins.loading import load_plugins

    return load_plugins()


@pytest.fixture
def dl_images() -> Dataset:
    """60 small grey images of three classes, and 20 in the test set."""
    from dl.testing.samples import images

    return images()


@pytest.fixture
def dl_texts() -> Dataset:
    """60 sentences of two classes, and 20 in the test set."""
    from dl.testing.samples import texts

    return texts()


@pytest.fixture
def dl_people() -> Dataset:
    """60 rows of a table with two classes, and 20 in the test set."""
    from dl.testing.samples import people

    return people()


@pytest.fixture
def dl_image_folder(tmp_path: Path) -> Path:
    """The same images as PNG files, in a folder for each class."""
    from dl.testing.samples import write_images

    return write_images(tmp_path / "bars")


@pytest.fixture
def dl_text_folder(tmp_path: Path) -> Path:
    """The same sentences as files, in a folder for each class."""
    from dl.testing.samples import write_texts

    return write_texts(tmp_path / "tones")


@pytest.fixture
def dl_table(tmp_path: Path) -> Path:
    """The same rows as a CSV: numbers, words, missing cells, and the class."""
    from dl.testing.samples import write_table

    return write_table(tmp_path / "people.csv")
