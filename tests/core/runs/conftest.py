"""A folder of runs that tests may damage, tag and remove."""

import shutil

import pytest

from dl.testing.fits import kept_runs


@pytest.fixture
def two_runs(tmp_path):
    """A folder with two copies of a finished run."""
    run = kept_runs()["is clean"]
    for name in ("0001-mine", "0002-mine"):
        shutil.copytree(run.path, tmp_path / "runs" / name)
    return tmp_path / "runs"
