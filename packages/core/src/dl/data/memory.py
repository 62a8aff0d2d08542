"""Data in memory: convert arrays, tensors, frames, lists and other libraries' data sets to the five forms of domains.

Nothing here imports torch, pandas, polars or datasets: their values are recognized by their attributes.
Letters: ``N`` examples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import BadData
from dl.terminal import safe_text
from dl.words import many

ARRAY, TEXTS, PATHS, IMAGES, FRAME = "array", "texts", "paths", "images", "frame"
GIVE = "give an array, a tensor, a frame, a list, or a data set with a length"


@dataclass(frozen=True)
class Given:
    """N inputs in memory.

    Args:
        form: ``array``, ``texts``, ``paths``, ``images`` or ``frame``.
        values: (N, ...) numbers; N strings; N paths; N images of pillow; a pyarrow table of N rows.
        words: Description for messages, as "a frame of 3 columns".
        from_torch: Whether an array was a tensor, with channels first.
        images: The image columns of a frame, which are not in the table.
        categories: The columns of a frame with a categorical type.
        only_predicted: Whether nothing but their prediction is asked, so that ids may be positions: nobody compares
            them, and to hash an image takes as long as to preprocess it.
    """

    form: str
    values: Any  # Any: as `form` says
    words: str
    from_torch: bool = False
    images: Mapping[str, Sequence[Any]] = field(default_factory=dict)  # Any: images of pillow
    categories: tuple[str, ...] = ()
    only_predicted: bool = False

    def __len__(self) -> int:
        if self.form == FRAME and not self.values.num_columns and self.images:
            return len(next(iter(self.images.values())))
        return int(self.values.num_rows) if self.form == FRAME else len(self.values)


def is_named(data: object) -> bool:
    """Return whether data is given by name or path."""
    return isinstance(data, (str, os.PathLike))


def split_pair(data: object, target: object) -> tuple[object, object]:
    """Split data into inputs and targets: a pair, separate arguments, or a data set of pairs.

    Raises:
        BadData: If a tuple or an example of a data set is not a pair.
    """
    if isinstance(data, tuple):
        if len(data) != 2:
            raise BadData(f"data is a tuple of {len(data)}; expected (inputs, targets)")
        if target is not None:
            raise BadData("the target is given twice: in the pair (inputs, targets) and as target=")
        return data
    if _is_map_style(data):
        inputs, targets = _unzipped(data)
        return inputs, targets if target is None else target
    return data, target


def take(data: object) -> Given:
    """Convert inputs to one of the five forms.

    Raises:
        BadData: If they have another type.
    """
    given = data if isinstance(data, Given) else _taken(data)
    if not len(given):
        raise BadData(f"{given.words} holds no example")
    return given


def _taken(data: object) -> Given:
    for fits, reader in _READERS:
        if fits(data):
            return reader(data)
    if hasattr(data, "__array__"):
        return _from_array(np.asarray(data))
    raise BadData(f"data is {_article(data)}; {GIVE}")


# Arrays and tensors


def as_array(values: Any) -> NDArray[Any]:  # Any: an array, a tensor, or what numpy takes for one
    """Convert to an array; a tensor is copied to the host.

    Raises:
        BadData: If it is sparse.
    """
    if _is_sparse(values):
        raise BadData(f"{_article(values)} is sparse; give it dense, as with .toarray()")
    if _is_tensor(values):
        host = values.detach().cpu()
        try:
            return np.asarray(host.numpy())
        except TypeError:  # bfloat16, which numpy does not have
            return np.asarray(host.float().numpy())
    try:
        return np.asarray(values)
    except ValueError as error:
        raise BadData("a list of lists of different lengths; bring them to one") from error


def _refuse_sparse(data: Any) -> Given:  # Any: of scipy or torch
    as_array(data)
    raise AssertionError("as_array refuses a sparse array")


def _from_tensor(data: Any) -> Given:  # Any: a tensor
    return _from_array(as_array(data), from_torch=True)


def _from_array(array: NDArray[Any], *, from_torch: bool = False) -> Given:
    words = _words(array.dtype, array.shape, from_torch)
    if array.ndim == 0:
        raise BadData(f"data is a single value, {safe_text(array, 40)}; {GIVE}")
    if array.dtype.names:
        return _from_columns({name: array[name] for name in array.dtype.names})
    if array.dtype.kind in "UO" and array.ndim == 1:
        return _from_list(array.tolist())
    if array.dtype.kind == "O":
        raise BadData(f"{words} holds objects, not numbers; convert it, as with .astype(float)")
    if array.dtype.kind == "c":
        raise BadData(f"{words} holds complex numbers; give real ones, as two columns")
    if array.dtype.kind not in "biuf":
        raise BadData(f"{words} holds no numbers; give numbers, strings, or a frame")
    return Given(ARRAY, array, words, from_torch)


@lru_cache(64)
def _words(dtype: np.dtype[Any], shape: tuple[int, ...], from_torch: bool) -> str:
    """Describe an array; numpy takes as long to write a dtype as all else takes here."""
    return f"{'a tensor' if from_torch else 'an array'} of {dtype} {shape}"


# Lists


def _from_list(values: Sequence[Any]) -> Given:  # Any: of any type
    if not len(values):
        raise BadData("data is an empty list")
    kinds = [_kind(value) for value in values]
    first = kinds[0]
    if kinds.count(first) < len(kinds):
        at = next(at for at, kind in enumerate(kinds) if kind != first)
        raise BadData(f"a list of mixed kinds: {first} first, and {kinds[at]} at {at}")
    if first == "a string":
        return Given(TEXTS, [str(value) for value in values], f"a list of {many(len(values), 'string')}")
    if first == "a path":
        return Given(PATHS, [Path(value) for value in values], f"a list of {many(len(values), 'path')}")
    if first == "an image":
        return Given(IMAGES, list(values), f"a list of {many(len(values), 'image')}")
    if first == "a number":
        return _from_array(np.asarray(values))
    if first != "an array":
        raise BadData(f"a list of values, each {first}; {GIVE}")
    return _stacked([as_array(value) for value in values], from_torch=all(map(_is_tensor, values)))


def _stacked(arrays: Sequence[NDArray[Any]], *, from_torch: bool) -> Given:
    shapes = list(dict.fromkeys(array.shape for array in arrays))
    if len(shapes) > 1:
        raise BadData(f"a list of arrays of different shapes: {shapes[0]} and {shapes[1]}; bring them to one")
    return _from_array(np.stack(arrays), from_torch=from_torch)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "a string"
    if isinstance(value, os.PathLike):
        return "a path"
    if isinstance(value, (bool, int, float, np.generic)):
        return "a number"
    if _is_image(value):
        return "an image"
    if isinstance(value, (np.ndarray, list, tuple)) or _is_tensor(value):
        return "an array"
    return _article(value)


# Map-style data sets


def _is_map_style(data: object) -> bool:
    """Return whether data is a map-style data set, as PyTorch's."""
    others = (str, bytes, Mapping, list, tuple, np.ndarray, Given)
    if isinstance(data, others) or _is_frame(data) or _is_tensor(data) or _is_sparse(data) or _is_series(data):
        return False
    return hasattr(data, "__len__") and not hasattr(data, "__array__") and not _is_stream(data)


