"""The verb predict: answers as a table, CSV or text."""

import csv
import io

from rich.console import Console

from dl.cli.predict import _csv, _print_texts, _table
from dl.inference.predict import Prediction

ANSWERS = [
    Prediction("a.png", "cat", {"cat": 0.9, "dog": 0.06, "fox": 0.03, "owl": 0.01}),
    Prediction("=cmd()", "dog", {"cat": 1 / 3, "dog": 2 / 3, "fox": 0.0, "owl": 0.0}),
]


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
