"""Tables on the command line: shown before anything is trained, trained on, and every mistake one line."""

import json
import re

import pytest

from dl.cli.main import run


@pytest.fixture
def table(images, tmp_path, monkeypatch):
    """A table of twenty images beside them, with a class, a number and a session for each."""
    folder = images()
    monkeypatch.chdir(tmp_path)
    rows = [(path.relative_to(tmp_path), path.parent.name) for path in sorted(folder.rglob("*.png"))]
    lines = [f"{path},{label},{number * 1.5},{number // 4}\n" for number, (path, label) in enumerate(rows)]
    (tmp_path / "labels.csv").write_text("image,label,weight,session\n" + "".join(lines))
    return tmp_path / "labels.csv"


def said(capsys, code, *words):
    """Run and return stdout and the last line of stderr."""
    capsys.readouterr()
    assert run([*map(str, words)]) == code
    out, errors = capsys.readouterr()
    return out, (errors.splitlines() or [""])[-1]


def test_the_card_of_a_table_says_what_is_found_in_it(table, capsys):
    out, _ = said(capsys, 0, "show", "labels.csv", "--json")
    card = json.loads(out)
    assert card["domain"] == "vision, inferred" and card["task"] == "binary: 2 classes, one for each example"
    assert card["classes"] == {"dark": 10, "light": 10} and card["duplicates"] == 0 and card["train"] == 20
    assert card["notes"] == [
        "input: column 'image', the only column of paths of images",
        "target: column 'label', by its name - 2 classes: dark, light",
    ]
    out, _ = said(capsys, 0, "show", "labels.csv", "--target", "weight", "--group-on", "session")
    assert "regression: real numbers from 0 to 28.5" in out and "groups: column 'session', 5 of them" in out
    assert "next: dl fit vision labels.csv target=weight group_on=session" in out


def test_the_card_counts_exact_duplicates_and_what_was_skipped(table, capsys):
    lines = table.read_text().splitlines()
    table.write_text("\n".join([*lines, lines[1], lines[2], "gone.png,dark,1,1"]))
    card = json.loads(said(capsys, 0, "show", "labels.csv", "bad_files=skip", "--json")[0])
    assert card["duplicates"] == 2 and card["skipped"] == 1
    out, _ = said(capsys, 0, "show", "labels.csv", "bad_files=skip")
    assert "1: labels.csv row 24: gone.png: no such file or directory" in out.replace("\n", " ").replace("  ", "")


def test_flags_and_key_value_are_the_same_choice(table, capsys, runs):
    tiny = ("--model", "dense", "width=4", "epochs=1", "--accelerator", "cpu", "--devices", "1", "--runs", runs)
    said(capsys, 0, "fit", "vision", "labels.csv", "--target", "weight", "--group-on", "session", *tiny)
    said(capsys, 0, "fit", "vision", "labels.csv", "target=weight", "group_on=session", *tiny)
    one, other = (path for path in sorted(runs.iterdir()) if path.is_dir())
    assert (one / "recipe.toml").read_text() == (other / "recipe.toml").read_text()
    manifest = json.loads((one / "run.json").read_text())
    assert manifest["task"]["name"] == "regression" and "whole groups" in manifest["parts"]["rule"]


@pytest.mark.parametrize(
    ("code", "words", "line"),
    [
        (
            2,
            ("fit", "vision", "labels.csv", "--target", "lable"),
            "no column 'lable' for target; did you mean 'label'?",
        ),
        (2, ("show", "labels.csv", "--input", "imgae"), "no column 'imgae' for input; did you mean 'image'?"),
        (2, ("fit", "vision", "labels.csv", "--target", "label", "target=label"), "'target' is given twice"),
        (2, ("fit", "vision", "mnist", "--target", "label"), "target= is for a table"),
        (2, ("fit", "vision", "shades", "--target", "label"), "target= is for a table"),
        (2, ("show", "convnet", "--target", "label"), "'target' is an option for reading data; 'convnet' is a model"),
        (2, ("fit", "vision", "labels.csv", "--encoding", "utf-9"), "no encoding named 'utf-9'"),
        (2, ("fit", "vision", "labels.csv", "--input", "label", "--target", "label"), "both input and target"),
        (2, ("fit", "vision", "labels.csv", "bad_rows=maybe"), "expected one of stop, skip"),
        (3, ("fit", "vision", "labels.csv", "--input", "label", "--target", "weight"), "cannot be read as images"),
        (
            3,
            ("fit", "vision", "labels.csv", "--target", "weight", "--time-on", "label"),
            "column 'label' is 'dark', not a time",
        ),
        (3, ("show", "empty.csv"), "'empty.csv' is empty"),
    ],
)
def test_a_mistake_about_a_table_is_one_line(table, capsys, runs, tmp_path, code, words, line):
    (tmp_path / "empty.csv").touch()
    out, last = said(capsys, code, *words, "--runs", runs)
    assert out == "" and last.startswith("dl: ") and line in last
    assert not runs.exists() or not list(runs.iterdir())


