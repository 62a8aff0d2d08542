"""A network from the user's own file, through the command line: fit, edit, test, predict, report, and fit again."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dl.testing import run_verb, write_table
from tools.samples import MY_NET

NET = """
from dl.graph import Dense, Graph, Head, Input, concat

def build(shape, outputs, width=8):
    row = Input(shape, "row")
    deep = row >> Dense(width, "relu") >> Dense(width, "relu")
    return Graph(row, concat(row, deep) >> Head(outputs))
"""

REPORT = """
import sys, dl
text = str(dl.report(1))
assert 'torch' not in sys.modules and not any(name.startswith('dl_model_') for name in sys.modules)
print('--recipe runs/0001' in text)
"""


@pytest.fixture
def folder(tmp_path, one_thread, monkeypatch):
    """A folder with a table and a model file, in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write_table("people.csv", 200)
    (tmp_path / "my_net.py").write_text(NET)
    return tmp_path


def test_a_run_is_used_with_the_code_that_it_was_fitted_with_and_reported_without_any(folder):
    assert "width=8" in run_verb("show", "my_net.py").out
    fitted = run_verb("fit", "tabular", "people.csv", "--model", "my_net.py:build", "width=4", "epochs=1")
    assert fitted.code == 0
    assert "  concat_1  ●    concat" in fitted.err and "weights" not in fitted.err
    assert "my_net.py:build" in fitted.out
    (folder / "my_net.py").write_text("edited, and no Python any more")

    predicted = run_verb("predict", "last", "people.csv", "--json")
    assert len(predicted.json) == 200
    whole = run_verb("report", "last", "--html", "page.html")
    assert whole.code == 0 and "concat_1" in run_verb("report", "last").out
    page = (folder / "page.html").read_text()
    assert "├─╮" in page and "concat_1" in page
    assert run_verb("show", "last").code == 0
    kept = json.loads((folder / "runs/0001-people-my_net/network.json").read_text())
    assert [layer["reads"] for layer in kept["layers"]][-2:] == [[0, 4], [5]]

    again = run_verb("fit", "--recipe", "runs/0001-people-my_net/recipe.toml", "--json")
    assert (again.code, len(list((folder / "runs").glob("0002-people-my_net/*.py")))) == (0, 1)
    edited = run_verb("fit", "tabular", "people.csv", "--model", "my_net.py:build")
    assert (edited.code, edited.err.splitlines()[-1]) == (
        2,
        "dl: my_net.py:1 cannot be imported: SyntaxError: invalid syntax",
    )

    (folder / "runs/0001-people-my_net/my_net.py").write_text("raise SystemExit(9)")
    done = subprocess.run([sys.executable, "-c", REPORT], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"


def test_the_file_that_the_guide_names_is_the_one_that_it_shows():
    assert MY_NET.partition("def build")[2] in Path(__file__, "../../../docs/graphs.md").resolve().read_text()


def test_folds_are_fitted_again_with_the_code_that_they_were_fitted_with(folder):
    words = ("cv", "tabular", "people.csv", "--model", "my_net.py:build", "protocol=kfold:2", "epochs=1")
    assert run_verb(*words).code == 0
    (folder / "my_net.py").write_text("edited, and no Python any more")
    again = run_verb("cv", "--recipe", "runs/0001-people-my_net/recipe.toml")
    assert again.code == 0 and (folder / "runs/0002-people-my_net").is_dir()
