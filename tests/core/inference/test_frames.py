"""Frames that follow: their names, the windows that they follow from, and files that are not written over."""

import numpy as np
import pytest

from dl.data.examples import Examples
from dl.errors import BadOption
from dl.inference.frames import newest, next_names, write_frames


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("films/a/frame_0099.png", ("a/frame_0100.png", "a/frame_0101.png")),
        ("films/a/9b.jpg", ("a/10b.png", "a/11b.png")),
        ("sequence 3, frame 6", ("sequence 3, frame 7.png", "sequence 3, frame 8.png")),
    ],
)
def test_names_go_on_counting(source, names):
    assert next_names(source, 2) == names


def test_the_newest_window_of_a_sequence_is_its_last_one_a_frame_later():
    inputs = np.array([[0, 1, 2], [1, 2, 3], [7, 8, 9]], np.uint8)[..., None]
    found = newest(Examples(inputs, np.empty((3, 0)), np.arange(3), groups=np.array([0, 0, 1])))
    assert found.array[..., 0].tolist() == [[2, 3, 0], [8, 9, 0]]


def test_no_file_is_written_over_or_twice(tmp_path):
    frame = np.zeros((1, 4, 4, 1), np.uint8)
    assert write_frames([(["a/1.png"], frame)], tmp_path) == [[str(tmp_path / "a/1.png")]]
    for names, message in ((["a/1.png"], "is there already"), (["b.png"], "would be written twice")):
        with pytest.raises(BadOption, match=f"{message}; name another folder: --out FOLDER"):
            write_frames([(names, frame), (names, frame)], tmp_path)
    assert not (tmp_path / "b.png").exists()
