"""Runs are removed whole or not at all, and not while they run or another needs them."""

import os
import shutil

import pytest

from dl import files
from dl.errors import BadRun
from dl.processes import HOST, started
from dl.runs.lock import run_lock
from dl.runs.remove import find_holds, listed_size, remove_run
from dl.runs.run import claim_run, list_runs
from tests.core.runs.test_overview import rewrite


@pytest.fixture
def runs(two_runs):
    return two_runs


def test_a_run_goes_with_all_its_files(runs):
    assert listed_size(runs / "0001-mine") > 1_000 and find_holds([runs / "0001-mine"], runs) == []
    remove_run(runs / "0001-mine")
    assert [path.name for path in runs.iterdir()] == ["0002-mine"]


def test_one_that_runs_is_held_whatever_is_asked(runs):
    rewrite(runs / "0001-mine", status="running", pid=os.getpid(), host=HOST, process_start=started(os.getpid()))
    (hold,) = find_holds([runs / "0001-mine"], runs)
    assert not hold.forced and f"is running: process {os.getpid()}" in str(hold)
    with pytest.raises(BadRun, match="is running"):
        remove_run(runs / "0001-mine")
    with run_lock(runs / "0002-mine"), pytest.raises(BadRun, match="is being fitted"):
        remove_run(runs / "0002-mine")
    assert len(list_runs(runs)) == 2


def test_one_whose_folder_another_recipe_names_is_held_unless_forced(runs):
    recipe = runs / "0002-mine/recipe.toml"
    shutil.copy(recipe, recipe.with_suffix(".old"))
    text = f'from = "{runs / "0001-mine"}"\nfrom_hash = "x"\n{recipe.read_text()}'
    rewrite(runs / "0002-mine", files={})
    recipe.write_text(text)
    (hold,) = find_holds([runs / "0001-mine"], runs)
    assert hold.forced and str(hold).startswith("0001-mine is needed by 0002-mine, which went on from it; --force")
    assert find_holds([runs / "0001-mine", runs / "0002-mine"], runs) == []


def test_a_member_of_a_study_is_held_and_the_study_is_not(runs):
    shutil.copytree(runs / "0002-mine", runs / "0001-mine/folds/01")
    (hold,) = find_holds([runs / "0001-mine/folds/01"], runs)
    assert hold.forced and "belongs to 0001-mine" in str(hold)
    assert find_holds([runs / "0001-mine"], runs) == []


def test_an_empty_folder_that_a_fit_may_be_about_to_write_is_held_for_an_hour(runs):
    path = runs / "0003-new"
    path.mkdir()
    assert [hold.forced for hold in find_holds([path], runs)] == [True]
    os.utime(path, (0, 0))
    assert find_holds([path], runs) == []


def test_a_kill_in_the_middle_leaves_no_run_and_the_next_write_removes_the_rest(runs, monkeypatch):
    monkeypatch.setattr(files.shutil, "rmtree", lambda *_, **__: None)  # as if it had been killed here
    remove_run(runs / "0001-mine")
    monkeypatch.undo()
    (hidden,) = (path for path in runs.iterdir() if path.name.startswith("."))
    assert [run.name for run in list_runs(runs)] == ["0002-mine"] and (hidden / "run.json").exists()
    dead = hidden.with_name(hidden.name.replace(f"-{os.getpid()}-", f"-{2**22 + 1}-"))
    hidden.rename(dead)
    files._swept.discard(runs)
    assert claim_run(runs, "next").name == "0003-next" and not dead.exists()


def test_the_number_of_a_tested_run_is_not_given_again(runs):
    (runs / "test-ledger.jsonl").write_text('{"run": "0007-gone", "data": "mine"}\n')
    assert claim_run(runs, "next").name == "0008-next"
