"""The digit that is drawn for the tutorial."""

import numpy as np
from PIL import Image

from dl.tutorial.draw import DIGIT, draw_digit


def test_it_is_an_image_of_the_size_of_mnist_white_on_black_with_a_bar_above(tmp_path):
    draw_digit(tmp_path)
    with Image.open(tmp_path / DIGIT) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (28, 28) and set(np.unique(pixels)) == {0, 255}
    assert (pixels[6, 6:22] == 255).all() and not pixels[:4].any() and pixels[20].any()
