"""Read a folder with a table for each series: below class folders, or listed with their targets in a table beside them.

The files together are one table in long form, with a column more: the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index
from dl.data.file_kinds import passed_over
from dl.data.folders import Wanted, files_beside, find_classes, find_splits, number_labels, relative_name, walk
from dl.data.paths import explain_missing
from dl.errors import BadData, BadFile
from dl.options import Options
from dl.tables.columns import Column as Sampled
from dl.tables.columns import InputKind, list_names
from dl.tables.options import is_table
from dl.tables.series import LongTable, read_series
from dl.tables.source import BadRows, Source, TableBatch, text_cells
from dl.tables.table import check_table_options, open_table, read_table
from dl.terminal import safe_text
from dl_sequences.steps import Series, describe_lengths, notes_on_lengths, parse_series, series_examples

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl")
EXPECTED = "expected a folder of tables for each class, as in walk/1.csv run/2.csv, or a table that lists the files"
TABLES = Wanted("series", "series", SUFFIXES, EXPECTED, loose=True)
FILE = "file"  # the column that names the file of a step
OF_STEPS = ("input", "time_on", "encoding", "header", "quotes", "bad_rows", "leave_out")  # options for each file


def _share_of_tables(column: Sampled) -> float:
    share = sum(cell.strip().lower().endswith(SUFFIXES) for cell in column.cells) / max(len(column.cells), 1)
    return share if share > 0.9 else 0.0


PATHS = InputKind(
    "paths of tables", "the one with most paths", _share_of_tables, ("path", "file", "filename", "series")
)


def open_folder(path: Path, options: Options) -> Dataset:
    """Read class folders of tables, perhaps below train, val and test; the test set is read when it is opened.

    Raises:
        BadData: If there are fewer than two classes, or files with other columns.
        BadFile: If a file cannot be read.
    """
    root = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - links keep the name the user gave
    splits = find_splits(root, TABLES)
    found = find_classes(splits["train"], TABLES)
    train, first = _read_split(root, splits["train"], None, options, None)
    learnt = first.inputs.values.dtype

    def later(folder: Path) -> Examples:
        return _read_split(root, folder, found.classes, options, learnt)[0]

    notes = (*first.notes, *notes_on_lengths(first.inputs, repr(safe_text(root))))
    return Dataset(
        root.name,
        train,
        open_test=(lambda: later(splits["test"])) if "test" in splits else None,
        val=later(splits["val"]) if "val" in splits else None,
        title=f"{describe_lengths(first.inputs)}, {len(found.classes)} classes",
        source=str(root),
        notes=(*passed_over([*files_beside(root, splits), *found.passed]), *notes),
        options=first.options,
    )


def _read_split(
    root: Path, folder: Path, classes: tuple[str, ...] | None, options: Options, learnt: np.dtype[Any] | None
) -> tuple[Examples, Series]:
    """Read the files of one split, with the columns of the training set where these are known."""
    found = find_classes(folder, TABLES)
    labels = number_labels(found, classes)
    files = {relative_name(root, file.path): Path(file.path) for file in found.files}
    table = read_files(files, root, options, learnt)
    by_name = dict(zip(files, labels, strict=True))
    targets: NDArray[np.int64] = np.array([by_name[name] for name in table.series], np.int64)
    series = parse_series(table, options, learnt)
    table = replace(table, targets=targets, names=classes or found.classes)
    return series_examples(table, series, table.series), series


def open_list(path: Path, options: Options) -> Dataset:
    """Read a table that lists files of series, relative to it, with targets.

    Raises:
        BadData: If the files have other columns, or hold no series.
        BadFile: If a file is missing or cannot be read.
    """
    listed = read_table(path, {**options, "time_on": ""}, PATHS)
    names = [cell.strip() for cell in listed.cells()]
    files = {}
    for name, source in zip(names, listed.sources, strict=True):
        file = path.parent / name.replace("\\", "/")
        if not file.is_file():
            raise BadFile(f"{source}: {safe_text(str(file))!r} is {explain_missing(file)}")
        if name in files:
            raise BadData(f"{source}: {safe_text(name)!r} is listed twice")
        files[name] = file
    table = read_files(files, path, {**options, "input": ""}, None)
    place = {name: k for k, name in enumerate(names)}
    at: Index = np.array([place[name] for name in table.series], np.int64)
    series = parse_series(table, options)
    groups = None if listed.groups is None else listed.groups[at]
    table = replace(table, targets=listed.targets[at], names=listed.names, groups=groups)
    found = listed.dataset(series_examples(table, series, table.series))
    notes = (*found.notes, *table.steps.notes, *series.notes, *notes_on_lengths(series.inputs, path.name))
    title = f"{describe_lengths(series.inputs)}, target {list_names(listed.roles.targets)}"
    return replace(found, notes=notes, title=title, options=series.options)


def lists_files(path: Path, options: Options) -> bool:
    """Return whether a table lists tables."""
    from dl.tables.table import looks_like

    return looks_like(path, options, PATHS) > 0


def files_below(path: Path) -> list[Path]:
    """Return the tables at a path, or below it if it is a folder, sorted.

    Raises:
        BadFile: If it is not there.
    """
    if path.is_dir():
        below = sorted(name for name, _ in walk(path, set()))
        return [Path(name) for name in below if name.lower().endswith(SUFFIXES)]
    if not path.is_file() or not is_table(path):
        what = explain_missing(path) if not path.is_file() else "no table (.csv, .tsv, .jsonl, .parquet)"
        raise BadFile(f"{safe_text(str(path))!r} is {what}")
    return [path]


def read_files(
    files: Mapping[str, Path],
    root: Path,
    options: Options,
    learnt: np.dtype[Any] | None,
    wanted: Sequence[str] = (),
) -> LongTable:
    """Read files as one table in long form, a series each.

    Args:
        files: By their names.
        root: For messages.
        options: Of reading.
        learnt: The columns of the training set; None takes all.
        wanted: The columns to read, if known.

    Raises:
        BadData: If a file has other columns than the first.
        BadFile: If one cannot be read.
    """
    reading = {name: value for name, value in options.items() if name in OF_STEPS}
    source = source_of_files(files, root, reading)
    names = wanted or (learnt.names if learnt is not None else ()) or ()
    return read_series(source, {**reading, "sequence_on": source.columns[-1]}, names, labelled=False)


def source_of_files(files: Mapping[str, Path], root: Path, options: Options) -> Source:
    """Return files of the same columns as one table, with a last column for the file.

    Raises:
        BadData: If there is no file, or columns differ.
    """
    if not files:
        raise BadData(f"{safe_text(str(root))!r} holds no table; {EXPECTED}")
    checked = check_table_options(options)
    sources = {name: open_table(file, checked) for name, file in files.items()}
    (first, model), *_ = sources.items()
    for name, one in sources.items():
        if set(one.columns) != set(model.columns):
            other = [
                column
                for column in (*model.columns, *one.columns)
                if (column in model.columns) != (column in one.columns)
            ]
            raise BadData(
                f"{safe_text(name)!r} has other columns than {safe_text(first)!r}: {list_names(other)} in one "
                "alone; all series need the same"
            )
    column = FILE if FILE not in model.columns else f"{FILE} of the series"

    def batches(names: Sequence[str], bad: BadRows) -> Iterator[TableBatch]:
        before = 0
        for name, one in sources.items():
            own, last = BadRows(one.path, one.unit, bad.skip), 0
            for batch in one.batches([asked for asked in names if asked != column], own):
                cells = {**batch.cells, column: text_cells([name] * len(batch.rows))}
                yield TableBatch(batch.rows + before, cells)
                last = int(batch.rows.max(initial=last))
            bad.lines += own.lines
            before += last

    return Source(root, model.unit, (*model.columns, column), batches, model.nested, model.notes)
