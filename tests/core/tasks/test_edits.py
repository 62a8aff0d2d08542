"""Edit distances against those known by hand, and against the table of Wagner and Fischer, cell by cell."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.tasks.edits import END, edit_distance, lengths

STRINGS = st.lists(st.integers(0, 3), max_size=7)


def strings(*texts):
    """Strings of numbers, (N, L), ended by -1."""
    longest = max(map(len, texts)) + 1
    return torch.tensor([[*text, *[END] * (longest - len(text))] for text in texts])


def by_hand(found, wanted):
    row = list(range(len(wanted) + 1))
    for i, number in enumerate(found):
        before, row = row, [i + 1]
        for j, other in enumerate(wanted):
            row.append(min(before[j] + (number != other), before[j + 1] + 1, row[j] + 1))
    return row[-1]


def test_a_kitten_is_three_edits_from_sitting():
    words = [[ord(letter) for letter in word] for word in ("kitten", "sitting", "", "it")]
    assert edit_distance(strings(*words), strings(words[1], words[1], words[1], words[0])).tolist() == [3, 0, 7, 4]
    assert lengths(strings(*words)).tolist() == [6, 7, 0, 2]


@given(st.lists(st.tuples(STRINGS, STRINGS), min_size=1, max_size=5))
def test_many_pairs_have_the_distances_that_each_has_alone(pairs):
    found, wanted = zip(*pairs, strict=True)
    assert edit_distance(strings(*found), strings(*wanted)).tolist() == [by_hand(a, b) for a, b in pairs]
