"""An array is made once from the same content, and anew from any other, or where its entry is damaged."""

import numpy as np
import pytest

from dl.data.cache import cache_folder
from dl.data.known import known_or_made


@pytest.fixture
def made(tmp_path, monkeypatch):
    monkeypatch.setenv("DL_CACHE", str(tmp_path))
    calls = []

    def make(source, made_with=1):
        return known_or_made("squares", made_with, [source], lambda: calls.append(1) or source**2)

    return make, calls


def test_the_same_content_is_computed_once(made):
    make, calls = made
    source = np.arange(4)
    assert [make(source).tolist() for _ in range(2)] == [[0, 1, 4, 9]] * 2 and len(calls) == 1


def test_other_content_or_code_is_computed_anew(made):
    make, calls = made
    assert [make(np.arange(n), code).size for n, code in ((3, 1), (4, 1), (4, 2))] == [3, 4, 4] and len(calls) == 3


def test_a_damaged_entry_is_made_again(made):
    make, calls = made
    make(np.arange(3))
    (entry,) = cache_folder("squares").glob("*.npy")
    entry.write_bytes(entry.read_bytes()[:-5])
    assert make(np.arange(3)).tolist() == [0, 1, 4] and len(calls) == 2
