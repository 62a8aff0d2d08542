"""Digits that move: they stay in the frame, bounce, are the same each time, and parts share no sequence."""

import numpy as np

from dl_mnist import mnist
from dl_mnist.moving import DIGITS, LENGTH, SIDE, bounced, make_sequences


def test_a_place_folds_back_at_both_ends():
    assert bounced(np.array([-1.0, 3, 11, 21]), 10).tolist() == [1, 3, 9, 1]


def test_digits_move_in_a_frame_and_are_the_same_each_time():
    images = np.full((3, 28, 28), 200, np.uint8)
    first, second = make_sequences(images, 5, 0), make_sequences(images, 5, 0)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (5, LENGTH, SIDE, SIDE, 1) and not np.array_equal(first, make_sequences(images, 5, 5))
    areas = (first > 0).sum(axis=(2, 3, 4))  # of two squares that may overlap
    assert (areas <= DIGITS * 14 * 14).all() and (areas >= 14 * 14).all()
    assert (first[:, 0] != first[:, 4]).any(axis=(1, 2, 3)).all()


def test_the_data_set_has_windows_of_the_asked_length_in_groups_that_no_parts_share():
    found = mnist.moving(steps=9)
    parts = (found.train, found.val, found.open_test())
    assert [part.array.shape for part in parts] == [(n, 10, SIDE, SIDE, 1) for n in (3_000, 750, 1_500)]
    groups = [set(part.groups.tolist()) for part in parts]
    assert len(set.union(*groups)) == sum(map(len, groups)) == 1_750
