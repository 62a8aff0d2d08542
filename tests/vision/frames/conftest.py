import numpy as np
import pytest
from PIL import Image

from dl.options import check
from dl_vision.frames.specs import READING


@pytest.fixture
def films(tmp_path):
    """A function that writes frames: films({"a/frame_01.png": 3}) gives that frame the grey value 3, 8x8."""

    def write(frames, side=8):
        for name, value in frames.items():
            path = tmp_path / "films" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((side, side), value, np.uint8)).save(path)
        return tmp_path / "films"

    return write


@pytest.fixture
def reading():
    """A function that checks options of reading."""
    return lambda **options: check(READING, options, "frames data")