def test_a_run_of_a_table_without_a_test_part_is_told_what_fits_a_table(table, capsys, runs):
    tiny = ("--model", "dense", "width=4", "epochs=1", "--accelerator", "cpu", "--devices", "1", "--runs", runs)
    said(capsys, 0, "fit", "vision", "labels.csv", "--target", "label", *tiny)
    _, last = said(capsys, 3, "test", "last", "--runs", runs)
    assert "labels has no test set; a table has none; keep rows in another file" in last
    assert last.endswith("dl predict 0001-labels-dense FILE")


@pytest.mark.parametrize("verb", [("show",), ("fit", "text")])
def test_a_link_that_leads_nowhere_or_to_itself_is_said_to_be_one(tmp_path, monkeypatch, capsys, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    (tmp_path / "gone.csv").symlink_to("nowhere.csv")
    for name in ("loop.csv", "gone.csv"):
        _, last = said(capsys, 2, *verb, name)
        assert last == f"dl: '{name}' is a link that leads nowhere"


@pytest.mark.parametrize("verb", [("show",), ("fit", "text")])
def test_what_is_no_table_by_its_name_or_comes_from_stdin_is_told_what_to_do(tmp_path, monkeypatch, capsys, verb):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reviews.dat").write_text("text,label\ngood film,1\nbad film,0\n")
    _, last = said(capsys, 3, *verb, "reviews.dat")
    assert re.search(r"reviews\.dat' is (a file without the suffix of|not) a table.*\.csv, \.tsv, \.jsonl", last)
    _, last = said(capsys, 2, *verb, "-")
    assert last.startswith("dl: stdin is read by dl predict alone; to learn from it, save it to a file first")


def test_what_is_packed_only_by_its_name_is_told_what_to_do(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.csv.gz").write_text("text,label\nno gzip,good\n")
    _, last = said(capsys, 3, "show", "a.csv.gz")
    assert "'a.csv.gz' is not a complete gz file: " in last
    assert last.endswith("or rename it to a.csv if it is not compressed")


def test_a_text_that_no_batch_can_hold_is_named_before_anything_is_trained(tmp_path, monkeypatch, capsys, runs):
    monkeypatch.chdir(tmp_path)
    rows = [f"a {('good', 'bad')[k % 2]} film {k},{k % 2}\n" for k in range(60)]
    (tmp_path / "long.csv").write_text(
        "text,label\n" + "".join(rows) + "a " * 1_200_000 + ",1\n" + "b " * 1_200_000 + ",0\n"
    )
    _, last = said(capsys, 3, "fit", "text", "long.csv", "ngrams=1", "batch_size=40", "--runs", runs)
    assert re.match(r"dl: long\.csv row 6[23]: 1,200,000 tokens, and a batch of 40 is padded to its longest", last)
    assert not list(runs.iterdir())


def test_the_card_of_a_table_shows_each_column_and_what_it_tells(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    rows = [
        f"{k * 1.5},{'' if k % 4 else 'yes'},{'no' if k % 3 else 'a b'},{'high' if k > 49 else 'low'}"
        for k in range(100)
    ]
    (tmp_path / "rows.csv").write_text("height,given,word,y\n" + "\n".join(rows))
    height, given, _ = json.loads(said(capsys, 0, "show", "rows.csv", "--json")[0])["columns"]
    assert (height["kind"], round(height["told"], 6), given["missing"]) == ("numbers", 1.0, 0.75)
    out, _ = said(capsys, 0, "show", "rows.csv")
    lines = [re.split(" {2,}", line.strip()) for line in out.splitlines() if re.match("  (height|given|word) ", line)]
    assert lines[0] == ["height", "numbers", "-", "0 to 148.5", "██▇████▇██", "100 %"]
    assert lines[1] == ["given", "1 category", "75 %", "yes: 25 %", "█", "0 %"]
    assert lines[2][:4] == ["word", "2 categories", "-", "no: 66 %"]
    assert all(len(line.rstrip()) <= 80 for line in out.splitlines())
