"""Arrays of sequences become windows; another shape is one line."""

import numpy as np
import pytest

from dl.data.memory import take
from dl.errors import BadData
from dl_vision.frames.memory import from_memory


def test_an_array_of_sequences_becomes_windows_of_each(reading):
    films = np.arange(2 * 4, dtype=np.uint8).reshape(2, 4, 1, 1).repeat(3, axis=2)
    found = from_memory(take(films), reading(steps=2), None)
    assert found.train.array[..., 0, 0, 0].tolist() == [[0, 1, 2], [1, 2, 3], [4, 5, 6], [5, 6, 7]]
    assert found.train.groups.tolist() == [0, 0, 1, 1] and found.options == {"values": "byte"}


def test_single_images_are_refused(reading):
    with pytest.raises(BadData, match=r"sequences of frames are \(S, L, height, width\)"):
        from_memory(take(np.zeros((4, 8, 8), np.uint8)), reading(), None)
