"""Text cells as bytes: blank ones, ids that follow the content, rows left out."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.ragged import as_text, texts
from dl.data.spill import RaggedWriter
from dl.tables.gather import content_ids, drop_rows, has_nul, is_blank, write_cells


def test_a_blank_cell_is_whatever_shows_nothing():
    cells = ["", " ", "\u3000\n", "\t x", "x", " \u00a0", None, "\u200b", "é "]
    assert is_blank(pa.array(cells)).tolist() == [True, True, True, False, False, True, True, False, False]
    assert has_nul(pa.array(["a", None, "b\0", "\0"])).tolist() == [False, False, True, True]
    assert has_nul(pa.array(["\0", "a"]).slice(1)).tolist() == [False]


TEXTS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=20)


def gathered(cells):
    writer = RaggedWriter()
    write_cells(writer, cells)
    return writer.ragged()


@given(TEXTS, st.integers(0, 5))
def test_cells_are_gathered_as_their_bytes_whichever_slice_of_a_column_they_are(cells, start):
    column = pa.array(cells, pa.string()).slice(start)
    assert [as_text(row) for row in gathered(column)] == cells[start:]


@pytest.mark.parametrize("most", [1, 1 << 20])
@given(TEXTS, st.data())
def test_the_rows_that_are_left_stand_in_their_order(most, cells, data):
    gone = data.draw(st.lists(st.booleans(), min_size=len(cells), max_size=len(cells)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dl.tables.gather.IN_MEMORY", most)
        left = drop_rows(gathered(pa.array(cells, pa.string())), np.array(gone, bool))
    assert [as_text(row) for row in left] == [cell for cell, out in zip(cells, gone, strict=True) if not out]


@given(st.lists(st.sampled_from(["", "a", "b", "ab"]), max_size=12))
def test_ids_differ_and_those_of_one_content_depend_on_how_often_it_stands_alone(cells):
    ids = content_ids(texts(cells))
    assert (ids >= 0).all() and len(set(ids.tolist())) == len(cells)
    for cell in set(cells):
        alone = content_ids(texts([cell] * cells.count(cell)))
        assert [number for number, other in zip(ids, cells, strict=True) if other == cell] == alone.tolist()
