"""fit, test and predict: the result on stdout, progress on stderr, and each answer as a table, CSV, JSON or text."""

import csv
import io
import json
import sys

import pytest
from rich.console import Console

from dl.cli import json_output
from dl.cli.train import _csv, _on_each_device, _print_texts, _table
from dl.inference.predict import Prediction

ANSWERS = [
    Prediction("a.png", "cat", {"cat": 0.9, "dog": 0.06, "fox": 0.03, "owl": 0.01}),
    Prediction("=cmd()", "dog", {"cat": 1 / 3, "dog": 2 / 3, "fox": 0.0, "owl": 0.0}),
]


def test_a_fit_its_test_and_its_predictions_are_json_where_that_is_asked_for(dl_run, dl_table):
    fitted = dl_run("fit", "tabular", dl_table, "--target", "label", "epochs=1", "--json")
    assert fitted.code == 0 and fitted.json["status"] == "finished" and fitted.json["best"]["epoch"] == 1.0
    assert "epoch" in fitted.err and "epoch" not in fitted.out.replace('"epoch"', "")
    answered = dl_run("predict", "last", dl_table, "--json")
    assert len(answered.json) == 60 and {one["answer"] for one in answered.json} <= {"no", "yes"}
    untested = dl_run("test", "last", "--json")
    assert untested.code == 3 and "has no test set" in untested.err and untested.json["error"]["kind"] == "BadData"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["vision", "mnist", "seed=3"], "--seed 3"),
        (["vision", "mnist", "model=two words"], "--model 'two words'"),
        (["vision", "mnist", "epochs=soon"], "epochs=soon"),
        (["vision", "minst"], "did you mean 'mnist'"),
        (["vision", "mnist", "--logger", "cvs"], "did you mean 'csv'"),
        (["tabular", "t.csv", "--target", "a", "target=b"], "'target' is given twice"),
    ],
)
def test_what_cannot_be_fitted_is_one_line_and_no_run(dl_run, tmp_path, words, line):
    answer = dl_run("fit", *words)
    assert answer.code == 2 and answer.out == "" and line in answer.err and answer.err.count("\n") == 1
    assert not (tmp_path / "runs").exists()


def test_answers_as_csv_are_read_back_and_no_cell_begins_a_formula():
    rows = list(csv.DictReader(io.StringIO(_csv(ANSWERS))))
    assert [row["answer"] for row in rows] == ["cat", "dog"] and rows[0]["source"] == "a.png"
    assert not rows[1]["source"].startswith("=") and rows[1]["cat"] == "0.333333"
    assert _csv([]) == "source,answer,notes\n"


SKIPPED = Prediction("t.csv row 3", "", {}, ("skipped: column 'x' is empty",))


def test_notes_are_the_last_column_and_a_skipped_row_is_empty_but_for_its_reason():
    clipped = Prediction("t.csv row 4", "cat", {"cat": 0.9, "dog": 0.1}, ("x 9 is far outside", "y is missing"))
    rows = list(csv.DictReader(io.StringIO(_csv([SKIPPED, clipped]))))
    assert list(rows[0].values()) == ["t.csv row 3", "", "", "", "skipped: column 'x' is empty"]
    assert rows[1]["notes"] == "x 9 is far outside; y is missing" and rows[1]["dog"] == "0.1"


def test_a_table_of_answers_has_notes_where_there_are_any_and_no_values_that_only_repeat_a_number():
    lines = printed(lambda out: out.print(_table([SKIPPED, Prediction("t.csv row 4", "15.15", {"price": 15.1516})])))
    assert lines[0].split() == ["input", "answer", "notes"]
    assert lines[1].split(maxsplit=3)[3] == "skipped: column 'x' is empty" and lines[2].split()[3:] == ["15.15"]
    plain = printed(lambda out: out.print(_table([Prediction("a", "1.2, 3.4", {"x": 1.2, "y": 3.4})])))
    assert plain[0].split() == ["input", "answer", "values"]


def printed(show):
    stream = io.StringIO()
    show(Console(file=stream, width=60, color_system=None))
    return [line.rstrip() for line in stream.getvalue().splitlines()]


def test_a_table_of_answers_tells_the_three_that_are_likeliest():
    lines = printed(lambda out: out.print(_table(ANSWERS)))
    assert lines[1].split(maxsplit=2) == ["a.png", "cat", "cat 0.9, dog 0.06, fox 0.03"]
    assert lines[2].split(maxsplit=2) == ["=cmd()", "dog", "dog 0.667, cat 0.333, fox 0"]


def test_a_text_follows_its_prompt_and_stays_one_line_however_long(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    _print_texts([Prediction("Once", " upon a time there was a line\nand another", {}), Prediction("\x1b[2J", "x", {})])
    assert capsys.readouterr().out == "Once upon a time there was a line\nand another\n\n\\x1b[2Jx\n"


BARS = """
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

def load(options):
    from dl.testing import images
    return images()

@hookimpl
def register_datasets():
    return [DatasetSpec("bars", "vision", "of a test", load)]
"""


def test_an_evaluation_is_counted_and_told_with_its_interval(dl_run, site):
    site.add("bars", BARS)
    assert dl_run("fit", "vision", "bars", "--model", "dense", "width=8", "epochs=1", "--json").code == 0
    first = dl_run("test", "last", "--json").json
    refused = dl_run("test", "last")
    assert refused.code == 2 and refused.out == ""
    assert "this test set was evaluated 1 time, last on " in refused.err
    assert refused.err.strip().endswith("look all the same: dl test 0001-bars-dense --again")
    second = dl_run("test", "last", "--again").out
    assert (first["run"], first["examples"], first["look"]) == ("0001-bars-dense", 20, 1)
    score = first["score"]
    assert f"accuracy  {100 * score['value']:.2f} % [{100 * score['low']:.2f}, {100 * score['high']:.2f}]" in second
    assert "0001-bars-dense" in second.splitlines()[0] and " 2 " in second.splitlines()[-1]


DOCUMENT = """print('{"run": 1}')"""  # a program that prints one


@pytest.mark.parametrize(
    ("source", "code", "status", "document"),
    [
        (DOCUMENT, 0, "", {"run": 1}),
        (f"print(1, flush=True); {DOCUMENT}; raise SystemExit(130)", 130, "", {"run": 1}),
        ("import os; os._exit(143)", 143, "", ("KeyboardInterrupt", "stopped")),
        ("import os; os.kill(os.getpid(), 9)", 1, "failed", ("TrainingFailed", "was killed by signal 9")),
        ("raise SystemExit(75)", 1, "failed", ("TrainingFailed", "a process of this fit lost the connection")),
    ],
)
def test_a_fit_on_two_devices_prints_one_document_however_its_first_process_ends(
    source, code, status, document, monkeypatch, capfd
):
    monkeypatch.setattr("dl.launch.words_of_dl", lambda arguments: [sys.executable, "-S", "-c", source])
    json_output.begin_command()
    end = _on_each_device(["fit", "--json"], "cpu", "2", 1, as_json=True)
    assert (end.code, end.status) == (code, status)
    json_output.print_json({"a": "second one"})
    (line,) = capfd.readouterr().out.splitlines()
    found = json.loads(line)
    if isinstance(document, dict):
        assert found == document
    else:
        error = found["error"]
        assert (error["code"], error["kind"]) == (code, document[0]) and document[1] in error["line"]
