"""The hashes that a run on data in memory keeps."""

import numpy as np
import pytest

from dl.errors import BadRun
from dl.runs.seen import read_fingerprints, write_fingerprints

HASHES = np.array([b"b" * 16, b"a" * 16, b"b" * 16], "S16")


def test_hashes_are_kept_sorted_and_once(tmp_path):
    write_fingerprints(tmp_path / "seen.npy", HASHES)
    assert read_fingerprints(tmp_path / "seen.npy").tolist() == [b"a" * 16, b"b" * 16]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (None, "is missing; the run is not complete"),
        (b"", "is damaged: "),
        (b"\x93NUMPY", "is damaged: "),
        (np.zeros(2), "is damaged: float64 (2,) are no hashes"),
    ],
    ids=["missing", "empty", "cut off", "of other values"],
)
def test_a_damaged_file_is_named(tmp_path, content, line):
    path = tmp_path / "seen.npy"
    if isinstance(content, np.ndarray):
        np.save(path, content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(BadRun) as refused:
        read_fingerprints(path)
    assert str(refused.value).startswith(f"{str(path)!r} {line}")
