"""CSV and TSV as people write them, and every way in which they are broken: one line with the row or line."""

import csv
import os
import subprocess
import sys

import pytest

from dl.errors import BadData, BadFile, BadOption

ROWS = [("a good film", "pos"), ("a bad film", "neg"), ("good fun", "pos"), ("bad taste", "neg")]


def lines(rows, separator=","):
    return "".join(separator.join(row) + "\n" for row in [("text", "label"), *rows])


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_and_an_unusual_one_is_said(written, opened, separator):
    rows = [(f"{text}, well" if separator != "," else text, label) for text, label in ROWS]
    table = opened(written("a.csv", lines(rows, separator)))
    assert table.cells() == [text for text, _ in rows]
    assert table.names == ("neg", "pos") and len(table) == 4
    assert any("cells separated by" in note for note in table.notes) == (separator != ",")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_as_any_system_ends_them(written, opened, end):
    table = opened(written("a.csv", lines(ROWS).replace("\n", end)))
    assert table.cells() == [text for text, _ in ROWS]
    assert opened(written("a.csv", lines(ROWS).replace("\n", end).rstrip())).cells() == [text for text, _ in ROWS]


def test_rows_of_another_length_are_named_or_skipped(written, opened):
    path = written("a.csv", lines([*ROWS[:2], ("one", "two", "three"), ROWS[2], ("alone",), ROWS[3]]))
    with pytest.raises(BadData, match=r"a\.csv row 4: 3 cells, but the header names 2; .*bad_rows=skip"):
        opened(path)
    table = opened(path, bad_rows="skip")
    assert table.skipped == (
        "a.csv row 4: 3 cells, but the header names 2",
        "a.csv row 6: 1 cells, but the header names 2",
    )
    assert [*table.sources] == [f"a.csv row {row}" for row in (2, 3, 5, 7)]


def test_rows_keep_their_numbers_over_many_blocks(written, opened, monkeypatch):
    monkeypatch.setattr("dl.tables.delimited.BLOCKS", (64, 200, 1 << 20))
    rows = [
        (f"text number {number}" + " and more" * (30 if number == 57 else 0), "ab"[number % 2]) for number in range(100)
    ]
    broken = [row if number % 10 else (*row, "too much") for number, row in enumerate(rows)]
    table = opened(written("a.csv", lines(broken)), bad_rows="skip")
    kept = [number for number in range(100) if number % 10]
    assert table.cells() == [rows[number][0] for number in kept]
    assert [*table.sources] == [f"a.csv row {number + 2}" for number in kept]
    assert [line.split(":")[0] for line in table.skipped] == [f"a.csv row {number + 2}" for number in range(0, 100, 10)]


@pytest.mark.parametrize("before", [0, 1, 20_000])
def test_a_quote_that_never_closes_is_named_with_its_line(written, opened, before):
    rows = [("some words", "pos"), ('"said, ""so"",\nthen went"', "neg")] * before
    text = lines([*rows, ('"he said', "pos"), *ROWS])
    with pytest.raises(BadFile, match=rf"a\.csv line {3 * before + 2}: a quote opens here and never closes"):
        opened(written("a.csv", text))


def test_two_quotes_in_two_rows_that_swallow_what_is_between_are_found(written, opened):
    text = lines([*ROWS, ('"he said', "pos"), *ROWS, ('"she said', "neg"), *ROWS])
    with pytest.raises(BadFile, match=r"a\.csv line 11: a quote closes inside a cell \(opened in line 6\)"):
        opened(written("a.csv", text))


def test_quotes_inside_cells_without_quotes_are_plain(written, opened):
    rows = [('a 5" disk', "pos"), ('the "best" of all', "neg"), ('3" and 4"', "pos"), ("none", "neg")]
    assert opened(written("a.csv", lines(rows))).cells() == [text for text, _ in rows]


def test_quotes_written_with_a_backslash_are_understood_and_said(written, opened):
    rows = [(r'"he said \"no\", twice"', "pos"), (r'"a \"b\""', "neg")] * 2
    table = opened(written("a.csv", lines(rows)))
    assert table.cells()[:2] == ['he said "no", twice', 'a "b"']
    assert "quotes within cells written with a backslash" in table.notes


