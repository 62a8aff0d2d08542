"""The author's guide, docs/authors.md: the code it shows is extracted, and the lines it shows are run."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from itertools import takewhile
from pathlib import Path

import pytest

from dl import hookspecs
from dl.plugins.loading import HOOKS
from dl.regularizer import FUNCTIONS
from dl.runs.outcomes import PartOutcomes
from dl.tasks.task import TaskKind
from dl.testing import write_images
from dl_reports.facts import Facts
from dl_reports.read import Kept

GUIDE = (Path(__file__).parents[2] / "docs/authors.md").read_text()
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
FILES = {
    text.partition("\n")[0].removeprefix("# "): text
    for language, text in BLOCK.findall(GUIDE)
    if re.match(r"# dl-stripes/", text)
}
PLUGINS = {
    match[1]: (match[2], match[3].splitlines())
    for match in re.finditer(r"```python\n# plugin: (\w+)\n(.*?)```\n\n```console\n(.*?)```", GUIDE, re.DOTALL)
}


def console(starts):
    """The lines of the console block that begins so."""
    return next(text for language, text in BLOCK.findall(GUIDE) if text.startswith(starts)).splitlines()


def test_there_is_an_example_of_every_kind():
    assert set(PLUGINS) == {
        "moods",
        "tall",
        "discriminant",
        "rates",
        "centred",
        "sharpness",
        "patience",
        "counts",
        "diary",
        "extras",
    }
    assert set(FILES) == {
        "dl-stripes/pyproject.toml",
        "dl-stripes/src/dl_stripes/__init__.py",
        "dl-stripes/tests/test_stripes.py",
    }


@pytest.mark.parametrize("name", PLUGINS)
def test_a_plugin_of_the_guide_runs_and_holds(name, site, dl_run, tmp_path):
    source, lines = PLUGINS[name]
    site.add(name, source)
    subprocess.run(shlex.split(console("python -c")[0].replace("python", sys.executable, 1)), cwd=tmp_path, check=True)
    for words in (shlex.split(line, comments=True) for line in lines):
        answer = dl_run(*words[1:])
        assert words[0] == "dl" and answer.code == 0, answer
        assert answer.out.strip()
        said = answer.out + answer.err
    checked = dl_run("plugins", "check", name)
    assert checked.code == 0, checked.out
    assert {
        "extras": "pace",
        "patience": "How it is detected",
        "counts": "dice",
        "moods": "moods",
        "rates": "deviance",
    }.get(name, "bars") in said


def rows_of(head):
    """The names in the first column of the table that begins so, as they are before a bracket."""
    lines = GUIDE.partition(head + "\n")[2].splitlines()[1:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return {re.match(r"\| `(\w+)", row)[1]: row for row in rows}


def public(kind, made=()):
    """The names of a class that others may use, and those that its objects are given."""
    return {name for name in (*vars(kind), *made) if not name.startswith("_")}


def test_every_fact_is_in_the_table_of_the_guide_and_in_the_docstring():
    given = set(Facts.__init__.__code__.co_names) & {"kept", "plugins", "manifest", "metric", "has_classes"}
    facts = public(Facts, given)
    assert len(given) == 5 and set(rows_of("| `facts.` | meaning |")) == facts
    described = re.findall(r"^        (\w+): ", Facts.__doc__, re.MULTILINE)
    assert sorted(described) == sorted(facts)


def test_every_file_of_a_run_that_a_check_reads_is_named():
    listed = GUIDE.partition("`facts.kept` holds the content of the run's files: ")[2].partition("\n\n")[0]
    assert set(Kept.__dataclass_fields__) <= set(re.findall(r"`(\w+)`", listed))
    assert set(PartOutcomes.__dataclass_fields__) <= set(re.findall(r"`(\w+)`", listed))


def test_every_function_of_a_regularizer_is_at_its_place_in_the_guide():
    rows = rows_of("| place | functions of `Regularizer` | they change |")
    found = {place: tuple(re.findall(r"`(\w+)`", row.split("|")[2])) for place, row in rows.items()}
    assert found == FUNCTIONS


ROWS = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

@hookimpl
def register_datasets():
    return [DatasetSpec("towns", "tabular", "of a test", load), DatasetSpec("bare", "tabular", "of a test", bare)]

def load(options):
    import numpy as np
    from dl.data.examples import Dataset, Examples
    from dl_tabular.rows import rows_of

    rows = rows_of({"age": np.arange(60) % 9, "town": np.array(["Oslo", "Lima"] * 30)})
    return Dataset("towns", Examples(rows, np.arange(60) % 2, np.arange(60)))

def bare(options):
    import numpy as np
    from dl.data.examples import Dataset, Examples

    return Dataset("bare", Examples(np.eye(60), np.arange(60) % 2, np.arange(60)))
"""


