"""A table of several kinds: each domain its own columns, rows in one order, blanks where something is missing."""

import csv
import json

import numpy as np
import pytest

from dl.branches import read
from dl.data.examples import row_of
from dl.data.ragged import as_text
from dl.errors import BadData, BadFile


def cells(table):
    with table.open(newline="") as stream:
        return list(csv.reader(stream))[1:]


def test_inputs_of_all_kinds_stand_in_the_order_of_the_rows(members, table, reading, write_rows):
    dataset = read.open_path(members, table, reading(target="price", leave_out="sold"))
    rows, inputs = cells(table), dataset.train.inputs
    assert list(inputs.parts) == ["review", "photo", "rows"] and len(inputs) == len(rows)
    at = 17
    row = row_of(inputs, at).parts
    assert as_text(row["review"]) == rows[at][1] and row["rows"]["town"] == rows[at][3]
    assert row["photo"].shape == (8, 8, 1) and dataset.train.targets[at] == float(rows[at][4])
    assert dataset.options["texts"] == "review" and dataset.options["images"] == "photo"
    assert dataset.train.source(at) == "shop.csv row 19"


def test_a_missing_text_or_image_is_a_blank_and_counted(members, table, reading, write_rows):
    rows = cells(table)
    rows[3][0], rows[5][1], rows[6][1] = "", "", ""
    path = write_rows(table.with_name("gaps.csv"), rows)
    dataset = read.open_path(members, path, reading(target="price", leave_out="sold"))
    inputs = dataset.train.inputs
    assert not inputs.parts["photo"][3].any() and inputs.parts["review"].lengths[5] == 0 and len(inputs) == len(rows)
    assert "column 'review': 2 of 120 rows have no text, and an empty one in its place" in dataset.notes
    assert "column 'photo': 1 of 120 rows has no image, and a black one in its place" in dataset.notes


def test_an_image_that_is_not_there_is_an_error_or_skipped(members, table, reading, write_rows):
    rows = cells(table)
    rows[0][0] = "lost.png"
    path = write_rows(table.with_name("lost.csv"), rows)
    with pytest.raises(BadFile, match=r"row 2: lost.png: no such file"):
        read.open_path(members, path, reading(target="price"))
    dataset = read.open_path(members, path, reading(target="price", bad_files="skip"))
    assert any("1 image cannot be read, a black one in its place: row 2" in note for note in dataset.notes)


def test_only_a_table_of_several_kinds_is_recognized(members, table, reading, write_rows):
    assert read.recognize(members, table, {"target": "price"}) == 1.0
    assert read.recognize(members, table, {"texts": "review"}) == 0.0  # price or sold may be the target
    assert read.recognize(members, table, {}) == 0.0
    rows = cells(table)
    numbers = write_rows(table.with_name("numbers.csv"), [row[2:5] for row in rows], ("size", "town", "price"))
    texts = write_rows(table.with_name("texts.csv"), [row[1:2] + row[5:] for row in rows], ("review", "label"))
    assert read.recognize(members, numbers, {"target": "price"}) == 0.0
    assert read.recognize(members, texts, {}) == 0.0
    with pytest.raises(BadData, match="inputs of one kind alone"):
        read.open_path(members, numbers, reading(target="price"))


def test_json_lines_are_read_alike(members, table, reading, write_rows):
    path = table.with_name("shop.jsonl")
    names = ("photo", "review", "size", "town", "price")
    path.write_text("\n".join(json.dumps(dict(zip(names, row, strict=False))) for row in cells(table)))
    dataset = read.open_path(members, path, reading(target="price"))
    assert np.isfinite(dataset.train.targets).all() and len(dataset.train.inputs.parts) == 3
