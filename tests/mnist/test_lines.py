"""Lines of digits: the strings are those of the images, the same in every process, and parts share no digit."""

import numpy as np

from dl_mnist import mnist
from dl_mnist.lines import FURTHEST, HEIGHT, LONGEST, NEAREST, SHORTEST, SIDE, WIDTH


def test_lines_hold_three_to_eight_digits_that_their_strings_name():
    train = mnist.lines().train
    sizes = (train.targets >= 0).sum(axis=1)
    assert (sizes.min(), sizes.max(), train.inputs.shape) == (SHORTEST, LONGEST, (20_000, HEIGHT, WIDTH, 1))
    assert (train.targets[:, -1] == -1).all() and set(np.unique(train.targets)) == set(range(-1, 10))
    ink = train.inputs[..., 0].any(axis=1)
    width = ink.shape[1] - ink.argmax(axis=1) - ink[:, ::-1].argmax(axis=1)
    assert (width <= (sizes - 1) * FURTHEST + SIDE).all() and (width > (sizes - 2) * NEAREST).all()


def test_lines_are_the_same_each_time_and_test_lines_are_made_of_test_digits():
    first, second = mnist.lines(), mnist.lines()
    np.testing.assert_array_equal(first.train.inputs[:100], second.train.inputs[:100])
    np.testing.assert_array_equal(first.train.targets, second.train.targets)
    assert first.open_test is not None and len(first.open_test()) == 4_000
    assert len({*first.train.ids.tolist(), *first.val.ids.tolist(), *first.open_test().ids.tolist()}) == 28_000
