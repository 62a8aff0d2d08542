import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dl.data.examples import Examples, Subset, whole
from dl.errors import BadData, BadOption, BadRun
from dl_vision.prepare import VisionPreprocessor, learn, restore

IMAGES = arrays.arrays(np.uint8, st.tuples(*(st.integers(1, 5) for _ in range(3)), st.sampled_from([1, 3])))


def examples(images):
    return Examples(images, np.zeros(len(images), np.int64), np.arange(len(images)))


def photos(n=50, channels=3):
    return np.random.default_rng(0).integers(0, 256, (n, 6, 5, channels), dtype=np.uint8)


@given(IMAGES)
def test_mean_and_deviation_are_numpys(images):
    learnt = learn(whole(examples(images)), {})
    scaled = images.astype(np.float64) / 255
    np.testing.assert_allclose(learnt.mean, scaled.mean((0, 1, 2)), atol=1e-12)
    np.testing.assert_allclose(learnt.std, scaled.std((0, 1, 2)), atol=1e-7)


def test_the_training_part_alone_is_learnt_from():
    images = photos()
    images[20:] = 255
    part = Subset(examples(images), np.arange(20))
    assert learn(part, {}).mean == learn(whole(examples(images[:20])), {}).mean


def test_prepared_training_images_have_mean_zero_and_deviation_one():
    images = photos()
    prepared = learn(whole(examples(images)), {})(torch.from_numpy(images))
    assert prepared.shape == (50, 3, 6, 5) and prepared.dtype == torch.float32
    torch.testing.assert_close(prepared.mean((0, 2, 3)), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(prepared.std((0, 2, 3), correction=0), torch.ones(3))


@pytest.mark.parametrize("channels", [1, 3])
def test_prepared_images_lie_in_channels_last(channels):
    images = photos(channels=channels)
    prepared = learn(whole(examples(images)), {})(torch.from_numpy(images))
    assert prepared.is_contiguous(memory_format=torch.channels_last)


def test_every_pixel_is_standardized_by_its_own_channel():
    images = photos(4)
    learnt = learn(whole(examples(images)), {})
    expected = (images / 255 - np.array(learnt.mean)) / np.array(learnt.std)
    np.testing.assert_allclose(learnt(torch.from_numpy(images)).permute(0, 2, 3, 1).numpy(), expected, atol=1e-5)


def test_a_channel_that_never_changes_becomes_zero():
    images = photos()
    images[..., 1] = 77
    prepared = learn(whole(examples(images)), {})(torch.from_numpy(images))
    assert prepared.isfinite().all() and prepared[:, 1].abs().max() < 1e-6


@given(IMAGES)
def test_settings_survive_json_and_give_the_same_preprocessor(images):
    learnt = learn(whole(examples(images)), {})
    again = restore(json.loads(json.dumps(learnt.settings())))
    assert again.input_shape == learnt.input_shape == (images.shape[3], *images.shape[1:3])
    assert torch.equal(again(torch.from_numpy(images)), learnt(torch.from_numpy(images)))


def test_settings_say_size_colour_mean_and_deviation():
    assert VisionPreprocessor((1, 2, 3), (0.5,), (0.25,)).settings() == {
        "channels": 1,
        "height": 2,
        "width": 3,
        "colour": "grey",
        "mean": [0.5],
        "std": [0.25],
    }


@pytest.mark.parametrize(
    "change", [{"mean": [0.1, 0.2]}, {"std": "x"}, {"height": 0}, {"width": None}, {"mean": [float("nan")]}]
)
def test_settings_that_do_not_fit_together_are_a_bad_run(change):
    settings = VisionPreprocessor((1, 2, 3), (0.5,), (0.25,)).settings() | change
    with pytest.raises(BadRun, match="stored image preprocessor"):
        restore(settings)


def test_the_preparation_follows_the_network_to_double():
    images = torch.from_numpy(photos(2))
    assert learn(whole(examples(photos())), {}).double()(images).dtype == torch.float64


def test_a_size_that_a_named_data_set_does_not_have_is_refused():
    with pytest.raises(BadOption, match="size=32: the images of this data set are stored as 6x5"):
        learn(whole(examples(photos())), {"size": 32, "colour": "auto"})
    with pytest.raises(BadOption, match="colour=grey: the images of this data set are stored as rgb"):
        learn(whole(examples(photos())), {"size": 0, "colour": "grey"})


@pytest.mark.parametrize(
    "inputs", [np.zeros((3, 4, 4), np.uint8), np.zeros((3, 4, 4, 1)), np.zeros((0, 4, 4, 1), np.uint8)]
)
def test_inputs_that_are_no_stored_images_are_refused(inputs):
    with pytest.raises(BadData, match="images are stored as uint8"):
        learn(whole(examples(inputs)), {})


@pytest.mark.parametrize("channels", [1, 3])
def test_prepared_images_are_turned_back_into_the_same_pixels_and_others_are_clipped(channels):
    images = np.random.default_rng(0).integers(0, 256, (4, 5, 6, channels), np.uint8)
    found = learn(whole(Examples(images, np.zeros(4, np.int64), np.arange(4))), {})
    prepared = found(torch.from_numpy(images))
    assert np.array_equal(found.undo(prepared), images)
    assert found.undo(prepared + 100).min() == 255
