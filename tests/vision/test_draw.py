import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from rich.console import Console

from dl_vision.draw import draw


def shown(image, columns=28, **settings):
    stream = io.StringIO()
    Console(file=stream, width=80, **settings).print(draw(image, columns))
    return stream.getvalue()


def square(side=28):
    image = np.zeros((side, side, 1), np.uint8)
    image[side // 4 : -side // 4, side // 4 : -side // 4] = 255
    return image


def test_28_pixels_are_28_columns_and_14_rows():
    lines = shown(square(), no_color=True).splitlines()
    assert len(lines) == 14 and {len(line) for line in lines} == {28}


def test_without_colour_shades_show_the_image():
    lines = shown(square(8), no_color=True).splitlines()
    assert lines == ["        ", "  ████  ", "  ████  ", "        "]


def test_half_ink_is_a_half_shade():
    image = np.array([[[255]], [[0]]], np.uint8)
    assert shown(image, no_color=True) == "▒\n"


def test_with_colour_a_character_carries_the_pixel_above_and_the_one_below():
    image = np.array([[[255, 0, 0]], [[0, 0, 255]]], np.uint8)
    coloured = shown(image, force_terminal=True, color_system="truecolor", no_color=False)
    assert "38;2;255;0;0" in coloured and "48;2;0;0;255" in coloured and "▀" in coloured


def test_a_wide_photograph_is_shrunk_to_the_columns():
    lines = shown(np.full((300, 600, 3), 255, np.uint8), columns=40, no_color=True).splitlines()
    assert len(lines) == 10 and set("".join(lines)) == {"█"} and len(lines[0]) == 40


@given(
    arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 2, 3, 4]))),
    st.integers(0, 12),
)
def test_any_image_fits_its_columns(image, columns):
    lines = shown(image, columns, no_color=True).splitlines()
    assert all(len(line) == min(max(columns, 1), image.shape[1]) for line in lines)
