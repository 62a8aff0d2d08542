"""The guards on the cells of a table, read from a file or given in memory: inputs that count the rows, identifiers.

Letters: ``N`` rows, ``C`` columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset
from dl.data.memory import ARRAY, FRAME, Given
from dl.finding import Finding
from dl.tables.counters import find_counters, may_count, named_like_id, used_counters
from dl.tables.identifiers import LOOKED, find_identifiers, groups_in_sight
from dl.tables.numbers import GLANCED
from dl.tables.parquet import as_text, is_nested

Column = Any  # a pyarrow ChunkedArray of stripped text without nulls

CELLS = 5_000_000  # of data in memory, up to which columns are looked at that no name speaks for: pixels are no table


def check_cells(
    cells: Mapping[str, Column],
    inputs: Collection[str],
    targets: NDArray[np.generic],
    *,
    ordered: bool = False,
    option: str = "--group-on ",
) -> list[Finding]:
    """Return what the cells of a table tell of its rows.

    Args:
        cells: (N,) cells of each column, empty where missing.
        inputs: The columns that may count the rows.
        targets: (N, ...) as in `Examples`.
        ordered: Whether the user named groups or times, so that none are looked for.
        option: The option that names the groups.
    """
    found = used_counters({name: cells[name] for name in inputs}, targets)
    return found if ordered else found + groups_in_sight(find_identifiers(cells, targets), option)


def check_given(given: Given, dataset: Dataset) -> list[Finding]:
    """Return what the cells of data in memory tell of its rows, by the rules of files.

    Args:
        given: The inputs, without their targets.
        dataset: Its examples, one for each row, with their targets.
    """
    train = dataset.train
    fields = train.array.dtype.names if isinstance(train.inputs, np.ndarray) else None
    if len(given) != len(train):
        return []
    if given.form == FRAME:
        columns, option = _of_frame(given), "group_on="
    elif given.form == ARRAY and fields and given.values.ndim == 2:
        columns, option = _of_array(given.values), "give a frame, with group_on="
    else:
        return []
    looked = fields and len(train) <= LOOKED and len(train) * len(columns) <= CELLS
    chosen = [name for name in columns if named_like_id(name) or looked]
    counting = [name for name in columns if name in (fields or ()) and may_count(columns[name](GLANCED))]
    cells = {name: columns[name](None) for name in dict.fromkeys([*chosen, *counting])}
    ordered = train.groups is not None or train.times is not None
    return check_cells(cells, counting, train.targets, ordered=ordered, option=option)


Cut = Callable[[int | None], Column]  # the first cells of a column, or all


def _of_frame(given: Given) -> dict[str, Cut]:
    table = given.values
    names = [field.name for field in table.schema if not is_nested(field.type)]
    return {name: partial(_cells, table[name]) for name in names}


def count_rows(values: NDArray[Any]) -> list[str]:
    """Return the columns of an array (N, C), named x0, x1, ..., that count the rows."""
    columns = {name: cut for name, cut in _of_array(values).items() if may_count(cut(GLANCED))}
    return list(find_counters({name: cut(None) for name, cut in columns.items()}, {}))


def _of_array(values: NDArray[Any]) -> dict[str, Cut]:
    """Return the cells of the columns of whole numbers of an array (N, C), named x0, x1, ..."""
    return {f"x{k}": partial(_numbers, values[:, k]) for k in range(values.shape[1]) if _are_whole(values[:, k])}


def _are_whole(values: NDArray[Any]) -> bool:
    """Return whether all present numbers (N,) are whole, and there are some."""
    for some in (values[:GLANCED], values):
        present = some[np.isfinite(some)]
        if not (present % 1 == 0).all() or not len(present):
            return False
    return True


def _cells(column: Column, most: int | None) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = as_text((column if most is None else column.slice(0, most)).combine_chunks())
    return pa.chunked_array([pc.utf8_trim_whitespace(pc.fill_null(text, ""))])


def _numbers(values: NDArray[Any], most: int | None) -> Column:
    import pyarrow as pa
    import pyarrow.compute as pc

    some = values[:most].astype(np.float64)
    whole = pa.array(np.nan_to_num(some, posinf=0, neginf=0).astype(np.int64), mask=~np.isfinite(some))
    return pa.chunked_array([pc.fill_null(pc.cast(whole, pa.string()), "")])
