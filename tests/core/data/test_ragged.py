import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data import ragged as subject
from dl.data.ragged import as_text, ragged, texts


@pytest.mark.parametrize("long", [0, 64])
@given(st.lists(st.lists(st.integers(0, 255), max_size=5), min_size=1, max_size=6), st.data())
def test_chosen_rows_are_copied_in_their_order_whether_one_by_one_or_all_at_once(long, rows, data):
    positions = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=8))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subject, "LONG", long)
        chosen = ragged(map(np.array, rows), np.uint8)[np.array(positions, np.int64)]
    assert [row.tolist() for row in chosen] == [rows[position] for position in positions]
    assert chosen.values.dtype == np.uint8


def test_strings_are_kept_as_their_bytes():
    assert [as_text(row) for row in texts(["a", "", "звезда"])] == ["a", "", "звезда"]
