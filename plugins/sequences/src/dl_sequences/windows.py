"""Cut long series into windows, each with the next values of one column as its target: forecasting as a regression.

Letters: ``S`` steps of all series, ``N`` windows, ``w`` steps of a window, ``k`` steps to forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Examples, Index, Windows
from dl.data.ragged import Ragged
from dl.errors import BadData, BadOption
from dl.options import Options
from dl.tables.columns import list_names, quote
from dl.tables.series import LongTable, read_series
from dl.tables.source import Source
from dl.tables.stream import file_name
from dl.tables.table import stem_of
from dl.terminal import safe_text
from dl.words import many
from dl_sequences.season import find_season
from dl_sequences.steps import Series, ids_of, parse_series

CELLS = 20_000_000  # of all windows together, beyond which not every window is taken
SEASONS = 2  # in a window, where there is a season
PER_STEP = 3  # steps of a window for each one to forecast
LEAST = 16  # steps of a window
SHARE = 5  # windows take at most this part of a series

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Cut:
    """How series are cut.

    Args:
        target: The column to forecast.
        window: w.
        horizon: k.
        season: Steps of a season; 1 for none.
    """

    target: str
    window: int
    horizon: int
    season: int


def forecast(source: Source, options: Options) -> Dataset:
    """Read a table of one or many long series as windows with their next values.

    Raises:
        BadData: If no series is long enough, or the target is no column of numbers.
        BadOption: If no target is named.
    """
    target = str(options.get("target", ""))
    if not target:
        raise BadOption(
            f"{file_name(source.path)}: name the column to forecast: --target COLUMN  columns: "
            f"{list_names(source.columns)}"
        )
    if target not in source.columns:
        raise BadOption(
            f"{file_name(source.path)} has no column {quote(target)} for target  columns: {list_names(source.columns)}"
        )
    table = read_series(source, _with_history(options, target), labelled=False)
    series = parse_series(table, options)
    dtype: np.dtype[Any] = series.inputs.values.dtype
    if target not in (dtype.names or ()) or dtype[target].kind != "f":
        raise BadData(f"{file_name(source.path)}: the target {quote(target)} holds no numbers to forecast")
    cut, note = choose_cut(series.inputs, options)
    return _dataset(table, series, cut, note)


def _with_history(options: Options, target: str) -> Options:
    """Return options with which the target is read as an input, where inputs are named."""
    given = str(options.get("input", ""))
    return {**options, "input": given and (given if target in given.split(",") else f"{given},{target}")}


def choose_cut(series: Ragged, options: Options) -> tuple[Cut, str]:
    """Return window and season as asked, or as the series tell, and the note on the season."""
    target, horizon = str(options["target"]), int(options["horizon"])
    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    season, window, longest = int(options.get("season", 0)), int(options.get("window", 0)), int(series.lengths.max())
    note = f"season: {many(season, 'step')}, as asked" if season > 1 else ""
    if not season:
        season = find_season([steps[target][a:b] for a, b in zip(series.offsets[:-1], series.offsets[1:], strict=True)])
        found = f"{season} steps, by the autocorrelation of the first half of each series"
        note = f"season: {found}" if season > 1 else "season: none found in the first half of each series"
    if not window:
        window = max(LEAST, PER_STEP * horizon, SEASONS * season if season > 1 else 0)
        window = max(min(window, longest // SHARE), season if season > 1 else 1, 2)
    if season > window:
        note, season = f"{note}; a window has {many(window, 'step')} alone, so it is not used", 1
    return Cut(target, window, horizon, season), note


def _dataset(table: LongTable, series: Series, cut: Cut, note: str) -> Dataset:
    lengths, offsets = series.inputs.lengths, series.inputs.offsets
    steps: Any = series.inputs.values  # a structured type, whose fields numpy cannot type
    counts = np.maximum(lengths - cut.window - cut.horizon + 1, 0)
    path, every = file_name(table.steps.path), int(counts.sum())
    if not every:
        raise BadData(
            f"{path}: the longest series has {many(int(lengths.max()), 'step')}, and a window of {cut.window} with the "
            f"next {cut.horizon} needs {cut.window + cut.horizon}; use a smaller window= or horizon="
        )
    stride = -(-every * cut.window * len(steps.dtype.names) // CELLS)
    begins = np.concatenate([start + np.arange(0, n, stride) for start, n in zip(offsets[:-1], counts, strict=True)])
    values: Floats = steps[cut.target]
    targets = values[begins[:, None] + cut.window + np.arange(cut.horizon)]
    known = ~np.isnan(targets).any(axis=1)
    if not known.any():
        raise BadData(f"{path}: no {cut.horizon} values of {quote(cut.target)} in a row are known")
    begins, targets = begins[known], targets[known]
    short, gone = int((counts == 0).sum()), int((~known).sum())
    notes = [
        *table.steps.notes,
        *series.notes,
        note,
        *([f"{many(short, 'series', 'series')} too short for a window, left out"] if short else []),
        *([f"{many(gone, 'window')} left out, as a value to forecast is missing"] if gone else []),
        *([f"one window in {stride} is taken, as all of them are too large"] if stride > 1 else []),
    ]
    rows = table.steps.rows[series.steps]
    examples = Examples(
        windows_at(series.inputs, begins, cut.window),
        targets,
        np.empty(0, np.int64) if not len(begins) else ids_of(windows_at(series.inputs, begins, cut.window)),
        tuple(f"{cut.target} +{step}" for step in range(1, cut.horizon + 1)),
        _sources(table, series, rows, begins + cut.window - 1),
    )
    moments = table.moments[series.steps]
    first, end = moments[begins + cut.window], moments[begins + cut.window + cut.horizon - 1]
    usual = _usual_step(moments, series.inputs)
    groups: Index = ((first - moments.min()) // (usual * cut.horizon)).astype(np.int64)
    of_series = np.searchsorted(offsets, begins, side="right") - 1
    examples = replace(examples, groups=groups, times=end, windows=Windows(of_series, moments[begins], first))
    title = f"{len(begins):,} windows of {cut.window} steps and the next {cut.horizon} of {safe_text(cut.target)}"
    options = {**series.options, "window": cut.window, "season": cut.season}
    return Dataset(
        stem_of(table.steps.path),
        examples,
        title=title,
        source=str(table.steps.path),
        skipped=tuple(table.steps.bad.lines),
        notes=tuple(notes),
        options=options,
    )


def windows_at(series: Ragged, begins: Index, window: int) -> Ragged:
    """Return the windows that begin at steps (N,), each of one length."""
    at = (begins[:, None] + np.arange(window)).ravel()
    return Ragged(series.values[at], np.arange(len(begins) + 1, dtype=np.int64) * window)


def _sources(table: LongTable, series: Series, rows: Index, last: Index) -> tuple[str, ...]:
    """Return where each window ends, as ``prices.csv row 120``."""
    prefix = f"{file_name(table.steps.path)} {table.steps.unit}"
    return tuple(f"{prefix} {row}" for row in rows[last].tolist())


def _usual_step(moments: NDArray[Any], series: Ragged) -> Any:  # Any: whole numbers or floats
    """Return the time from one step to the next, at least the smallest that is told apart."""
    inner = np.ones(len(moments), bool)
    inner[series.offsets[:-1]] = False
    gaps = np.diff(moments, prepend=moments[:1])[inner]
    usual = np.median(gaps[gaps > 0]) if (gaps > 0).any() else 1
    return int(usual) or 1 if np.issubdtype(moments.dtype, np.integer) else float(usual)
