"""Text through the whole program: named data sets of every task, tables and folders of the user's own, predictions."""

import csv
import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

import dl
from dl.cli.main import run as command_line
from dl.errors import BadData
from dl.inference.predict import UnknownInputs
from dl.tables.table import SkippedRows

NEUTRAL = "the a film story actor scene night day house road"
POSITIVE, NEGATIVE = ("good fine great lovely warm", "bad dull poor awful cold")


def lines(n, seed=0):
    """Sentences whose words tell their class, and some that do not."""
    rng = np.random.default_rng(seed)
    for number in range(n):
        telling = rng.choice((NEGATIVE, POSITIVE)[number % 2].split(), 3)
        words = [
            *telling,
            *rng.choice(["the", "a", "film", "story", "actor", "scene", "night", "day", "house", "road"], 6),
        ]
        rng.shuffle(words)
        yield f"{' '.join(words)} {number}", ("bad", "good")[number % 2]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "reviews.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([("review", "label"), *lines(300)])
    return path


def test_reviews_are_learnt_tested_and_predicted(dl_run):
    fitted = dl_run("fit", "text", "rotten-tomatoes", "epochs=2", "--json")
    assert fitted.code == 0, fitted.err
    assert fitted.json["best"]["val_accuracy"] > 0.74
    assert dl_run("test", "last", "--json").json["score"]["value"] > 0.72
    told = ("predict", "last", "--text", "a wonderful, moving film", "--text", "a dull and boring mess", "--json")
    assert [answer["answer"] for answer in dl_run(*told).json] == ["positive", "negative"]
    assert "examples worth a look" in dl_run("report", "last").out.lower()


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("phrase-language", "multiclass"),
        ("phrase-languages", "multilabel"),
        ("valence", "regression"),
        ("positive-share", "unit-regression"),
    ],
)
def test_every_row_of_the_task_table_runs_on_text(runs, name, task):
    run = dl.fit("text", name, runs=runs, epochs=1, vocabulary=500)
    assert run.manifest.status == "finished" and run.manifest.task.name == task


@pytest.mark.parametrize("model", ["bag", "embedding-bag", "lstm", "conv1d", "transformer"])
def test_every_model_learns_a_table(runs, table, model):
    small = {"epochs": 6, "batch_size": 16, "lr": 0.01, "schedule": "constant", "vocabulary": 200, "max_len": 20}
    run = dl.fit("text", str(table), model=model, runs=runs, **small)
    assert run.best["val_accuracy"] > 0.9


def test_a_table_is_predicted_row_by_row(dl_run, table, tmp_path):
    fitted = dl_run("fit", "text", table, "epochs=3")
    assert fitted.code == 0, fitted.err
    new = tmp_path / "new.csv"
    new.write_text("review\na great lovely film\na poor awful film\n")
    said = dl_run("predict", "last", new, "--csv")
    assert [row["answer"] for row in csv.DictReader(said.out.splitlines())] == ["good", "bad"], said.err


def test_a_table_is_predicted_with_the_options_of_the_run_or_those_said_now(runs, tmp_path, capsys):
    rows = "".join(f"{number};{text} café;{label}\n" for number, (text, label) in enumerate(lines(100)))
    (tmp_path / "old.csv").write_bytes(rows.encode("latin-1"))
    small = {"epochs": 3, "vocabulary": 200, "max_len": 20}
    asked = {"encoding": "latin-1", "header": False, "input": "2", "target": "3", "bad_rows": "skip", "group_on": "1"}
    run = dl.fit("text", str(tmp_path / "old.csv"), runs=runs, **small, **asked)
    (tmp_path / "new.csv").write_bytes("7;a great café;x\n8;;x\n9;a poor awful film;x\n".encode("latin-1"))
    with pytest.warns(SkippedRows, match=r"1 row was skipped: new\.csv row 2: column '2' is empty"):
        answers = dl.predict(run, tmp_path / "new.csv")
    assert [(answer.source, answer.answer) for answer in answers] == [
        ("new.csv row 1", "good"),
        ("new.csv row 2", ""),
        ("new.csv row 3", "bad"),
    ]
    (tmp_path / "other.csv").write_text("body,note\na great café,a great and long note\n")
    flags = ("--encoding", "utf-8", "--input", "body", "header=yes")
    assert command_line(["predict", "last", f"{tmp_path}/other.csv", *flags, "--json", "--runs", str(runs)]) == 0
    (answer,) = json.loads(capsys.readouterr().out)
    assert answer["answer"] == "good" and answer["source"] == "other.csv row 2"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("new.csv", "--input", "boddy"), "new.csv has no column 'boddy' for input; did you mean 'body'?"),
        (("new.csv", "max_len=9"), "a prediction has no option 'max_len'"),
        (("new.csv", "target=body"), "a prediction has no option 'target'"),
        (("--text", "a film", "--input", "body"), "input= is for a table"),
    ],
)
def test_a_mistake_about_a_prediction_is_one_line(capsys, learnt, words, line):
    capsys.readouterr()
    assert command_line(["predict", "last", *words]) == 2
    out, errors = capsys.readouterr()
    assert out == "" and line in errors and errors.count("\n") == 1


