import numpy as np
import pytest

from dl.data.examples import Examples
from dl.plugins.loading import load_plugins
from dl_augment.sides import count_sided, settle

AUTO = {"policy": "light", "flip": "auto", "crop": "auto"}


def photographs(count=60, leaning=0.0, names=("left", "right"), targets=None, channels=3):
    """Noise in colours; of the second class, the right half is brighter by ``leaning`` deviations."""
    drawn = np.random.default_rng(0).normal(128, 20, (count, 16, 16, channels))
    classes = np.arange(count) % 2
    drawn[classes == 1, :, 8:] += 20 * leaning
    inputs = drawn.clip(0, 255).astype(np.uint8)
    return Examples(inputs, classes if targets is None else targets, np.arange(count), names)


def values(train, options=AUTO):
    return {one.name: one.value for one in settle(options, train)}


def test_photographs_whose_classes_have_no_side_are_mirrored_and_cut():
    assert values(photographs()) == {"flip": "yes", "crop": "yes"}


def test_images_of_which_a_class_has_a_side_are_neither_mirrored_nor_cut_and_it_is_named():
    found = {one.name: one for one in settle(AUTO, photographs(leaning=2.0))}
    assert (found["flip"].value, found["crop"].value) == ("no", "no")
    assert found["flip"].reason == "images of 'right' resemble each other more than each other's mirror image"


def test_of_images_whose_nearest_is_as_they_are_all_count_and_of_mirror_images_none():
    left, right = np.zeros((1, 8, 8)), np.zeros((1, 8, 8))
    left[0, 0, 0] = right[0, 0, 7] = 1.0
    assert count_sided(np.concatenate([left, left])).tolist() == [2.0, 2.0]
    assert count_sided(np.concatenate([left, right])).tolist() == [0.0, 2.0]
    assert count_sided(np.zeros((3, 8, 8))).tolist() == [1.5, 3.0], "they are their own mirror images"
    assert count_sided(left).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("count", [60, 2_000])
def test_digits_in_colours_whose_classes_are_words_are_found_to_have_sides(count):
    train = load_plugins().dataset("vision", "digits").load({}).train
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    few = train.take(np.arange(min(count, len(train))))
    coloured = Examples(np.repeat(few.inputs, 3, axis=3), few.targets, few.ids, words)
    assert values(coloured) == {"flip": "no", "crop": "no"}


def test_what_leans_hardly_is_mirrored_however_many_images_there_are():
    assert values(photographs(count=400, leaning=0.01))["flip"] == "yes"


def test_grey_images_are_neither_mirrored_nor_cut():
    assert values(photographs(channels=1)) == {"flip": "no", "crop": "no"}


@pytest.mark.parametrize("names", [("6", "9"), ("b", "d")])
def test_digits_and_letters_in_colours_are_neither_mirrored_nor_cut(names):
    assert values(photographs(names=names)) == {"flip": "no", "crop": "no"}


@pytest.mark.parametrize("targets", [np.linspace(-1, 1, 60), np.ones((60, 2), bool)])
def test_where_each_image_has_no_single_class_it_is_not_mirrored(targets):
    assert values(photographs(targets=targets, names=())) == {"flip": "no", "crop": "yes"}


def test_what_the_user_stated_is_left_alone():
    assert values(photographs(), {**AUTO, "flip": "no"}) == {"crop": "yes"}
    assert values(photographs(channels=1), {**AUTO, "crop": "yes", "flip": "yes"}) == {}
