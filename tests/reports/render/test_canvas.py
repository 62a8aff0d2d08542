import numpy as np
import pytest

from dl_reports.render.canvas import Canvas, along, shade, stroke


def drawn(canvas):
    return [line.plain for line in canvas.lines()]


def test_each_dot_has_its_place_in_a_character():
    canvas = Canvas(1, 1)
    shown = []
    for up, across in ((3, 0), (3, 1), (0, 0), (0, 1)):
        dots = np.zeros((4, 2), bool)
        dots[up, across] = True
        canvas = Canvas(1, 1)
        canvas.dots(dots, "")
        shown += drawn(canvas)
    assert shown == ["⠁", "⠈", "⡀", "⢀"]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right():
    canvas = Canvas(2, 1)
    canvas.dots(stroke(canvas, along(canvas, np.array([0.0, 1.0]), np.array([0.0, 1.0])), 1, 0), "")
    assert drawn(canvas) == ["⡠⠊"]


def test_a_jump_is_joined_and_a_gap_is_not():
    canvas = Canvas(2, 2)
    jump = stroke(canvas, np.array([0.0, 7.0, np.nan, 3.0]), 1, 0)
    assert jump.sum(axis=0).tolist() == [1, 7, 0, 1]


def test_where_a_value_is_missing_the_line_has_a_hole():
    canvas = Canvas(4, 1)
    heights = along(canvas, np.array([0.0, 0.25, 0.5, 1.0]), np.array([0.5, np.nan, 0.5, 0.5]))
    assert np.isnan(heights[:4]).all() and np.isfinite(heights[4:]).all()


def test_a_band_has_every_fourth_dot_of_each_row_between_its_ends():
    canvas = Canvas(4, 1)
    dots = shade(canvas, np.full(8, 1.0), np.full(8, 2.0))
    assert dots.sum(axis=1).tolist() == [0, 2, 2, 0]


def test_a_line_stands_over_a_character_and_a_character_over_a_band():
    canvas = Canvas(2, 1)
    canvas.under(np.ones((4, 4), bool), "")
    canvas.put(0, 0, "x", "")
    assert drawn(canvas) == ["x⣿"]
    canvas.dots(np.ones((4, 4), bool), "")
    assert drawn(canvas) == ["⣿⣿"]


@pytest.mark.parametrize(("on", "off", "expected"), [(1, 0, 8), (1, 3, 2), (5, 3, 5)])
def test_strokes_differ_in_how_many_dots_they_leave_out(on, off, expected):
    canvas = Canvas(4, 1)
    assert stroke(canvas, np.zeros(8), on, off).sum() == expected
