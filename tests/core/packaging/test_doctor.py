import importlib.metadata
import sys

import pytest

from dl import files
from dl.data.cache import cache_folder
from dl.packaging import doctor
from dl.packaging.doctor import FLOORS, Check, examine


@pytest.fixture
def checks(monkeypatch, tmp_path):
    """A function that examines this installation: checks() gives the checks by name."""
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "cache"))
    return lambda: {check.name: check for check in examine(tmp_path / "runs")}


def test_this_installation_is_well(checks):
    found = checks()
    assert all(check.ok for check in found.values()), found
    assert sys.executable in found["python"].message and "domains" in found["plugins"].message


def test_a_version_that_is_not_safe_is_said_with_the_one_to_install(checks, monkeypatch):
    real = importlib.metadata.version
    monkeypatch.setattr(doctor, "version", lambda name: "2.6.5" if name == "lightning" else real(name))
    check = checks()["lightning"]
    assert not check.ok and check.message == "2.6.5 is not safe; install lightning>=2.6.6"


@pytest.mark.parametrize(("found", "ok"), [("2.10.0", True), ("2.9.1", False), ("2.13.0+cpu", True), ("3.0", True)])
def test_versions_are_compared_as_numbers(checks, monkeypatch, found, ok):
    real = importlib.metadata.version
    monkeypatch.setattr(doctor, "version", lambda name: found if name == "torch" else real(name))
    assert checks()["torch"].ok is ok


@pytest.mark.parametrize(("missing", "ok"), [("pillow", True), ("torch", False), ("lightning", False)])
def test_a_package_that_is_missing_is_said(checks, monkeypatch, missing, ok):
    real = importlib.metadata.version

    def version(name):
        if name == missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor, "version", version)
    check = checks()[missing]
    assert check.message == "not installed" and check.ok is ok


def test_a_runs_folder_that_cannot_be_written_is_said(checks, tmp_path):
    (tmp_path / "runs").write_text("a file in its place")
    check = checks()["runs"]
    assert not check.ok and "cannot write" in check.message


def test_the_cache_is_told_with_what_it_holds_and_may_hold(checks, monkeypatch):
    files.write_bytes(cache_folder("images") / "pixels", bytes(123_000_000))
    monkeypatch.setenv("DL_CACHE_SIZE", "2.5 GB")
    assert checks()["cache"].message.endswith("/cache  holds 0.1 GB of at most 2.5 GB, DL_CACHE_SIZE=")
    monkeypatch.setenv("DL_CACHE_SIZE", "much")
    assert checks()["cache"] == Check("cache", "DL_CACHE_SIZE='much': expected a size, like 500MB or 20GB", ok=False)


def test_the_floors_are_those_below_which_a_file_could_run_code():
    assert FLOORS == {"torch": (2, 10), "lightning": (2, 6, 6), "pillow": (12, 3)}


def test_a_check_is_printed_as_json(checks):
    assert checks()["python"].as_dict().keys() == {"name", "message", "ok"}
