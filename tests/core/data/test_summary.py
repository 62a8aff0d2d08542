"""Inputs as columns with names: what can drift, and be named."""

import numpy as np

from dl.data.ragged import Ragged, texts
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


def test_series_are_summarized_by_length_and_by_mean_deviation_and_last_value_of_each_column():
    steps = np.array([(1.0, "a"), (3.0, "b"), (np.nan, "c")], [("x", "f8"), ("kind", "U1")])
    found = summarize_inputs(Ragged(steps, np.array([0, 2, 3])), np.array([1, 0]))
    assert found["length"].tolist() == [1, 2] and found["kind, last"].tolist() == ["c", "b"]
    assert found["x, mean"].tolist() == [0, 2] and found["x, deviation"].tolist() == [0, 1]
    assert np.array_equal(found["x, last"], [np.nan, 3], equal_nan=True)
