"""The verbs that mend an environment need the standard library alone."""

import subprocess
import sys

import pytest

from dl.cli import rescue
from dl.packaging.needs import Need

OLD = Need("dl-workbench-core 0.1.0", "rich", ">=15", "9.0")
MISSING = Need("dl-workbench-text 0.1.0", "regex", ">=1", "")


@pytest.fixture
def unmet(monkeypatch):
    monkeypatch.setattr("dl.packaging.needs.unmet_needs", lambda: [OLD, MISSING])


def test_a_verb_that_cannot_run_is_told_with_the_requirement_and_what_still_works(unmet, capsys):
    assert rescue.rescue(["fit", "vision", "mnist"], ImportError("cannot import name 'Text'\x1b")) == 4
    assert capsys.readouterr().err == (
        "dl: ImportError: cannot import name 'Text'\\x1b; dl-workbench-core 0.1.0 needs rich>=15, and rich 9.0 is"
        " installed"
        "  mend it: python -m pip install 'rich>=15' (and 1 more: dl doctor)\n"
        "dl: what still works: dl doctor, dl plugins, dl uninstall NAME\n"
    )


def test_plugins_and_doctor_print_plain_lines(unmet, capsys):
    assert rescue.rescue(["plugins"], ImportError("x")) == 4
    assert "mnist  dl-workbench-mnist 0.1.0  of dl\n" in capsys.readouterr().out
    assert rescue.rescue(["doctor"], ImportError("x")) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("ok  python  3.") and "ok  dl-workbench-core  0.1.0" in lines
    assert lines[-1] == f"!!  {MISSING}, and it is not installed  mend it: python -m pip install 'regex>=1'"


def test_a_mistake_of_uninstall_is_one_line(unmet, capsys):
    assert rescue.rescue(["uninstall", "mnist"], ImportError("x")) == 2
    assert "'mnist' belongs to dl itself" in capsys.readouterr().err.splitlines()[-1]
    assert rescue.rescue(["uninstall"], ImportError("x")) == 4


WITHOUT = """
import sys
for name in ("typer", "rich", "pluggy", "numpy", "torch", "msgspec"):
    sys.modules[name] = None
sys.argv = ["dl", "plugins"]
from dl.__main__ import main
main()
"""


def test_plugins_are_listed_where_nothing_but_the_standard_library_can_be_imported():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=False)
    assert done.returncode == 4 and "mnist  dl-workbench-mnist 0.1.0  of dl\n" in done.stdout
    assert done.stderr.startswith("dl: ModuleNotFoundError: import of typer halted")
