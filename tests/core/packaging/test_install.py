"""Installing: mistakes are refused first, changes are read from the environment, reasons are one line."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from dl.errors import BadOption, InstallFailed, UnknownName
from dl.packaging.install import (
    Changes,
    difference,
    environment,
    fresh_states,
    install,
    install_locked,
    packages,
    read_report,
    registered_by,
    summarize,
    uninstall,
)


@pytest.mark.parametrize(
    ("what", "editable", "error", "message"),
    [
        (" ", False, BadOption, "' ' is no distribution"),
        ("--index-url=x", False, BadOption, "'--index-url=x' is no distribution"),
        ("./nowhere", False, UnknownName, "no file or folder './nowhere'"),
        ("nowhere.whl", False, UnknownName, "no file or folder 'nowhere.whl'"),
        ("~/nowhere-at-all", False, UnknownName, "no file or folder"),
        ("numpy", True, BadOption, "'numpy' is not a folder; -e installs a folder"),
    ],
)
def test_what_cannot_be_installed_is_refused_before_anything_runs(
    tmp_path, monkeypatch, what, editable, error, message
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        install(what, editable=editable)


def test_a_lock_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UnknownName, match=r"no lock file '.*a\.lock'  write one with: dl plugins lock"):
        install_locked(tmp_path / "a.lock")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("dl_workbench_core", BadOption, "'dl_workbench_core' belongs to dl itself"),
        ("mnist", BadOption, "'mnist' belongs to dl itself  switch a plugin off with: DL_PLUGINS=-mnist"),
        ("numpy", BadOption, "'numpy' registers nothing with dl  remove it with: python -m pip uninstall numpy"),
        ("mnits", UnknownName, "no distribution named 'mnits' is installed; did you mean 'mnist'"),
    ],
)
def test_what_is_not_a_strangers_plugin_is_not_removed(name, error, message):
    with pytest.raises(error, match=message):
        uninstall(name)


def test_the_environment_is_that_of_this_python_and_its_packages_are_those_of_importlib():
    assert any(Path(folder).is_relative_to(sys.prefix) for folder in environment())
    for name in ("numpy", "torch"):
        assert packages()[name][0] == importlib.metadata.version(name)


def test_two_states_of_an_environment_differ_by_what_was_added_replaced_and_removed():
    version, changed = packages()["numpy"]
    before = {"numpy": (version, changed - 1), "gone": ("1.0", 1), "stays": ("2.0", 2)}
    changes = difference(before, {"numpy": (version, changed), "torch": packages()["torch"], "stays": ("2.0", 2)})
    assert changes.added == {"torch": packages()["torch"][0]} and changes.removed == {"gone": "1.0"}
    assert changes.replaced == {"numpy": (version, version)}
    assert difference(before, before) == Changes()


def test_changes_are_told_a_line_each_those_asked_for_first():
    changes = Changes({"a": "1", "z": "2"}, {"b": ("1", "2"), "c": ("1", "1")}, {"d": "3"}, frozenset({"z"}))
    assert changes.lines == ["added z 2", "added a 1", "changed b 1 to 2", "installed c 1 anew", "removed d 3"]


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("error: externally-managed-environment\n...", "this Python is the operating system's; give dl an environment"),
        ("ERROR: No matching distribution found for dl-x", "there is no distribution dl-x for this Python"),
        ("  x Because dl-x was not found in the cache", "there is no distribution dl-x for this Python"),
        ("ERROR: ResolutionImpossible: for help", "its requirements contradict those of another package"),
        ("line\nERROR: the last\nmore", "the last"),
        ("one\ntwo\n", "two"),
        ("", "it gave no reason"),
        (
            "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE FILE.\n    a==1 from x:\n",
            "the hash of a==1 differs from the lock file; the archive has changed",
        ),
    ],
)
def test_what_an_installer_printed_is_one_line(printed, reason):
    assert summarize(printed).startswith(reason) and "\n" not in summarize(printed)


def test_a_report_that_pip_does_not_know_yet_is_refused_with_how_to_update_it():
    assert read_report('{"install": [{"metadata": {"name": "a"}}]}') == [{"metadata": {"name": "a"}}]
    for text in ("", "[]", "{}", "Usage: pip"):
        with pytest.raises(InstallFailed, match="this pip is too old"):
            read_report(text)


def test_the_plugins_of_a_distribution_are_found_however_it_is_spelt():
    states = [{"name": "a", "distribution": "Dl_Mine"}, {"name": "b", "distribution": "other"}]
    assert [state["name"] for state in registered_by(states, "dl-mine")] == ["a"]


def test_a_new_process_tells_the_state_of_every_plugin():
    assert "mnist" in {state["name"] for state in fresh_states()}
