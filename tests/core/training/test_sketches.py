"""Sketches of examples for the report: the hardest and an even spread, kept with their rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Examples, Subset, whole
from dl.runs import outcomes
from dl.training.sketches import MOST_SKETCHES, hardest, spread, write_sketches


def plain(n):
    """Return a subset of examples that are no rows of queries."""
    return whole(Examples(np.zeros((n, 1)), np.zeros(n), np.arange(n), ()))


def test_rows_are_spread_over_the_whole_part_and_none_comes_twice():
    assert spread(3, 5).tolist() == [0, 1, 2]
    assert spread(9, 3).tolist() == [0, 4, 8]
    assert len(spread(58_000, 5_000)) == 5_000 and spread(58_000, 5_000)[-1] == 57_999


def test_the_hardest_have_the_largest_losses_or_the_smallest_margins():
    losses = np.array([0.0] * 50 + [5.0, 9.0] + [0.0] * 50)
    margins = np.array([3.0] * 100 + [-2.0, 3.0])
    rows = hardest(losses, margins, plain(len(losses)))
    assert {50, 51, 100} <= set(rows.tolist()) and np.array_equal(rows, np.unique(rows))
    assert hardest(np.zeros(2), np.zeros(2), plain(2)).tolist() == [0, 1]


def test_sketches_are_kept_with_their_rows(tmp_path, examples):
    part = Subset(examples(np.arange(8)[:, None], np.zeros(8)), np.array([1, 3, 5]))
    write_sketches(tmp_path, {"val": part}, {"val": np.array([0, 2])}, lambda row: f"number {row[0]}")
    stored = outcomes.read_arrays(tmp_path / "sketches.npz")
    assert stored["val_rows"].tolist() == [0, 2] and stored["val_sketches"].tolist() == ["number 1", "number 5"]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-100, 100)), min_size=1, max_size=120))
def test_no_example_that_is_left_out_is_harder_than_all_that_are_shown(pairs):
    losses, margins = np.array(pairs).T
    rows = hardest(losses, margins, plain(len(losses)))
    assert len(rows) <= MOST_SKETCHES and np.array_equal(rows, np.unique(rows))
    others = np.setdiff1d(np.arange(len(pairs)), rows)
    if len(others):
        assert (losses[rows] >= losses[others].max()).sum() >= MOST_SKETCHES // 2
        assert (margins[rows] <= margins[others].min()).sum() >= MOST_SKETCHES // 2


@given(st.integers(1, 500), st.integers(1, 60))
def test_a_spread_begins_at_the_first_row_and_leaves_gaps_of_like_size(n, most):
    rows = spread(n, most)
    assert rows[0] == 0 and len(rows) == min(n, most) and rows[-1] < n
    if len(rows) > 2:
        assert np.ptp(np.diff(rows)) <= 1
