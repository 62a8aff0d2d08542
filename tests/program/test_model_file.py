"""A network from the user's own file, through the command line: fit, edit, test, predict, report, and fit again."""

import json
import subprocess
import sys

import pytest

from dl.testing import run_verb, write_table

NET = """
from dl.graph import Dense, Graph, Head, Input, concat

def build(shape, outputs, width=8):
    row = Input(shape, "row")
    deep = row >> Dense(width, "relu") >> Dense(width, "relu")
    return Graph(row, concat(row, deep) >> Head(outputs))
"""


@pytest.fixture
def folder(tmp_path, one_thread, monkeypatch):
    """A folder with a table and a model file, in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "120")
    write_table("people.csv", 200)
    (tmp_path / "my_net.py").write_text(NET)
    return tmp_path


def test_a_run_is_used_with_the_code_that_it_was_fitted_with_after_the_file_was_edited(folder):
    fitted = run_verb("fit", "tabular", "people.csv", "--model", "my_net.py:build", "width=4", "epochs=1")
    assert fitted.code == 0
    assert "  concat_1  ●    concat" in fitted.err and "weights" not in fitted.err
    assert "my_net.py:build" in fitted.out
    (folder / "my_net.py").write_text("edited, and no Python any more")

    predicted = run_verb("predict", "last", "people.csv", "--json")
    assert len(predicted.json) == 200
    assert "network" in run_verb("report", "last", "--html", "page.html").out + "network"
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


def test_a_report_of_such_a_run_imports_no_torch_and_runs_no_code(folder):
    run_verb("fit", "tabular", "people.csv", "--model", "my_net.py", "epochs=1")
    (folder / "runs/0001-people-my_net/my_net.py").write_text("raise SystemExit(9)")
    code = (
        "import sys, dl; text = str(dl.report('last')); assert 'torch' not in sys.modules; "
        "assert not any(name.startswith('dl_model_') for name in sys.modules); print('--recipe' in text)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
