"""Inputs as columns with names: what can drift, and be named."""

import numpy as np

from dl.data.ragged import texts
from dl.data.summary import summarize_inputs

ROWS = np.array([2, 0])


def test_rows_of_a_table_are_their_own_columns():
    table = np.array([(1.0, "a"), (2.0, "b"), (np.nan, "c")], [("x", "f8"), ("c", "U1")])
    found = summarize_inputs(table, ROWS)
    assert list(found) == ["x", "c"] and np.isnan(found["x"][0]) and found["c"].tolist() == ["c", "a"]


def test_images_have_a_brightness_and_a_contrast_and_texts_a_length():
    images = np.stack([np.full((2, 2), 10), np.full((2, 2), 20), np.array([[0, 4], [0, 4]])]).astype(np.uint8)
    found = summarize_inputs(images, ROWS)
    assert found["brightness"].tolist() == [2, 10] and found["contrast"].tolist() == [2, 0]
    assert summarize_inputs(texts(["a", "bb", "ccc"]), ROWS)["length in bytes"].tolist() == [3, 1]


def test_few_numbers_are_a_column_each():
    assert summarize_inputs(np.arange(6.0).reshape(3, 2), ROWS)["input 1"].tolist() == [5, 1]
