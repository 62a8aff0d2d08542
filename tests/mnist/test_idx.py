import gzip
import struct
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from dl.errors import BadFile
from dl_mnist.idx import IdxFile, read_idx

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def idx(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def known(array=PIXELS):
    return IdxFile("some.gz", array.shape, sha256(idx(array)).hexdigest())


def put(folder, content):
    (folder / "some.gz").write_bytes(content)
    return folder


@given(arrays.arrays(np.uint8, arrays.array_shapes(min_dims=1, max_dims=3, max_side=9)))
def test_what_is_written_is_read(tmp_path_factory, array):
    folder = put(tmp_path_factory.mktemp("idx"), gzip.compress(idx(array), mtime=0))
    read = read_idx(folder, known(array))
    np.testing.assert_array_equal(read, array)
    assert read.flags.writeable


def test_one_changed_pixel_is_a_wrong_hash_that_names_both(tmp_path):
    changed = PIXELS.copy()
    changed[1, 1, 1] ^= 1
    with pytest.raises(BadFile) as caught:
        read_idx(put(tmp_path, gzip.compress(idx(changed), mtime=0)), known())
    said = str(caught.value)
    assert "some.gz" in said and known().sha256 in said and known(changed).sha256 in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found an empty file"),
        (b"not gzip at all", "cannot be decompressed"),
        (gzip.compress(idx(PIXELS), mtime=0)[:-12], "cannot be decompressed"),
        (gzip.compress(idx(PIXELS)[:-1], mtime=0), "expected 24 bytes after the header, found 23 bytes"),
        (gzip.compress(idx(PIXELS) + b"x", mtime=0), "expected 24 bytes after the header, found more"),
        (gzip.compress(idx(PIXELS.reshape(3, 2, 4)), mtime=0), "expected the IDX header"),
        (gzip.compress(b"cos\nsystem\n(S'echo'\ntR.", mtime=0), "expected the IDX header"),
    ],
)
def test_anything_else_is_refused(tmp_path, content, said):
    with pytest.raises(BadFile, match=said):
        read_idx(put(tmp_path, content), known())


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadFile, match=r"some.gz' cannot be decompressed"):
        read_idx(tmp_path, known())


@given(st.data())
def test_a_flipped_bit_never_passes(tmp_path_factory, data):
    content = bytearray(gzip.compress(idx(PIXELS), mtime=0))
    at = data.draw(st.integers(10, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    folder = put(tmp_path_factory.mktemp("idx"), bytes(content))
    try:
        read = read_idx(folder, known())
    except BadFile:
        return
    np.testing.assert_array_equal(read, PIXELS)