def test_tabs_without_quoting_are_understood_and_said(written, opened):
    rows = [('"so" he said', "pos"), ('"never closed', "neg"), ("plain", "pos"), ('"', "neg")]
    table = opened(written("a.tsv", lines(rows, "\t")))
    assert table.cells() == [text for text, _ in rows] and "quotes taken as plain characters" in table.notes
    path = written("b.csv", lines([*rows, ('"open', "pos")]))
    assert opened(path, quotes="none").cells()[-1] == '"open'


def test_a_file_without_a_header_can_be_read(written, opened):
    table = opened(
        written("a.tsv", "".join(f"{label}\t{text}\n" for text, label in ROWS)), header=False, input="2", target="1"
    )
    assert table.cells() == [text for text, _ in ROWS] and table.sources[0] == "a.tsv row 1"


@pytest.mark.parametrize(
    ("content", "kind", "line"),
    [
        ("", BadFile, "'a.csv' is empty"),
        ("\n\n \n", BadFile, "'a.csv' is empty"),
        ("\ufeff", BadFile, "'a.csv' is empty"),
        ("text,label\n", BadData, "a.csv has a header but no rows: text, label"),
        ("text,label", BadData, "a.csv has a header but no rows: text, label"),
        ("text,label\n\n\n", BadData, "a.csv has a header but no rows: text, label"),
        ("text,label,text\na b,x,c\n", BadData, "a.csv: columns 1 and 3 have one name, 'text'; rename one"),
        (",,\na,b,c\n", BadData, "a.csv row 1 names no column; use header=no"),
        ("x" * 200_000, BadData, "a.csv line 1 has more than 100,000 bytes"),
        ("text,label\na\n", BadData, "a.csv has no row that can be read; the first: a.csv row 2: 1 cells"),
    ],
)
def test_a_file_that_holds_no_table_is_one_line(written, opened, content, kind, line):
    with pytest.raises(kind) as caught:
        opened(written("a.csv", content))
    assert line in str(caught.value)


def test_names_of_columns_and_cells_that_act_on_a_terminal_are_escaped(written, opened):
    path = written("a.csv", "te\x1b[31mxt,label\na b,\x1b[2J1\na c,\u202ex\nc d,1\n")
    with pytest.raises(BadData) as caught:
        opened(path)
    assert str(caught.value).isprintable()
    with pytest.raises(BadOption) as caught:
        opened(path, target="lab\x1b")
    assert str(caught.value).isprintable()


def test_a_single_line_of_fifty_megabytes_is_an_example_like_others(written, opened):
    long = "word " * 10_000_000
    table = opened(written("a.csv", lines([*ROWS, (long, "pos")])))
    assert table.input.lengths.tolist()[-1] == len(long) and table.input.row(4)[-5:].tobytes() == b"word "


MEASURE = """
import resource, sys
from pathlib import Path
import numpy, pyarrow.csv
import pyarrow.compute
from dl.tables.table import LONGEST_TEXT, read_table
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
table = read_table(Path(sys.argv[1]), {}, LONGEST_TEXT)
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(len(table), int(table.input.offsets[-1]), (after - before) // 1024)
"""


def test_a_large_file_needs_little_memory(tmp_path):
    text = "it was the best of times, it was the worst of times; " * 40
    with (tmp_path / "large.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "text", "label"])
        writer.writerows((number, f"{number} {text}", "ab"[number % 2]) for number in range(100_000))
    size = (tmp_path / "large.csv").stat().st_size >> 20
    assert size > 200
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(tmp_path / "large.csv")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    rows, length, megabytes = map(int, done.stdout.split())
    assert rows == 100_000 and length >> 20 > 190
    assert megabytes < 150, f"{megabytes} MB for a file of {size} MB"


def test_a_first_row_that_is_data_is_no_header(written, opened):
    path = written("a.tsv", "".join(f"{label}\t{text}\n" for text, label in ROWS * 2))
    with pytest.raises(
        BadData, match=r"a\.tsv row 1 looks like data: 'pos' occurs 3 times in its own column; use header=no"
    ):
        opened(path)
    assert len(opened(path, header=False)) == 8