@pytest.fixture
def learnt(runs, table, tmp_path, monkeypatch):
    """A run that has learnt the table, and a table to predict on."""
    dl.fit("text", str(table), runs=runs, epochs=1, vocabulary=200)
    (tmp_path / "new.csv").write_text("body,note\na great film,a note\n")
    monkeypatch.chdir(tmp_path)


def test_a_text_without_a_known_word_is_counted_and_named(runs, table, tmp_path, capsys):
    with table.open("a") as stream:
        stream.write("!!! ... ???,good\n")
    said = Console(file=io.StringIO(), width=200)
    run = dl.fit("text", str(table), runs=runs, epochs=1, vocabulary=200, console=said)
    assert re.search("1 of [0-9]+ (training|validation) examples .* as reviews.csv row 302", said.file.getvalue())
    (tmp_path / "new.csv").write_text("review\na great lovely film\nвосторг\n")
    with pytest.warns(UnknownInputs, match=r"1 of 2 inputs holds nothing that this run knows: new\.csv row 3; their"):
        known, unknown = dl.predict(run, tmp_path / "new.csv")
    assert known.notes == () and unknown.notes == ("nothing in it is known to the run; the answer means nothing",)
    with pytest.warns(UnknownInputs, match=r"1 of 1 inputs .*: qwertz; their predictions mean nothing"):
        dl.predict(run, texts=["qwertz"])


def test_a_folder_of_texts_by_class_is_learnt(runs, tmp_path):
    for number, (text, label) in enumerate(lines(200)):
        folder = tmp_path / "mail" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(text)
    assert dl.fit("text", str(tmp_path / "mail"), runs=runs, epochs=4).best["val_accuracy"] > 0.9


def test_pictures_are_asked_no_texts(runs, images, capsys):
    dl.fit("vision", str(images(40)), model="dense", width=4, epochs=1, runs=runs)
    assert command_line(["predict", "last", "--text", "hello", "--runs", str(runs)]) == 2
    assert "reads no texts" in capsys.readouterr().err


def test_rows_that_are_skipped_stay_in_the_output_without_an_answer(runs, table, tmp_path):
    run = dl.fit("text", str(table), runs=runs, epochs=1, vocabulary=200, bad_rows="skip")
    (tmp_path / "new.csv").write_text('review\n""\na great film\n" "\na dull film\n')
    with pytest.warns(SkippedRows, match=r"2 rows were skipped: new\.csv row 2: column 'review' is empty; new"):
        answers = dl.predict(run, tmp_path / "new.csv")
    assert [answer.source for answer in answers] == [f"new.csv row {row}" for row in (2, 3, 4, 5)]
    assert [bool(answer.answer) for answer in answers] == [False, True, False, True]
    assert answers[0].values == {} and answers[0].notes == ("skipped: column 'review' is empty",)
    with pytest.raises(BadData, match=r"2 inputs were skipped, which --strict does not allow: new\.csv row 2: column"):
        dl.predict(run, tmp_path / "new.csv", strict=True)


def test_rows_of_a_frame_are_skipped_as_those_of_a_file(runs, table):
    import pyarrow as pa

    run = dl.fit("text", str(table), runs=runs, epochs=1, vocabulary=200, bad_rows="skip")
    with pytest.warns(SkippedRows, match="1 row was skipped"):
        first, second = dl.predict(run, pa.table({"review": [None, "a great film"]}))
    assert first.notes == ("skipped: column 'review' is empty",) and second.answer
