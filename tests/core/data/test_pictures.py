import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rich.console import Console

from dl.data.pictures import as_rgb, draw, shrink

IMAGES = arrays.arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3])))


def shown(image, columns, system):
    stream = io.StringIO()
    Console(file=stream, force_terminal=True, color_system=system, no_color=False).print(draw(image, columns))
    return stream.getvalue()


def test_halving_takes_the_mean_of_four_pixels():
    image = np.array([[0, 100, 7, 7], [200, 100, 7, 7]], np.uint8)[..., None]
    assert shrink(image, 2).ravel().tolist() == [100, 7]


def test_a_pixel_that_lies_in_two_counts_for_both_by_its_share():
    image = np.array([[0, 90, 240]], np.uint8)[..., None]
    assert shrink(image, 2).ravel().tolist() == [30, 190]


@given(IMAGES, st.integers(1, 12))
def test_shrinking_keeps_the_range_and_the_proportions(image, columns):
    small = shrink(image, columns)
    assert small.min() >= image.min() and small.max() <= image.max()
    assert small.shape[1] == min(columns, image.shape[1]) and small.dtype == np.uint8


@pytest.mark.parametrize(("channels", "kept"), [(1, [0, 0, 0]), (2, [0, 0, 0]), (3, [0, 1, 2]), (4, [0, 1, 2])])
def test_every_image_is_shown_in_three_channels(channels, kept):
    image = np.arange(channels, dtype=np.uint8)[None, None, :]
    assert as_rgb(image)[0, 0].tolist() == kept


@pytest.mark.parametrize(("system", "colours"), [("standard", False), ("256", True), ("truecolor", True)])
def test_sixteen_colours_are_too_few_for_a_picture(system, colours):
    text = shown(np.array([[[10], [250]]], np.uint8), 2, system)
    assert ("▀" in text) == colours
