"""A window is drawn as a strip of its last frames."""

import numpy as np

from dl_vision.frames.draw import draw, sketch, strip


def test_the_last_three_frames_stand_side_by_side_with_lines_between():
    window = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (1, 2, 3, 4)])
    assert strip(window)[0, :, 0].tolist() == [2, 2, 2, 96, 3, 3, 3, 96, 4, 4, 4]
    assert sketch(window).shape == (2, 11, 1) and draw(window, 5).pixels.shape[1] == 5


def test_wide_strips_are_shrunk_and_colours_stay():
    assert sketch(np.zeros((2, 40, 200, 3), np.uint8)).shape == (13, 128, 3)
