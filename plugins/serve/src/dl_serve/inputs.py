"""The body of a request: what is asked, from JSON, a form, a table, a text or an image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from dl_serve.arrays import KIND as NPY
from dl_serve.arrays import NUMBERS, check_finite, read_array
from dl_serve.errors import Refused
from dl_serve.multipart import Part, split_parts
from dl_serve.settings import Limits
from dl_serve.uploads import check_file, lines_of

Cell = str | int | float | bool | None
SAMPLING = ("tokens", "temperature", "seed")
TABLES = {
    "text/csv": "rows.csv",
    "text/tab-separated-values": "rows.tsv",
    "application/jsonl": "rows.jsonl",
    "application/x-ndjson": "rows.jsonl",
}
KINDS = "application/json, application/x-npy, multipart/form-data, text/csv, text/plain or image/..."


class Body(msgspec.Struct, forbid_unknown_fields=True):
    """A body of JSON.

    Args:
        texts: Texts, or prompts.
        rows: Rows of a table, by the names of its columns.
        inputs: Numbers: images, or rows.
        tokens: As for `dl.predict`, as are the others.
        temperature: Of sampling.
        seed: Of sampling.
        strict: Whether an input with what the training set lacks is an error.
    """

    texts: list[str] | None = None
    rows: list[dict[str, Cell]] | None = None
    inputs: list | None = None  # type: ignore[type-arg]  # lists of numbers, as deep as they are
    tokens: int | None = None
    temperature: float | None = None
    seed: int | None = None
    strict: bool = False


@dataclass(frozen=True)
class Asked:
    """What a request asks.

    Args:
        files: Names as they were sent, and contents.
        texts: Texts, or prompts.
        array: Numbers.
        sampling: Choices of generation.
        strict: Whether an input with what the training set lacks is an error.
    """

    files: tuple[tuple[str, bytes], ...] = ()
    texts: tuple[str, ...] = ()
    array: NDArray[np.generic] | None = None
    sampling: Mapping[str, float | None] = field(default_factory=dict)
    strict: bool = False

    @property
    def most(self) -> int:
        """The largest number of inputs that this can be: a table is not read yet."""
        rows = 0 if self.array is None else len(self.array)
        return rows + len(self.texts) + sum(lines_of(name, content) for name, content in self.files)


def parse(content_type: str, body: bytes, limits: Limits) -> Asked:
    """Read a body.

    Args:
        content_type: The header.
        body: All of it.
        limits: Of a request.

    Raises:
        Refused: If it cannot be read, or asks for too much.
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json":
        return _from_json(body, limits)
    if kind == NPY:
        return _checked(Asked(array=read_array(body)), limits)
    if kind == "multipart/form-data":
        return _from_form(split_parts(content_type, body, limits.rows), limits)
    if kind == "text/plain":
        return _checked(Asked(texts=(_text(body),)), limits)
    if kind in TABLES:
        return _checked(Asked(((TABLES[kind], body),)), limits)
    if kind.startswith("image/"):
        return _checked(Asked((("image.png", body),)), limits)
    raise Refused(415, f"{_type(kind)} is not read; send {KINDS}")


def _type(kind: str) -> str:
    return f"the content type {kind[:100]!r}" if kind else "a body without a content type"