def _from_map_style(data: Any) -> Given:  # Any: a data set of pairs, whose targets are dropped
    return take(_unzipped(data)[0])


def _unzipped(data: Any) -> tuple[list[Any], list[Any]]:  # Any: a data set of pairs
    """Read every example of a map-style data set.

    Raises:
        BadData: If an example is not a pair.
    """
    inputs, targets = [], []
    for at in range(len(data)):
        example = data[at]
        if not isinstance(example, (tuple, list)) or len(example) != 2:
            raise BadData(f"{_article(data)} returns {_article(example)} for {at}; expected a pair (input, target)")
        inputs.append(example[0])
        targets.append(example[1])
    if not inputs:
        raise BadData(f"{_article(data)} holds no example")
    return inputs, targets


# Frames


def _from_columns(columns: Mapping[str, Any]) -> Given:  # Any: what pyarrow takes as a column
    import pyarrow as pa

    return _frame(lambda: pa.table({str(name): _column(name, column) for name, column in columns.items()}))


def _column(name: object, values: Any) -> Any:  # Any: as above
    if _is_named_split(values):
        raise BadData(f"data has the splits {safe_text(name)!r}, ...; give one of them, and another as test=")
    array = as_array(values) if _is_tensor(values) else values
    return array.tolist() if isinstance(array, np.ndarray) and array.dtype.kind in "UO" else array


def _is_named_split(values: object) -> bool:
    return _is_frame(values) and not _is_series(values)


def _from_pandas(frame: Any) -> Given:  # Any: a pandas.DataFrame
    import pyarrow as pa

    return _frame(lambda: pa.Table.from_pandas(frame, preserve_index=False))


def _from_polars(frame: Any) -> Given:  # Any: a polars.DataFrame
    return _frame(frame.to_arrow)


def _from_arrow(table: Any) -> Given:  # Any: a pyarrow.Table
    return _frame(lambda: table)


def _from_hugging_face(data: Any) -> Given:  # Any: a datasets.Dataset
    """Convert a data set of Hugging Face: images of pillow, and class labels by name."""
    kinds = {name: type(feature).__name__ for name, feature in data.features.items()}
    images = {name: data[name] for name, kind in kinds.items() if kind == "Image"}
    plain = data.remove_columns(list(images)).with_format("arrow")
    labels = {name: tuple(data.features[name].names) for name, kind in kinds.items() if kind == "ClassLabel"}
    return _frame(lambda: _with_names(plain[:], labels), images)


