import io
from base64 import b64decode

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

from dl_reports.render.png import data_uri, png


@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))))
def test_another_reader_sees_the_same_pixels(image):
    read = np.asarray(Image.open(io.BytesIO(png(image))))
    assert (read.reshape(image.shape) == image).all()


def test_of_two_and_four_channels_those_are_kept_that_show():
    assert Image.open(io.BytesIO(png(np.zeros((2, 3, 2), np.uint8)))).mode == "L"
    assert Image.open(io.BytesIO(png(np.zeros((2, 3, 4), np.uint8)))).mode == "RGB"


def test_an_address_holds_the_whole_file():
    image = np.zeros((64, 64, 3), np.uint8)
    assert b64decode(data_uri(image).partition(",")[2]) == png(image)
