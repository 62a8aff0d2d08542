"""The fixtures, in the tests of a stranger's project, and here."""

import os
import subprocess
import sys
from pathlib import Path

import dl.testing

PAGE = Path(__file__).parents[3] / "docs/authors.md"

UNRELATED = """
import sys

def test_nothing_of_dl_is_heavy():
    heavy = {"torch", "lightning", "numpy", "typer", "rich", "scipy"} & set(sys.modules)
    assert not heavy, heavy
"""
USING = """
def test_a_fit_is_run_reported_and_read(dl_run, dl_image_folder, tmp_path, dl_plugins):
    fitted = dl_run("fit", "vision", dl_image_folder, "--model", "dense", "width=8", "epochs=1", "--json")
    assert fitted.code == 0 and fitted.json["status"] == "finished"
    assert (tmp_path / "runs").is_dir()
    report = dl_run("report", "last", "--json")
    assert "data-small-validation" in {finding.code for finding in report.findings}
    assert ("vision", "dense") in dl_plugins.models

def test_a_mistake_is_a_code_and_a_line(dl_run):
    answer = dl_run("fit", "vision", "minst")
    assert answer.code == 2 and answer.out == "" and "did you mean 'mnist'" in answer.err

def test_the_data_is_there(dl_images, dl_texts, dl_text_folder, dl_table, dl_people):
    assert len(dl_images.train) == len(dl_texts.train) == len(dl_people.train) == 60
    assert len(list(dl_text_folder.rglob("*.txt"))) == 60 and dl_table.suffix == ".csv"
"""


def run_by_a_stranger(folder, source):
    (folder / "test_mine.py").write_text(source)
    given = {name: value for name, value in os.environ.items() if name not in ("PYTEST_ADDOPTS", "DL_PLUGINS")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error::SyntaxWarning"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=given)


def test_a_project_that_has_nothing_to_do_with_dl_imports_nothing_heavy(tmp_path):
    done = run_by_a_stranger(tmp_path, UNRELATED)
    assert done.returncode == 0, done.stdout


def test_the_fixtures_are_found_without_being_imported(tmp_path):
    done = run_by_a_stranger(tmp_path, USING)
    assert done.returncode == 0 and "3 passed" in done.stdout, done.stdout


def test_what_is_exported_is_what_is_public_and_it_is_all_there():
    assert dl.testing.__all__ == sorted(dl.testing.__all__) and set(dl.testing._HOMES) == set(dl.testing.__all__)
    assert all(getattr(dl.testing, name).__doc__ for name in dl.testing.__all__)


def test_every_fixture_and_every_public_name_is_in_the_guide():
    from dl.testing import fixtures

    names = [name for name, value in vars(fixtures).items() if name.startswith("dl_")]
    page = PAGE.read_text()
    assert len(names) == 8 and [name for name in [*names, *dl.testing.__all__] if f"`{name}" not in page] == []
