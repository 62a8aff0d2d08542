"""The columns that a run keeps of its inputs, with which new data is compared."""

import numpy as np
import pytest

from dl.errors import BadRun
from dl.runs.drift import SEEN, Drift, DriftPart, read_columns, write_columns
from dl.runs.outcomes import write_arrays


def test_columns_are_read_back_whatever_their_names(tmp_path):
    columns = {"file": np.array([1.0, np.nan]), "a/b": np.array(["x", "y"]), "names": np.array([0.5, 2])}
    write_columns(tmp_path, columns, np.array([0.25]))
    found, unknown = read_columns(tmp_path)
    assert list(found) == list(columns) and unknown.tolist() == [0.25]
    assert all(np.array_equal(found[name], columns[name], equal_nan=name == "file") for name in columns)


def test_what_is_missing_or_damaged_is_one_line(tmp_path):
    with pytest.raises(BadRun, match="is missing"):
        read_columns(tmp_path)
    write_arrays(tmp_path / SEEN, {"names": np.array(["x"])})
    with pytest.raises(BadRun, match="a column is missing"):
        read_columns(tmp_path)


def test_an_answer_is_json():
    part = DriftPart("inputs", "drifted", "m", 0.01)
    stored = Drift("1-a", "new", 8, "inputs", "v", (part,), 0.05).as_dict()
    assert stored["parts"][0]["p"] == 0.01 and stored["parts"][0]["change"] is None and stored["state"] == "inputs"
