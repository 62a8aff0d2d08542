"""A column of images names files that are there."""

import numpy as np
from PIL import Image

from dl.tables.columns import Column
from dl_vision.columns import claims


def test_files_that_are_there_are_images_and_others_are_said(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    assert claims(Column("x", ("a.png", "b.png")), tmp_path).sure
    assert not claims(Column("x", ("b.png", "c.png")), tmp_path).sure
    assert claims(Column("x", ("a.txt", "words")), tmp_path) is None