def _with_names(table: Any, labels: Mapping[str, tuple[str, ...]]) -> Any:  # Any: pyarrow tables
    """Replace class numbers by names; a negative number means no label."""
    import pyarrow as pa

    for name, names in labels.items():
        numbers = table[name].to_numpy()
        codes = pa.array(np.where(numbers < 0, 0, numbers), pa.int32(), mask=numbers < 0)
        column = pa.DictionaryArray.from_arrays(codes, pa.array(names))
        table = table.set_column(table.column_names.index(name), name, column)
    return table


def _frame(make: Callable[[], Any], images: Mapping[str, Sequence[Any]] | None = None) -> Given:  # Any: pyarrow's
    import pyarrow as pa

    try:
        table = make()
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError, TypeError) as error:
        raise BadData(f"the frame cannot be read: {safe_text(str(error).splitlines()[0], 160)}") from error
    images = images or {}
    categories = tuple(name for name in table.column_names if pa.types.is_dictionary(table.schema.field(name).type))
    words = f"a frame of {many(table.num_columns + len(images), 'column')}"
    return Given(FRAME, table, words, images=images, categories=categories)


# The type of a value, by its attributes


def _has(value: object, *names: str) -> bool:
    return all(hasattr(value, name) for name in names)


def _is_tensor(value: object) -> bool:
    return _has(value, "detach", "cpu", "numpy", "dim")


def _is_sparse(value: object) -> bool:
    return bool(getattr(value, "is_sparse", False)) if _is_tensor(value) else _has(value, "nnz", "toarray")


def _is_image(value: object) -> bool:
    return _has(value, "mode", "size", "convert", "getpixel")


def _is_series(value: object) -> bool:
    return _has(value, "to_numpy", "dtype", "name")


def _is_pandas(value: object) -> bool:
    return _has(value, "iloc", "columns", "dtypes")


def _is_polars(value: object) -> bool:
    return _has(value, "to_arrow", "columns", "schema")


def _is_arrow(value: object) -> bool:
    return _has(value, "column_names", "num_rows", "schema")


def _is_hugging_face(value: object) -> bool:
    return _has(value, "column_names", "features", "with_format", "__len__")


def _is_frame(value: object) -> bool:
    return any(fits(value) for fits in (_is_pandas, _is_polars, _is_arrow, _is_hugging_face))


def _is_lazy(value: object) -> bool:
    return _has(value, "collect", "lazy")


def _is_stream(value: object) -> bool:
    """Return whether a value is iterable, but not indexable."""
    names = {kind.__name__ for kind in type(value).__mro__}
    listed = hasattr(value, "__getitem__") and hasattr(value, "__len__") and "IterableDataset" not in names
    return hasattr(value, "__iter__") and not listed and not hasattr(value, "__array__")


def _refuse_lazy(_data: object) -> Given:
    raise BadData("a lazy frame holds no rows yet; give data.collect()")


def _refuse_stream(data: object) -> Given:
    if hasattr(data, "dataset"):
        raise BadData(f"{_article(data)} yields batches; give its data set: loader.dataset")
    raise BadData(f"{_article(data)} can only be iterated; {GIVE}")


def _refuse_name(data: object) -> Given:
    raise BadData(f"{safe_text(data, 40)!r} is a single string; give a list, even of one")


def _article(value: object) -> str:
    """Return the type of a value with its article, as "a Generator"."""
    name = type(value).__name__
    return "nothing" if value is None else f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _from_series(series: Any) -> Given:  # Any: a column of pandas or polars
    return _from_array(np.asarray(series.to_numpy()))


_Reader = Callable[[Any], Given]  # Any: a value that passed the test beside it
_READERS: tuple[tuple[Callable[[object], bool], _Reader], ...] = (
    (lambda data: isinstance(data, np.ndarray), _from_array),
    (lambda data: isinstance(data, (str, bytes, os.PathLike)), _refuse_name),
    (_is_sparse, _refuse_sparse),
    (_is_hugging_face, _from_hugging_face),
    (_is_pandas, _from_pandas),
    (_is_polars, _from_polars),
    (_is_arrow, _from_arrow),
    (_is_lazy, _refuse_lazy),
    (lambda data: isinstance(data, Mapping), _from_columns),
    (_is_tensor, _from_tensor),
    (_is_series, _from_series),
    (lambda data: isinstance(data, (list, tuple)), _from_list),
    (_is_stream, _refuse_stream),
    (_is_map_style, _from_map_style),
)
