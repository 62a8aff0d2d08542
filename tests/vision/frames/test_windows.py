"""Windows: which frames lie in which, one group a sequence, and the newest one with a blank."""

import numpy as np
import pytest

from dl.errors import BadData
from dl_vision.frames import windows
from dl_vision.frames.windows import Sequences, newest_windows, windows_of


def counted(*lengths):
    """Sequences whose frames have one pixel: 0, 1, 2, ... over all of them."""
    frames = np.arange(sum(lengths), dtype=np.uint8).reshape(-1, 1, 1, 1)
    return Sequences(frames, lengths, [f"s{k}" for k in range(len(lengths))], [str(k) for k in range(len(frames))])


def test_every_window_and_the_next_frame_is_an_example_in_the_group_of_its_sequence():
    found = windows_of(counted(4, 3), steps=2, first=5)
    assert found.array[..., 0, 0, 0].tolist() == [[0, 1, 2], [1, 2, 3], [4, 5, 6]]
    assert found.groups.tolist() == [5, 5, 6] and list(found.sources) == ["2", "3", "6"]
    assert found.targets.shape == (3, 0)


def test_windows_of_frames_that_stand_still_have_ids_of_their_own():
    still = Sequences.of_equal_length(np.zeros((2, 4, 1, 1, 1), np.uint8), ["a", "b"])
    assert len(set(windows_of(still, 2).ids.tolist())) == 4


def test_the_newest_window_ends_with_a_blank():
    found = newest_windows(counted(4, 2), steps=2)
    assert found.array[..., 0, 0, 0].tolist() == [[2, 3, 0], [4, 5, 0]] and list(found.sources) == ["3", "5"]


def test_short_sequences_and_too_many_frames_are_one_line(monkeypatch):
    with pytest.raises(BadData, match="1 of 2 sequences is too short: 's1' has 2 frames, and steps=2 needs at least 3"):
        windows_of(counted(4, 2), 2)
    with pytest.raises(BadData, match="1 of 1 sequence is too short: 's0' has 1 frame, and the run reads 2"):
        newest_windows(counted(1), 2)
    monkeypatch.setattr(windows, "MOST_BYTES", 8)
    with pytest.raises(BadData, match="3 windows of 3 frames are 0 GB; make frames smaller, as size=64"):
        windows_of(counted(5), 2)
