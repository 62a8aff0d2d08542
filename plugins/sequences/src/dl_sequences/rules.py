"""Forecasts that need no fit, and that a network has to beat: the last value, and the value of a season ago."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Subset
from dl.data.ragged import Ragged
from dl.domain import Rule
from dl.options import Options

Floats = NDArray[np.float64]


def fill_forward(values: Floats, offsets: NDArray[np.int64]) -> Floats:
    """Fill NaN by the last number before it in its series; those before the first number stay.

    Args:
        values: (S,) of all series.
        offsets: (N + 1,) first step of each series.
    """
    present = ~np.isnan(values)
    if present.all():
        return values
    place = np.arange(len(values))
    starts = np.repeat(offsets[:-1], np.diff(offsets))
    last = np.maximum.accumulate(np.where(present, place, -1))
    return np.where(present | (last < starts), values, values[np.maximum(last, 0)])


def rules(train: Subset, options: Options) -> Sequence[Rule]:
    """Return the forecasts that follow from a window; none where nothing is forecast."""
    horizon, season, target = (options.get(name, 0) for name in ("horizon", "season", "target"))
    if not horizon:
        return ()
    mean = float(np.nanmean(train.targets.astype(np.float64)))
    last = Rule("last-value", "the last value", partial(_ago, str(target), int(horizon), 1, mean))
    if int(season) < 2:
        return (last,)
    words = f"the value {season} steps before"
    return (last, Rule("seasonal-value", words, partial(_ago, str(target), int(horizon), int(season), mean)))


def _ago(target: str, horizon: int, season: int, otherwise: float, subset: Subset) -> Floats:
    """Return for each step to forecast the newest known value that lies whole seasons before it, (n, horizon)."""
    series = subset.examples.inputs[subset.index]
    assert isinstance(series, Ragged)
    steps: Any = series.values  # a structured type, whose fields numpy cannot type
    filled = fill_forward(steps[target], series.offsets)
    back = season - np.arange(horizon) % season  # steps before the end of the window
    places = series.offsets[1:, None] - np.minimum(back, series.lengths[:, None])
    return np.nan_to_num(filled[places], nan=otherwise)


def best_season(train: Subset, options: Options) -> int:
    """Return how many steps back the rule looks that forecasts the training set best: a season, or 1."""
    found = rules(train, options)
    if len(found) < 2:
        return 1
    targets = train.targets.astype(np.float64)
    errors = [float(np.abs(rule.answers(train).astype(np.float64) - targets).mean()) for rule in found]
    return int(options["season"]) if errors[1] < errors[0] else 1
