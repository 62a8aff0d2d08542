from dataclasses import replace
from hashlib import blake2b

import numpy as np
import pytest

from dl.data.examples import (
    Dataset,
    LeftOut,
    Subset,
    concatenate_examples,
    content_number,
    fingerprints,
    subset_fingerprint,
    whole,
    with_targets,
)
from dl.data.ragged import ragged
from dl.errors import BadData


def test_inputs_targets_and_ids_of_different_length_are_refused(examples):
    with pytest.raises(BadData, match="3 inputs, 2 targets and 3 ids do not match"):
        examples(np.zeros((3, 2)), np.zeros(2))


def test_an_example_is_called_by_its_source_or_its_id(examples):
    plain = examples(np.zeros((2, 1)), np.zeros(2), first=7)
    assert plain.source(1) == "#8"


def test_what_is_known_of_examples_is_taken_with_them(examples):
    whole_set = examples(np.arange(10)[:, None], np.arange(10) * 2, first=100)
    known = {"groups": np.arange(10) // 2, "times": np.arange(10) * 60, "sources": [f"{k}.png" for k in range(10)]}
    taken = replace(whole_set, **known).take(np.array([5, 1]))
    assert taken.array.tolist() == [[5], [1]] and taken.targets.tolist() == [10, 2] and taken.ids.tolist() == [105, 101]
    assert taken.groups.tolist() == [2, 0] and taken.times.tolist() == [300, 60]
    assert [taken.source(0), taken.source(1)] == ["5.png", "1.png"]
    assert whole_set.take(np.array([3])).source(0) == "#103"


def test_what_was_left_out_keeps_its_place_when_examples_are_joined_and_is_dropped_with_a_part(examples):
    first = replace(examples(np.zeros((2, 1)), np.zeros(2)), left_out=(LeftOut(2, "a.csv row 4", "empty"),))
    second = replace(examples(np.ones((1, 1)), np.ones(1)), left_out=(LeftOut(0, "b.csv row 2", "empty"),))
    joined = concatenate_examples([first, second])
    assert joined.left_out == (LeftOut(2, "a.csv row 4", "empty"), LeftOut(2, "b.csv row 2", "empty"))
    assert joined.take(np.array([0])).left_out == () and concatenate_examples([first]).left_out == first.left_out


def test_a_part_is_a_view_by_position(examples):
    part = Subset(examples(np.arange(10)[:, None], np.arange(10) * 2, first=100), np.array([1, 3, 5]))
    assert part.targets.tolist() == [2, 6, 10] and part.ids.tolist() == [101, 103, 105] and len(part) == 3
    assert [chunk.ravel().tolist() for chunk in part.chunks(2)] == [[1, 3], [5]]


def test_fingerprints_agree_for_exact_copies_alone(examples):
    rows = np.array([[1, 2], [1, 2], [2, 1], [1, 3]], np.uint8)
    one, copy, *others = fingerprints(whole(examples(rows, np.zeros(4))))
    assert one == copy and len({one, *others}) == 3


def test_a_fingerprint_is_the_hash_of_the_bytes_of_one_input(examples):
    table = np.array([(1.5, "a"), (np.nan, "bc")], [("x", "f8"), ("y", "U2")])
    for inputs in (table, np.arange(12, dtype="i2").reshape(2, 3, 2), ragged([[1, 2, 3], [4]], np.int32)):
        found = (
            fingerprints(whole(replace(examples(np.zeros(2), np.zeros(2)), inputs=inputs)))
            .astype("S16")
            .view("u8")
            .reshape(2, 2)
        )
        hashed = [blake2b(np.asarray(row).tobytes(), digest_size=16).digest() for row in inputs]
        assert found.tolist() == np.array(hashed, "S16").view("u8").reshape(2, 2).tolist()


def test_fingerprints_do_not_depend_on_how_the_memory_lies(examples):
    rows = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    turned = np.asfortranarray(rows)
    assert np.array_equal(*(fingerprints(whole(examples(made, [0, 1]))) for made in (rows, turned)))


def test_a_part_has_one_fingerprint_whatever_its_order_and_another_for_other_examples(examples):
    all_of_it = examples(np.zeros((5, 2)), np.zeros(5))
    same = (
        subset_fingerprint(Subset(all_of_it, np.array([0, 2]))),
        subset_fingerprint(Subset(all_of_it, np.array([2, 0]))),
    )
    assert same[0] == same[1] != subset_fingerprint(Subset(all_of_it, np.array([0, 3])))


def test_another_target_keeps_the_inputs(examples):
    before = examples(np.zeros((3, 2)), [0, 1, 2])
    after = with_targets(before, np.array([1, 0, 1]), ("odd", "even"))
    assert after.inputs is before.inputs and after.targets.tolist() == [1, 0, 1] and after.names == ("odd", "even")


def test_what_a_data_set_does_not_say_is_called_not_stated(examples):
    given = Dataset("given", examples(np.zeros((1, 1)), [0]))
    assert given.licence == given.source == "not stated" and given.open_test is None


@pytest.mark.parametrize(("content", "b2sum"), [(b"", "ddd9c40767f9"), (b"abc", "13c9497c2425")])
def test_the_number_of_a_content_is_what_b2sum_gives_at_48_bits(content, b2sum):
    assert content_number(content) == int(b2sum, 16) < 2**48
