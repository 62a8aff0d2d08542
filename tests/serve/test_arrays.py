import io
import math

import numpy as np
import pytest

from dl_serve.arrays import check_finite, read_array
from dl_serve.errors import Refused


def saved(values):
    stream = io.BytesIO()
    np.save(stream, values, allow_pickle=True)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", ["uint8", ">f4", "float64", "bool", "int16"])
def test_an_array_is_what_was_saved_in_the_order_of_this_machine(dtype):
    values = np.asfortranarray(np.arange(24).reshape(2, 3, 4).astype(dtype))
    found = read_array(saved(values))
    assert found.tolist() == values.tolist()
    assert (found.dtype, found.flags.writeable) == (values.dtype.newbyteorder("="), True)


@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 1)])
def test_a_header_in_another_order_states_the_same(shape):
    values = np.arange(math.prod(shape), dtype="<i2").reshape(shape)
    words = f"{{'shape': {shape}, 'fortran_order': False, 'descr': '<i2'}}\n".encode()
    other = b"\x93NUMPY\x01\x00" + len(words).to_bytes(2, "little") + words + values.tobytes()
    assert read_array(saved(values)).tolist() == read_array(other).tolist() == values.tolist()


@pytest.mark.parametrize("kind", [b"'<i3'", b"'<f9'", b"'|b8'"])
def test_a_number_of_a_width_that_numpy_lacks_is_refused(kind):
    with pytest.raises(Refused, match="no array of numpy"):
        read_array(saved(np.zeros((2, 2), "<f8")).replace(b"'<f8'", kind))


def test_a_header_that_states_more_than_was_sent_is_refused():
    content = saved(np.zeros((2, 3), np.uint8))
    for other in (content[:-1], content + b"0", content.replace(b"(2, 3)", b"(9, 9)"), b""):
        with pytest.raises(Refused, match="no array of numpy"):
            read_array(other)


def test_nothing_is_unpickled():
    with pytest.raises(Refused, match="convert it"):
        read_array(saved(np.array([{"a": 1}], object)))


def test_a_number_that_is_none_is_refused():
    with pytest.raises(Refused, match="NaN"):
        check_finite(np.array([1.0, np.nan]))
