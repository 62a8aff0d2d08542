import importlib.metadata
import sys

import pytest
import torch

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
    assert checks()["cache"].message.endswith("/cache  holds 123 MB of at most 2.5 GB, DL_CACHE_SIZE=")
    monkeypatch.setenv("DL_CACHE_SIZE", "much")
    assert checks()["cache"] == Check("cache", "DL_CACHE_SIZE='much': expected a size, like 500MB or 20GB", ok=False)


def test_the_floors_are_those_below_which_a_file_could_run_code():
    assert FLOORS == {"torch": (2, 10), "lightning": (2, 6, 6), "pillow": (12, 3)}


def test_a_check_is_printed_as_json(checks):
    assert checks()["python"].as_dict().keys() == {"name", "message", "ok"}


def beside(site, source, requires="torch==1.0"):
    """Install a torchvision of this source."""
    (site.folder / "torchvision.py").write_text(source)
    info = site.folder / "torchvision-0.24.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: torchvision\nVersion: 0.24.0\nRequires-Dist: {requires}\n\n")


def test_a_package_that_needs_another_torch_is_said_with_both_versions(checks, site):
    beside(site, "", requires="torch==1.0")
    here = importlib.metadata.version("torch")
    assert Check("torchvision", f"0.24.0 needs torch==1.0, and {here} is here", ok=False) in doctor._unmet()
    assert not any(check.name == "torchvision" and check.ok for check in doctor._unmet())


@pytest.mark.parametrize(
    "requires", ["torch>=2", "torch==1.0; extra == 'old'", "torch", "no requirement !", "pandas==0.1"]
)
def test_a_package_that_can_live_with_the_torch_here_is_not_named(site, requires):
    beside(site, "", requires=requires)
    assert doctor._unmet() == []


def test_a_package_that_cannot_be_imported_beside_torch_is_said_with_its_error_and_what_mends_it(checks, site):
    beside(site, "raise RuntimeError('operator torchvision::nms does not exist')", requires="torch")
    here = importlib.metadata.version("torch")
    check = checks()["torchvision"]
    assert not check.ok and check.message == (
        f"0.24.0 does not work with torch {here}: RuntimeError: operator torchvision::nms does not exist"
        f"  python -m pip install --force-reinstall torchvision torch=={here}"
    )


def test_a_package_that_ends_the_process_is_said_as_well(site):
    beside(site, "import os; os._exit(3)", requires="torch")
    (check,) = doctor._beside_torch()
    assert not check.ok and "it ended with 3" in check.message


def test_a_package_that_works_beside_torch_is_well(site):
    beside(site, "", requires="torch")
    assert doctor._beside_torch() == [Check("torchvision", "0.24.0, which the torch here can use")]


def test_it_is_said_what_torch_was_built_for(checks):
    cuda = torch.version.cuda
    assert (
        checks()["torch build"].message == (f"for CUDA {cuda}" if cuda else "for CPUs alone") + "; dl install keeps it"
    )
