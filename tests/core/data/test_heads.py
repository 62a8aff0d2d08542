"""Several targets stand side by side as numbers, and each can be had alone, in its own form."""

import numpy as np

from dl.data.heads import CLASSES, LABELS, NUMBERS, Head, HeadNames, heads_of, in_words, join

HEADS = (
    Head("sold", CLASSES, ("no", "yes")),
    Head("tags", LABELS, ("a", "b"), 2),
    Head("price", NUMBERS, ("price",)),
)


def test_targets_are_joined_and_split_again():
    own = [np.array([0, 1]), np.array([[1, 0], [0, 1]], np.uint8), np.array([2.5, -1.0])]
    joined = join(own)
    assert joined.tolist() == [[0, 1, 0, 2.5], [1, 0, 1, -1.0]]
    again = HeadNames.of(HEADS).split(joined)
    assert [one.dtype.kind for one in again] == ["i", "u", "f"]
    assert all(np.array_equal(one, other) for one, other in zip(own, again, strict=True))


def test_names_are_those_of_the_columns_and_know_their_heads():
    names = HeadNames.of(HEADS)
    assert names == ("sold", "tags", "tags", "price") and heads_of(names) == HEADS
    assert heads_of(("a", "b")) == ()


def test_a_target_is_written_in_words():
    assert in_words(HEADS, np.array([1, 1, 0, 2.5])) == "sold yes, tags a, price 2.5"
    assert in_words(HEADS, np.array([0, 0, 0, 3.0])) == "sold no, tags none, price 3"
