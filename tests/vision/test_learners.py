"""What the learners on images read."""

import numpy as np

from dl.data.examples import Examples, whole
from dl_vision.learners import _rows, linear_classifier, linear_regressor, neighbours_classifier, neighbours_regressor


def examples(images):
    return Examples(images, np.zeros(len(images), np.int64), np.arange(len(images)))


def test_small_images_are_read_pixel_by_pixel_and_large_ones_averaged():
    small = np.full((3, 8, 8, 1), 255, np.uint8)
    assert _rows(None, whole(examples(small))).shape == (3, 64)
    large = np.arange(2 * 96 * 65 * 3, dtype=np.uint32).reshape(2, 96, 65, 3).astype(np.uint8)
    rows = _rows(None, whole(examples(large)))
    assert rows.shape == (2, 32 * 21 * 3)
    assert np.isclose(rows[0, 0], large[0, :3, :3, 0].mean() / 255)


def test_the_options_are_those_of_the_estimator():
    assert linear_classifier({"penalty": 4.0}).build()[-1].C == 0.25
    assert linear_regressor({"penalty": 4.0}).build()[-1].alpha == 4
    for kind in (neighbours_classifier, neighbours_regressor):
        assert kind({"count": 3}).build().n_neighbors == 3
