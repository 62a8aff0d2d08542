import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import content_number
from dl.data.ragged import as_text
from dl_words.groups import TEST_SHARE, Labelled, group_numbers, split

KEYS = st.lists(st.lists(st.sampled_from("abcdefghijklmnop"), min_size=1, max_size=3), min_size=1, max_size=12)


def test_examples_that_share_a_key_or_are_joined_by_others_are_one_group():
    numbers = group_numbers([("a",), ("b",), ("c", "b"), ("d",), ("c",)])
    assert numbers[1] == numbers[2] == numbers[4] == content_number(b"b")
    assert len(set(numbers.tolist())) == 3


@given(KEYS)
def test_groups_are_the_connected_parts(keys):
    numbers = group_numbers(keys)
    reach = np.array([[bool(set(one) & set(other)) for other in keys] for one in keys])
    for _ in keys:
        reach = reach | (reach.astype(int) @ reach.astype(int) > 0)
    assert (reach == (numbers[:, None] == numbers[None, :])).all()


@given(KEYS, st.randoms(use_true_random=False))
def test_the_number_of_a_group_does_not_depend_on_the_order(keys, random):
    order = list(range(len(keys)))
    random.shuffle(order)
    shuffled = group_numbers([keys[k] for k in order])
    assert shuffled.tolist() == group_numbers(keys)[order].tolist()


def test_a_split_takes_whole_groups_and_every_text_once():
    rows = [Labelled(f"text {k}", k % 2, (f"group {k // 3}",)) for k in range(300)]
    train, open_test = split(rows, ("even", "odd"), np.int64)
    test = open_test()
    assert len(train) + len(test) == 300 and len(test) > 0
    assert (test.groups % TEST_SHARE == 0).all() and (train.groups % TEST_SHARE != 0).all()
    for part in (train, test):
        numbers = [int(as_text(row).split()[1]) for row in part.inputs]
        assert part.targets.tolist() == [number % 2 for number in numbers]
        assert part.ids.tolist() == [content_number(f"text {number}".encode()) for number in numbers]
        assert part.ids.tolist() == sorted(part.ids.tolist())
        assert part.groups.tolist() == [content_number(f"group {number // 3}".encode()) for number in numbers]