def test_rows_of_a_table_are_made_as_the_guide_says_and_others_are_told_so(site, dl_run):
    assert "`dl_tabular.rows.rows_of`" in GUIDE
    site.add("towns", ROWS)
    assert dl_run("fit", "tabular", "towns", "epochs=1", "duplicates=ignore").code == 0
    answer = dl_run("fit", "tabular", "bare")
    assert answer.code == 3 and "as dl_tabular.rows.rows_of makes of columns; found float64 (48, 60)" in answer.err


def test_strings_in_a_list_are_told_what_makes_texts_of_them(site, dl_run):
    site.add(
        "moods", PLUGINS["moods"][0].replace("ragged.texts(text for text, _ in made)", "[text for text, _ in made]")
    )
    answer = dl_run("fit", "text", "moods")
    assert "has inputs in a list, not in an array or a Ragged, as dl.data.ragged.texts makes of strings" in answer.err


def test_a_regularizer_is_tried_on_the_model_and_data_that_the_guide_names(site, dl_run):
    site.add("sharpness", PLUGINS["sharpness"][0])
    (line,) = console("dl plugins check sharpness")
    answer = dl_run(*line.split()[1:])
    assert answer.code == 0 and "convnet of vision, multiclass" in answer.out


def test_the_line_about_a_value_that_is_refused_is_that_of_the_guide(site, dl_run):
    even = PLUGINS["tall"][0].replace(
        '    width = int(options["width"])\n',
        '    width = int(options["width"])\n    if width % 2:\n'
        '        from dl.errors import BadOption\n\n        raise BadOption("the width must be even")\n',
    )
    site.add("tall", even)
    answer = dl_run("fit", "vision", "digits", "--model", "tall", "width=7")
    assert answer.code == 2 and f"    {answer.err}" in GUIDE


