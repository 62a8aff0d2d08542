"""Numbers of inputs that are learnt from nothing."""

import numpy as np
import pytest

from dl.data.projection import MOST_COLUMNS, MOST_NUMBERS, project_inputs
from dl.data.ragged import Ragged, ragged, texts

RNG = np.random.default_rng(0)


def all_of(inputs):
    return project_inputs(inputs, np.arange(len(inputs)))


def test_few_numbers_stay_as_they_are():
    assert all_of(np.array([[1.0, np.nan], [2.0, 3.0]])).tolist() == [[1.0, 0.0], [2.0, 3.0]]


@pytest.mark.parametrize("shape", [(8, 8, 3), (100, 100, 1)])
def test_pictures_keep_their_distances_about(shape):
    pictures = RNG.integers(0, 256, (50, *shape)).astype(np.uint8)
    pictures[1] = np.clip(pictures[0].astype(int) + 3, 0, 255)
    found = all_of(pictures)
    apart = np.linalg.norm(found[0] - found[2:], axis=1)
    assert found.shape == (50, MOST_NUMBERS) and np.linalg.norm(found[0] - found[1]) < 0.2 * apart.min()


def test_texts_that_share_most_words_lie_near_each_other():
    one, near, far = all_of(
        texts(["the cat sat on the mat " * 3, "the cat sat on the hat " * 3, "où est la mer? " * 4])
    )
    assert np.linalg.norm(one - near) < 0.5 * np.linalg.norm(one - far)


def test_a_row_depends_on_itself_alone():
    column = texts(["a text", "", "another, longer text"])
    assert np.allclose(all_of(column)[[0, 2]], project_inputs(column, np.array([0, 2])))
    tokens = ragged([np.arange(5), np.arange(300)], np.int32)
    assert np.allclose(all_of(tokens)[1], project_inputs(tokens, np.array([1]))[0])


def test_columns_keep_numbers_and_count_missing_ones_and_spread_categories():
    rows = np.array([(1.5, "a"), (np.nan, "b"), (2.5, "a")], [("x", "f8"), ("kind", "U1")])
    found = all_of(rows)
    assert found[:, 0].tolist() == [1.5, 0.0, 2.5] and found[:, -1].tolist() == [0.0, 1.0, 0.0]
    assert (found[:, 1:-1].sum(axis=1) == 1).all() and (found[0, 1:-1] == found[2, 1:-1]).all()


def test_many_columns_are_projected():
    rows = np.zeros(4, [(f"x{k}", "f8") for k in range(MOST_COLUMNS)])
    assert all_of(rows).shape == (4, MOST_NUMBERS)


def test_series_are_projected_by_their_summaries():
    steps = np.array([(1.0,), (3.0,), (4.0,)], [("x", "f8")])
    found = all_of(Ragged(steps, np.array([0, 2, 3])))
    assert found.tolist() == [[2, 2, 1, 3, 0], [1, 4, 0, 4, 0]]  # length, mean, deviation, last, and what is missing
