"""Rows that only grow come back as they were added, whether they are kept in memory or written to a file."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl.data.cache import TAG
from dl.data.spill import RaggedWriter
from dl.errors import CannotWrite
from dl.padded import as_tensor

ROWS = st.lists(st.lists(st.integers(0, 255), max_size=6), max_size=5)  # that are added at once


def written(batches, dtype):
    writer = RaggedWriter(dtype)
    for rows in batches:
        lengths = np.array([len(row) for row in rows], np.int64)
        writer.add(np.array([value for row in rows for value in row], dtype), lengths)
    return writer.ragged()


@pytest.mark.parametrize("dtype", [np.uint8, np.int32])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROWS, max_size=5), st.integers(0, 60))
def test_rows_come_back_as_they_were_added_wherever_they_are_kept(dtype, batches, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dl.data.spill.IN_MEMORY", most)
        rows = written(batches, dtype)
    assert [row.tolist() for row in rows] == [row for batch in batches for row in batch]
    assert rows.values.dtype == dtype
    size = rows.values.nbytes
    assert isinstance(rows.values, np.memmap) == (size > most)


def test_the_file_has_no_name_and_is_mapped_for_reading_alone(monkeypatch, cache):
    monkeypatch.setattr("dl.data.spill.IN_MEMORY", 1)
    rows = written([[[1, 2], [3]]], np.uint8)
    assert as_tensor(rows.values).tolist() == [1, 2, 3]
    with pytest.raises(ValueError, match="read-only"):
        rows.values[0] = 9
    assert [path.name for path in (cache / "gathered").iterdir()] == [TAG]


def test_a_cache_that_cannot_be_written_is_one_line(monkeypatch, locked):
    monkeypatch.setattr("dl.data.spill.IN_MEMORY", 1)
    monkeypatch.setenv("DL_CACHE", str(locked))
    with pytest.raises(CannotWrite, match="gathered"):
        written([[[1, 2, 3]]], np.uint8)
