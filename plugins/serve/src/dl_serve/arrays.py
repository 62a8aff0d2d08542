"""An array that was sent in numpy's format: its header is compared with its size before anything is made of it.

Source: numpy, "NEP 1 - A simple file format for NumPy arrays", versions 1.0 and 2.0.
"""

from __future__ import annotations

import math
import re
from io import BytesIO
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from dl_serve.errors import Refused

KIND = "application/x-npy"
NUMBERS = "biuf"  # kinds of numpy
WIDEST = 8  # bytes of a number
MOST_AXES = 8
HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
MAGIC = b"\x93NUMPY\x01\x00"
USUAL = re.compile(
    re.escape(MAGIC) + rb"(..)\{'descr': '([<>|][biuf]\d)', 'fortran_order': (True|False), "
    rb"'shape': \((\d{1,18}(?:, \d{1,18})+|\d{1,18}(?=,)),?\), \} *\n",
    re.DOTALL,
)
WRONG = "the body is no array of numpy"
SYNTAX = (SyntaxError, TokenError, RecursionError, MemoryError)  # of a header, which is a literal of Python
UNREADABLE = (*SYNTAX, ValueError, TypeError, KeyError, IndexError, OverflowError)


def read_array(body: bytes) -> NDArray[np.generic]:
    """Read an array of numbers; nothing is unpickled, and no more memory is taken than its bytes.

    Raises:
        Refused: If the body is none, or not as long as its header states.
    """
    try:
        shape, by_columns, dtype, at = _header_of(body)
    except UNREADABLE as error:
        raise Refused(400, f"{WRONG}; write one with numpy.save") from error
    if dtype.kind not in NUMBERS or dtype.itemsize > WIDEST:
        raise Refused(400, f"{WRONG} of numbers; convert it, as to float32 or uint8")
    if len(shape) > MOST_AXES or min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(body) - at:
        raise Refused(400, f"{WRONG}: its header does not fit its size")
    values = np.frombuffer(body, dtype, offset=at).reshape(shape, order="F" if by_columns else "C")
    return values.astype(dtype.newbyteorder("="), order="C")  # a copy, which may be written to


def _header_of(body: bytes) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:  # Any: of what is stated
    """Return shape, order, kind of number and length of a header; one as numpy writes it needs no parser of Python."""
    plain = USUAL.match(body)
    if plain and plain.end() == len(MAGIC) + 2 + int.from_bytes(plain[1], "little"):
        shape = tuple(map(int, plain[4].split(b",")))
        return shape, plain[3] == b"True", np.dtype(plain[2].decode()), plain.end()
    stream = BytesIO(body)
    shape, by_columns, dtype = HEADERS[npy.read_magic(stream)](stream)
    return shape, by_columns, dtype, stream.tell()


def check_finite(values: NDArray[np.generic]) -> None:
    """Refuse numbers that are none.

    Raises:
        Refused: If one is NaN or infinite.
    """
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise Refused(400, "the inputs hold numbers that are NaN or infinite; leave them out")
