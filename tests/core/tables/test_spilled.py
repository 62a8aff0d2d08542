"""A table whose cells lie in a file is read as one in memory: the same rows, ids, notes and findings."""

import numpy as np
import pyarrow as pa
import pytest

from dl.data.cache import TAG
from dl.errors import CannotWrite
from dl.tables.features import read_features
from dl.tables.spilled import SpilledCells


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "gathered"


def test_cells_come_back_by_column_whatever_its_name(cache):
    cells = SpilledCells(("", "a b"))
    cells.write({"a b": [pa.array(["x", ""]), pa.array(["é"])], "": [pa.array(["1", "2"]), pa.array(["3"])]})
    cells.write({"a b": [pa.array(["y"])], "": [pa.array(["4"])]})
    found = cells.columns()
    assert {name: column.to_pylist() for name, column in found.items()} == {
        "": ["1", "2", "3", "4"],
        "a b": ["x", "", "é", "y"],
    }
    assert [path.name for path in cache.iterdir()] == [TAG]


def test_a_table_is_read_alike_in_memory_and_in_a_file(cache, tmp_path, monkeypatch):
    rng, path = np.random.default_rng(0), tmp_path / "rows.csv"
    rows = [f"{x:.3f},{'abc'[k % 3]},{'' if k % 7 == 0 else k},{k % 2}" for k, x in enumerate(rng.normal(size=400))]
    path.write_text("\n".join(["size,kind,more,label", *rows]) + "\n")
    options = {"target": "label", "bad_rows": "skip"}
    whole = read_features(path, options)
    assert not cache.exists()
    monkeypatch.setenv("DL_MEMORY", "1KB")
    spilled = read_features(path, options)
    assert cache.exists()
    for name in ("targets", "ids", "rows"):
        assert getattr(spilled, name).tolist() == getattr(whole, name).tolist()
    assert {name: column.to_pylist() for name, column in spilled.columns.items()} == {
        name: column.to_pylist() for name, column in whole.columns.items()
    }
    assert (spilled.notes, spilled.names, spilled.findings) == (whole.notes, whole.names, whole.findings)


def test_a_cache_that_cannot_be_written_is_one_line(monkeypatch, locked):
    monkeypatch.setenv("DL_CACHE", str(locked))
    with pytest.raises(CannotWrite, match="gathered"):
        SpilledCells(("a",))
