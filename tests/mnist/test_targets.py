import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dl_mnist import targets

INK = arrays.arrays(np.uint8, (3, 28, 28, 1), elements=st.integers(0, 255))


def stroke(lean, height=28):
    """A line two pixels wide that moves ``lean`` pixels to the right for each pixel up, drawn without rounding."""
    image = np.zeros((height, 28), np.float64)
    for row in range(height):
        centre = 14 + lean * ((height - 1) / 2 - row)
        left = int(np.floor(centre))
        image[row, left : left + 2] = 200 * (1 - (centre - left)), 200 * (centre - left)
    return np.rint(image).astype(np.uint8)[None, :, :, None]


def test_even_digits():
    assert targets.is_even(np.arange(10)).tolist() == [1, 0] * 5


def test_attributes_of_every_digit():
    table = dict(enumerate(targets.attributes(np.arange(10)).tolist()))
    assert targets.ATTRIBUTES == ("even", "prime", "closed loop", "more than 4")
    assert table == {
        0: [1, 0, 1, 0],
        1: [0, 0, 0, 0],
        2: [1, 1, 0, 0],
        3: [0, 1, 0, 0],
        4: [1, 0, 0, 0],
        5: [0, 1, 0, 1],
        6: [1, 0, 1, 1],
        7: [0, 1, 0, 1],
        8: [1, 0, 1, 1],
        9: [0, 0, 1, 1],
    }


def test_an_upright_stroke_has_no_slant():
    assert targets.slant(stroke(0.0)).item() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("degrees", [-35.0, -10.0, 5.0, 20.0, 40.0])
def test_a_stroke_leaning_right_by_so_many_degrees_has_that_slant(degrees):
    lean = np.tan(np.radians(degrees))
    assert targets.slant(stroke(lean)).item() == pytest.approx(degrees, abs=0.3)


@given(INK)
def test_a_mirrored_image_leans_the_other_way(images):
    images[:, 0, 0] = images[:, 27, 27] = 9  # some ink, so that there is a slant
    np.testing.assert_allclose(targets.slant(images[:, :, ::-1]), -targets.slant(images), atol=1e-3)


def test_slant_does_not_depend_on_how_many_images_are_computed_at_once(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28, 1), dtype=np.uint8)
    together = targets.slant(images)
    monkeypatch.setattr(targets, "CHUNK", 3)
    np.testing.assert_allclose(targets.slant(images), together, rtol=1e-6)


def test_ink_is_the_share_of_pixels_of_half_ink_or_more():
    images = np.zeros((2, 28, 28, 1), np.uint8)
    images[0, :14] = 128
    images[0, 14:] = 127
    assert targets.ink(images).tolist() == [[0.5], [0.0]]


@given(INK)
def test_ink_is_a_share(images):
    share = targets.ink(images)
    assert share.shape == (3, 1) and (share >= 0).all() and (share <= 1).all()
