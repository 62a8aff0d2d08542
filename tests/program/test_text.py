"""Text through the whole program: named data sets of every task, tables and folders of the user's own, predictions."""

import csv
import json

import numpy as np
import pytest

import dl

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


def finished(process):
    stdout, stderr = process.communicate(timeout=300)
    assert "Traceback" not in stderr, stderr
    return process.returncode, stdout, stderr


def test_reviews_are_learnt_tested_and_predicted(dl_process):
    code, stdout, stderr = finished(dl_process("fit", "text", "rotten-tomatoes", "epochs=2", "--json"))
    assert code == 0, stderr
    assert json.loads(stdout)["best"]["val_accuracy"] > 0.74
    code, stdout, _ = finished(dl_process("test", "last", "--json"))
    assert code == 0 and json.loads(stdout)["score"]["value"] > 0.72
    told = ("predict", "last", "--text", "a wonderful, moving film", "--text", "a dull and boring mess", "--json")
    code, stdout, _ = finished(dl_process(*told))
    assert [answer["says"] for answer in json.loads(stdout)] == ["positive", "negative"]
    code, stdout, _ = finished(dl_process("report", "last"))
    assert code == 0 and "examples worth a look" in stdout.lower()


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


def test_a_table_is_predicted_row_by_row(dl_process, table, tmp_path):
    code, _, stderr = finished(dl_process("fit", "text", table, "epochs=3"))
    assert code == 0, stderr
    new = tmp_path / "new.csv"
    new.write_text("review\na great lovely film\na poor awful film\n")
    code, stdout, stderr = finished(dl_process("predict", "last", new, "--csv"))
    assert code == 0, stderr
    assert [row["says"] for row in csv.DictReader(stdout.splitlines())] == ["good", "bad"]


def test_a_folder_of_texts_by_class_is_learnt(dl_process, tmp_path):
    for number, (text, label) in enumerate(lines(200)):
        folder = tmp_path / "mail" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.txt").write_text(text)
    code, stdout, stderr = finished(dl_process("fit", "text", tmp_path / "mail", "epochs=4", "--json"))
    assert code == 0, stderr
    assert json.loads(stdout)["best"]["val_accuracy"] > 0.9


def test_pictures_are_asked_no_texts(dl_process, images):
    code, _, stderr = finished(dl_process("fit", "vision", images(40), "--model", "dense", "width=4", "epochs=1"))
    assert code == 0, stderr
    code, _, stderr = finished(dl_process("predict", "last", "--text", "hello"))
    assert code == 2 and "reads no texts" in stderr
