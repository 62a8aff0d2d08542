import numpy as np
import pytest

from dl.errors import BadData
from dl_sequences.steps import describe_lengths, ids_of, notes_on_lengths


def test_equal_series_have_ids_of_their_own_and_keep_them_in_another_order(series_of):
    ids = ids_of(series_of([1, 2], [3], [1, 2]).examples.inputs)
    assert len(set(ids.tolist())) == 3
    assert set(ids_of(series_of([3], [1, 2], [1, 2]).examples.inputs).tolist()) == set(ids.tolist())


def test_series_of_one_step_are_counted_and_nothing_but_these_is_refused(series_of):
    assert notes_on_lengths(series_of([1], [2, 3], [4]).examples.inputs, "t.csv") == ["2 series of one step alone"]
    with pytest.raises(
        BadData, match=r"t.csv: every series has one step alone, so each row is an example; use: dl fit tab"
    ):
        notes_on_lengths(series_of([1], [2]).examples.inputs, "t.csv")
    assert describe_lengths(series_of([1], [2, 3]).examples.inputs) == "2 series of 1 to 2 steps"
    assert np.array_equal(series_of([1], [2, 3]).examples.inputs.lengths, [1, 2])
