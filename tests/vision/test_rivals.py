"""What the rivals of networks on images read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl_vision.rivals import _pixels, rivals


def examples(images):
    return Examples(images, np.zeros(len(images), np.int64), np.arange(len(images)))


def test_small_images_are_read_pixel_by_pixel_and_large_ones_averaged():
    small = np.full((3, 8, 8, 1), 255, np.uint8)
    assert _pixels(whole(examples(small)), whole(examples(small)))[0].shape == (3, 64)
    large = np.arange(2 * 96 * 65 * 3, dtype=np.uint32).reshape(2, 96, 65, 3).astype(np.uint8)
    rows = _pixels(whole(examples(large)), whole(examples(large)))[1]
    assert rows.shape == (2, 32 * 21 * 3)
    assert np.isclose(rows[0, 0], large[0, :3, :3, 0].mean() / 255)


def test_both_kinds_have_a_linear_model_and_neighbours():
    for learner in ("classifier", "regressor"):
        assert [one.name for one in rivals(learner)] == ["linear", "neighbours"]
        assert all(hasattr(one.learner(), "fit") for one in rivals(learner))
