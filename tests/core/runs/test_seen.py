"""The hashes of what a run has seen are kept once each, sorted, and a damaged file is one line."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import fingerprints, whole
from dl.errors import BadRun
from dl.runs.seen import SEEN, read_fingerprints, write_fingerprints


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_hashes_are_read_as_they_were_written_once_each(tmp_path_factory, numbers):
    found = np.array([f"{number:016d}" for number in numbers], "S16")
    path = tmp_path_factory.mktemp("run") / SEEN
    write_fingerprints(path, found)
    assert read_fingerprints(path).tolist() == sorted(set(found.tolist()))


def test_copies_of_what_was_seen_are_found_by_their_hashes(tmp_path, examples):
    seen = examples(np.arange(6.0).reshape(3, 2), np.zeros(3))
    write_fingerprints(tmp_path / SEEN, fingerprints(whole(seen)))
    later = examples(np.array([[2.0, 3.0], [9.0, 9.0]]), np.zeros(2))
    assert np.isin(fingerprints(whole(later)), read_fingerprints(tmp_path / SEEN)).tolist() == [True, False]


@pytest.mark.parametrize("content", [None, b"", b"no array", b"\x93NUMPY\x01\x00"])
def test_a_file_that_is_missing_or_damaged_is_one_line(tmp_path, content):
    if content is not None:
        (tmp_path / SEEN).write_bytes(content)
    with pytest.raises(BadRun, match=r"seen\.npy' is (missing|damaged)"):
        read_fingerprints(tmp_path / SEEN)


def test_an_array_of_something_else_is_no_hashes(tmp_path):
    np.save(tmp_path / SEEN, np.zeros(3))
    with pytest.raises(BadRun, match="are not fingerprints"):
        read_fingerprints(tmp_path / SEEN)


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
        (np.zeros(2), "is damaged: float64 (2,) are not fingerprints"),
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