def _from_json(body: bytes, limits: Limits) -> Asked:
    """Read a body of JSON.

    Raises:
        Refused: If it is none, or has not exactly one of the three fields of inputs.
    """
    try:
        found = msgspec.json.decode(body, type=Body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Refused(400, f"the body is no JSON of a request: {error}") from error
    except RecursionError as error:
        raise Refused(400, "the body is no JSON of a request: it is nested too deeply") from error
    given = [name for name in ("texts", "rows", "inputs") if getattr(found, name) is not None]
    if len(given) != 1:
        raise Refused(400, f'one of "texts", "rows" and "inputs" is needed; found {", ".join(given) or "none"}')
    check_rows(len(getattr(found, given[0])), limits)
    sampling = {name: getattr(found, name) for name in SAMPLING}
    rows = b"\n".join(map(msgspec.json.encode, found.rows or ()))
    files = () if found.rows is None else (("rows.jsonl", rows),)
    array = None if found.inputs is None else _array(found.inputs)
    return _checked(Asked(files, tuple(found.texts or ()), array, sampling, found.strict), limits)


def _array(values: list[object]) -> NDArray[np.generic]:
    """Convert lists of numbers; whole numbers of a byte become pixels.

    Raises:
        Refused: If they are of different lengths, or hold no numbers.
    """
    if (pixels := _pixels(values)) is not None:
        return pixels
    try:
        array = np.asarray(values)
    except (ValueError, OverflowError) as error:
        raise Refused(400, '"inputs" are lists of different lengths, or too deep; bring them to one') from error
    if array.dtype.kind not in NUMBERS:
        raise Refused(400, '"inputs" are no numbers; send texts as "texts", and rows with names as "rows"')
    whole = array.dtype.kind in "iu" and array.min() >= 0 and array.max() < 256
    return array.astype(np.uint8) if whole and array.ndim > 2 else array


def _pixels(values: list[Any]) -> NDArray[np.uint8] | None:  # Any: of any type
    """Convert lists of images of whole numbers of a byte, much sooner than numpy does; None for all others."""
    rows, shape = values, [len(values)]
    try:
        while isinstance(rows[0][0], list):
            shape.append(_length(rows))
            rows = list(chain.from_iterable(rows))
        if len(shape) < 2 or isinstance(rows[0][0], bool):  # of which numpy makes flags, if all are
            return None
        shape.append(_length(rows))
        return np.frombuffer(bytearray().join(map(bytes, rows)), np.uint8).reshape(shape)
    except (TypeError, ValueError, IndexError, KeyError):  # no lists, of several lengths or empty, other numbers
        return None


def _length(rows: list[list[object]]) -> int:
    """Return the length that all rows have.

    Raises:
        ValueError: If they differ.
    """
    (length,) = set(map(len, rows))
    return length


def _from_form(parts: list[Part], limits: Limits) -> Asked:
    """Read a form: files, and fields named ``text``, ``strict`` and as the choices of generation.

    Raises:
        Refused: If a field is unknown, or no number.
    """
    files = tuple((part.filename, part.content) for part in parts if part.filename)
    fields = [(part.name, _text(part.content)) for part in parts if part.filename is None]
    if unknown := {name for name, _ in fields} - {"text", "strict", *SAMPLING}:
        raise Refused(400, f"the form has an unknown field {min(unknown)!r}; send files, and the field text")
    texts = tuple(value for name, value in fields if name == "text")
    strict = any(name == "strict" and value in ("1", "true", "on") for name, value in fields)
    sampling = {name: _number(name, value) for name, value in fields if name in SAMPLING}
    return _checked(Asked(files, texts, None, sampling, strict), limits)


def _number(name: str, value: str) -> float:
    try:
        return float(value) if name == "temperature" else int(value)
    except ValueError as error:
        raise Refused(400, f"the field {name!r} of the form is no number") from error


def _checked(asked: Asked, limits: Limits) -> Asked:
    """Refuse files that unpack to too much, and too many inputs.

    Raises:
        Refused: With the limit.
    """
    if not asked.files and not asked.texts and asked.array is None:
        raise Refused(400, f"the request holds no input; send {KINDS}")
    if asked.array is not None:
        _check_array(asked.array)
    check_rows(asked.most, limits)
    if sum(check_file(name, content) for name, content in asked.files) > limits.pixels:
        raise Refused(413, f"images of more than {limits.pixels:,} pixels together; send smaller ones")
    return asked


def _check_array(array: NDArray[np.generic]) -> None:
    """Refuse an array without rows, or with numbers that are none.

    Raises:
        Refused: With the fault.
    """
    if not array.ndim or not array.size:
        raise Refused(400, f"an array of the shape {array.shape} holds no inputs; the first axis counts them")
    check_finite(array)


def check_rows(count: int, limits: Limits) -> None:
    """Refuse more inputs than a request may hold.

    Raises:
        Refused: With the limit.
    """
    if count > limits.rows:
        raise Refused(413, f"more than {limits.rows:,} inputs in a request; send fewer at once")


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refused(400, "a text is not in UTF-8") from error
