"""Inputs of several kinds are one value: a length, rows by position, and one fingerprint of all parts."""

import numpy as np
import pytest

from dl.data.branches import Branches, columns_of, split
from dl.data.examples import Examples, concatenate_examples, describe_inputs, fingerprints, row_of, whole
from dl.data.projection import project_inputs
from dl.data.ragged import as_text, texts
from dl.data.summary import summarize_inputs
from dl.errors import BadData


@pytest.fixture
def inputs():
    rows = np.array([(1.0, "a"), (2.0, "b"), (1.0, "a")], [("x", "f8"), ("y", "U1")])
    words = texts(["one", "two", "one"])
    pixels = np.array([[[[5]]], [[[6]]], [[[5]]]], np.uint8)
    return Branches({"rows": rows, "words": words, "photo": pixels}, {"rows": "r", "words": "t", "photo": "i"})


@pytest.fixture
def examples(inputs):
    return Examples(inputs, np.arange(3), np.arange(3))


def test_rows_are_taken_from_every_part(inputs):
    taken = inputs[np.array([1, 0])]
    assert len(taken) == 2 and taken.parts["rows"]["x"].tolist() == [2.0, 1.0]
    assert [as_text(row) for row in taken.parts["words"]] == ["two", "one"] and taken.kinds == inputs.kinds
    row = row_of(inputs, 1)
    assert as_text(row.parts["words"]) == "two" and row.kinds["photo"] == "i"


def test_two_inputs_are_copies_where_all_parts_are(examples, inputs):
    first, second, third = fingerprints(whole(examples))
    assert first == third != second
    other = inputs.changed({**inputs.parts, "photo": np.array([[[[5]]], [[[6]]], [[[7]]]], np.uint8)})
    first, second, third = fingerprints(whole(Examples(other, np.arange(3), np.arange(3))))
    assert len({first, second, third}) == 3


def test_columns_are_found_among_the_parts(inputs):
    assert columns_of(inputs).dtype.names == ("x", "y") and columns_of(inputs.parts["words"]) is None
    assert list(split(inputs)) == ["rows", "words", "photo"] and list(split(inputs.parts["photo"])) == [""]


def test_examples_are_described_taken_and_concatenated(examples):
    assert "words: texts of 3 to 3 bytes" in describe_inputs(examples.inputs)
    both = concatenate_examples([examples, examples.take(np.array([1]))])
    assert len(both) == 4 and as_text(row_of(both.inputs, 3).parts["words"]) == "two"
    with pytest.raises(BadData, match="inputs of several kinds"):
        _ = examples.array


def test_projections_and_columns_stand_side_by_side(inputs):
    at = np.arange(3)
    widths = [project_inputs(part, at).shape[1] for part in inputs.parts.values()]
    assert project_inputs(inputs, at).shape == (3, sum(widths))
    assert list(summarize_inputs(inputs, at)) == [
        "x",
        "y",
        "length in bytes of words",
        "brightness of photo",
        "contrast of photo",
    ]
