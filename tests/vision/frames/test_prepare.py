"""Frames are standardized like images, each alike, and turned back; settings restore the same preprocessor."""

import numpy as np
import pytest
import torch

from dl.data.examples import Examples, Subset, whole
from dl.errors import BadData, BadRun
from dl_vision.frames.prepare import learn, restore


@pytest.fixture
def windows():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 3, 5, 6, 3), np.uint8)
    return Examples(pixels, np.empty((4, 0)), np.arange(4))


def test_every_channel_of_the_chosen_windows_has_mean_0_and_deviation_1_and_comes_back(windows, reading):
    preprocessor = learn(Subset(windows, np.array([1, 3])), reading())
    stored = torch.from_numpy(windows.array[[1, 3]])
    prepared = preprocessor(stored)
    assert preprocessor.input_shape == (3, 3, 5, 6) == tuple(prepared.shape[1:])
    torch.testing.assert_close(prepared.mean(dim=(0, 1, 3, 4)), torch.zeros(3), atol=1e-5, rtol=0)
    np.testing.assert_array_equal(preprocessor.undo(prepared), stored.numpy())
    again = restore(preprocessor.settings())
    assert torch.equal(again(stored), prepared)


def test_settings_and_inputs_of_another_form_are_refused(windows, reading):
    with pytest.raises(BadRun, match="frames is None"):
        restore({})
    with pytest.raises(BadData, match="windows of frames are uint8"):
        learn(whole(Examples(windows.array[:, 0], windows.targets, windows.ids)), reading())
