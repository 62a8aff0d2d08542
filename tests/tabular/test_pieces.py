"""Numbers encoded piece by piece: values by hand."""

import numpy as np
import pytest
import torch

from dl.data.examples import Examples, Subset
from dl_tabular.pieces import Pieces, in_pieces, learn_edges
from dl_tabular.prepare import learn, restore


def test_pieces_hold_equal_shares_of_the_values():
    assert learn_edges(np.arange(101.0) ** 2, 4) == (0, 625, 2500, 5625, 10000)


def test_each_of_few_values_is_an_edge_and_two_values_need_none():
    assert learn_edges(np.array([3.0, 1, 2, 2, 3]), 8) == (1, 2, 3)
    assert learn_edges(np.array([0.0, 1, 0]), 8) == learn_edges(np.arange(9.0), 0) == ()


def test_a_value_fills_the_pieces_before_it_and_a_part_of_its_own():
    edges = (0.0, 1.0, 3.0, 4.0)
    assert in_pieces(2.5, edges).tolist() == [1, 0.75, 0]
    assert in_pieces(-9, edges).tolist() == [0, 0, 0] and in_pieces(9, edges).tolist() == [1, 1, 1]
    assert in_pieces(1.0, ()).tolist() == []


def test_pieces_are_written_behind_the_stored_columns_of_their_number():
    pieces = Pieces([(0, 1, ()), (1, 2, (0.0, 1.0, 2.0)), (6, 1, (0.0, 4.0, 8.0))])
    stored, prepared = torch.tensor([[7.0, 1.5, 0.0, 5.0]]), torch.zeros(1, 9)
    pieces(stored, prepared)
    assert len(pieces) == 4 and prepared.tolist() == [[0, 0, 0, 1, 0.5, 0, 0, 1, 0.25]]


@pytest.fixture
def prepared():
    """Twelve rows of a number with gaps, a category and a number of two values, in pieces."""
    values = [0.0, 1, 2, 3, 4, 5, 6, *[np.nan] * 5]
    rows = np.array(
        [(value, "ab"[k % 2], k % 2) for k, value in enumerate(values)], [("x", "f8"), ("c", "U1"), ("two", "f8")]
    )
    found = learn(Subset(Examples(rows, np.zeros(12, np.int64), np.arange(12)), np.arange(12)), {"pieces": 3})
    return found, rows


def test_a_row_holds_the_number_the_mark_of_a_gap_and_the_pieces(prepared):
    found, rows = prepared
    first = found(torch.from_numpy(found.encode(rows)))[[0, 3, 5, 11]]
    assert found.input_shape == (1 + 1 + 3 + 2 + 1,)
    assert first[:, 0].tolist() == pytest.approx([-1.5, 0, 1, 0]) and first[:, 1].tolist() == [0, 0, 0, 1]
    expected = torch.tensor([[0, 0, 0], [1, 0.5, 0], [1, 1, 0.5], [1, 0.5, 0]])  # edges at 0, 2, 4 and 6
    torch.testing.assert_close(first[:, 2:5], expected)
    assert first[:, 5:7].tolist() == [[1, 0], [0, 1], [0, 1], [0, 1]]


def test_a_gap_made_on_purpose_looks_like_one_that_was_there(prepared):
    found, rows = prepared
    gap = found(torch.from_numpy(found.encode(rows)))[11]
    torch.testing.assert_close(found.gaps.blank[:5], gap[:5])
    assert (found.gaps.columns == 0).sum() == 5


def test_pieces_are_restored(prepared):
    found, rows = prepared
    stored = torch.from_numpy(found.encode(rows))
    torch.testing.assert_close(restore(found.settings())(stored), found(stored))