def test_the_regularizer_of_the_guide_looks_uphill_in_two_passes(site, dl_run, tmp_path):
    site.add("sharpness", PLUGINS["sharpness"][0])
    answer = dl_run("plugins", "check", "sharpness")
    assert "its gradients are finite, and weights unchanged: 2 forward and backward passes a step" in answer.out
    losses = [
        dl_run("fit", "vision", "digits", "--model", "dense", "width=8", "linear=no", "epochs=1", *reg, "--json").json[
            "best"
        ]["val_loss"]
        for reg in ((), ("--reg", "sam=0"), ("--reg", "sam=1"))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_the_check_of_the_guide_is_in_the_report(site, dl_run, tmp_path):
    site.add("patience", PLUGINS["patience"][0])
    write_images(tmp_path / "bars", n=300)
    assert dl_run("fit", "vision", "bars", "--model", "dense", "epochs=1").code == 0
    assert "patience-short" in {finding.code for finding in dl_run("report", "last", "--json").findings}


def test_the_logger_of_the_guide_writes_what_it_is_told(site, dl_run, tmp_path):
    site.add("diary", PLUGINS["diary"][0])
    write_images(tmp_path / "bars", n=90)
    assert dl_run("fit", "vision", "bars", "--model", "dense", "--logger", "diary=5", "epochs=2").code == 0
    lines = next(tmp_path.glob("runs/*/diary.txt")).read_text().splitlines()
    assert lines[0].startswith("dense on ") and lines[-1] == "success" and len(lines) == 4
    assert re.fullmatch(r"step \d+: val_loss \d+\.\d{5}", lines[1])


def test_a_file_of_the_users_own_is_read_by_the_domain_of_the_guide(site, dl_run, tmp_path):
    site.add("counts", PLUGINS["counts"][0])
    rows = [f"{k % 7} {k % 5} {k % 3} {k % 2}" for k in range(60)]
    (tmp_path / "mine.counts").write_text("\n".join(rows))
    assert dl_run("fit", "counts", "mine.counts", "epochs=2", "duplicates=ignore").code == 0
    (tmp_path / "new.txt").write_text("1 2 3\n4 5 6\n")
    assert len(dl_run("predict", "last", "new.txt", "--json").json) == 2
    (tmp_path / "bad.txt").write_text("one two\n")
    answer = dl_run("predict", "last", "bad.txt")
    assert answer.code == 3 and "bad.txt' is no table of whole numbers" in answer.err


def test_the_lines_about_the_plugin_made_by_hand_run(site, dl_run):
    site.add("stripes", FILES["dl-stripes/src/dl_stripes/__init__.py"])
    lines = [line for line in console("dl install -e dl-stripes") if line.startswith("dl ") and "install" not in line]
    assert len(lines) == 5
    for line in lines:
        answer = dl_run(*line.split()[1:])
        assert answer.code == 0 and answer.out.strip(), answer
    assert answer.out.splitlines()[-1] == "all 15 rules hold"


def test_what_is_said_of_the_test_part_is_indented_where_it_goes_on(site, dl_run, monkeypatch):
    site.add("moods", PLUGINS["moods"][0])
    assert dl_run("fit", "text", "moods", "epochs=1").code == 0
    monkeypatch.setenv("COLUMNS", "60")
    first, *rest = dl_run("test", "last").out.splitlines()
    assert first.startswith("0001-moods-") and len(rest) >= 4
    assert all(line.startswith("  ") and len(line.rstrip()) <= 60 for line in rest), rest


@pytest.mark.slow
def test_the_plugin_made_by_hand_is_installed_fitted_checked_and_removed(environment_at, tmp_path):
    env = environment_at(tmp_path / "env")
    for path, text in FILES.items():
        (env.cwd / path).parent.mkdir(parents=True, exist_ok=True)
        (env.cwd / path).write_text(text)
    said = {}
    for line in console("dl install -e dl-stripes"):
        words = shlex.split(line)
        if words[0] == "dl":
            said[line] = env.dl(*words[1:], OMP_NUM_THREADS="1")[0]
        else:
            done = subprocess.run([env.python, *words[1:]], cwd=env.cwd, capture_output=True, text=True)
            assert done.returncode == 0 and "2 passed" in done.stdout, done.stdout
    assert "register_datasets: stripes" in said["dl install -e dl-stripes"]
    assert said["dl plugins check stripes"].splitlines()[-1].startswith("all ")
    assert said["dl uninstall stripes"].strip() == "removed dl-stripes 1.0"
    assert len(said) == 7 and env.installed() == set()


@pytest.mark.slow
def test_the_quick_way_runs(environment_at, tmp_path):
    env = environment_at(tmp_path / "env")
    for line in console("dl new plugin waves"):
        out, _ = env.dl(*shlex.split(line, comments=True)[1:], OMP_NUM_THREADS="1")
        assert out.strip()
    assert "all 15 rules hold" in out


@pytest.mark.slow
def test_a_wheel_of_it_is_built_as_the_guide_says(tmp_path):
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    words = next(shlex.split(line) for line in console("python -m pip install build") if "-m build" in line)
    subprocess.run([sys.executable, *words[1:], "--no-isolation"], cwd=tmp_path, check=True, capture_output=True)
    assert {path.suffix for path in (tmp_path / "dl-stripes/dist").iterdir()} == {".whl", ".gz"}


def test_the_fields_of_a_task_that_the_guide_names_are_those_of_a_row():
    table = re.search(r"\| field \|.*?\n\n", GUIDE, re.DOTALL)[0]
    named = {name for row in table.strip().splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert len(named) > 15 and named <= {field.name for field in fields(TaskKind)}


def test_the_versions_of_the_hooks_are_those_of_the_code():
    rows = [int(number) for number in re.findall(r"^\| (\d+) \|", GUIDE, re.MULTILINE)]
    assert rows == list(range(hookspecs.API, 0, -1)) and f"dl_api = {hookspecs.API}" in GUIDE
    assert [hook for hook in HOOKS if hook.startswith("register_") and hook not in GUIDE] == []
