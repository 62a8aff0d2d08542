"""The side that images of several sizes are resized to."""

from dl_vision.sizes import are_wide, common_side


def test_it_is_the_median_of_the_shorter_sides_within_bounds():
    assert common_side([(30, 50), (40, 90), (60, 45)]) == 40
    assert common_side([(2, 3), (3, 4)]) == 8
    assert common_side([(3000, 4000)] * 100) == 224


def test_many_large_images_get_fewer_pixels_and_never_below_64():
    assert common_side([(300, 400)] * 10_000) == 158
    assert common_side([(300, 400)] * 1_000_000) == 64
    assert common_side([(28, 30)] * 1_000_000) == 28


def test_images_twice_as_wide_as_high_may_be_lines():
    assert are_wide([(10, 20), (10, 40), (30, 30)]) and not are_wide([(10, 19), (10, 40), (30, 30)])
