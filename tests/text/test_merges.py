"""Merges known by hand: the most frequent pair first, ties in the order of the tokens."""

import numpy as np
import pytest

from dl.data.ragged import texts
from dl_text.merges import learn_merges

ALPHABET = [chr(code) for code in range(256)]


@pytest.mark.parametrize(
    ("runs", "counts", "merges"),
    [
        (["ab", "cd"], [1, 2], [("c", "d"), ("a", "b")]),
        (["cd", "ab"], [1, 1], [("a", "b"), ("c", "d")]),
        (["aaaa"], [1], [("a", "a"), ("aa", "aa")]),
        (["abab"], [3], [("a", "b"), ("ab", "ab")]),
        (["aaa"], [1], [("a", "a"), ("aa", "a")]),
        (["a", ""], [5, 5], []),
    ],
)
def test_pairs_are_merged_by_their_counts(runs, counts, merges):
    kept = [(run, count) for run, count in zip(runs, counts, strict=True) if run]
    given = (texts([run for run, _ in kept]), np.array([count for _, count in kept]))
    tokens, found = learn_merges(*given, ALPHABET, np.arange(256), 300, 32)
    assert found == merges
    assert tokens == [*ALPHABET, *(left + right for left, right in merges)]


def test_no_token_is_as_long_as_the_bound():
    tokens, _ = learn_merges(texts(["-" * 64]), np.array([1]), ALPHABET, np.arange(256), 300, 8)
    assert max(map(len, tokens)) == 4
