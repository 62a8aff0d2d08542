"""Preprocess series: steps are prepared as rows of a table are, and missing numbers are filled forward.

A mark says where a number was missing, if the training set has gaps to learn that from.
Letters: ``N`` series, ``S`` steps of all of them, ``K`` stored numbers of a step; ``B`` series of a batch, ``T`` steps
of the longest, ``C`` prepared numbers of a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dl.data.examples import Examples, Inputs, Subset, whole
from dl.data.ragged import Ragged
from dl.domain import Preprocessor
from dl.errors import BadData, DamagedRun
from dl.options import Options
from dl.padded import Padded
from dl.tasks.scaling import learn_scale
from dl.tasks.targets import are_shares
from dl_sequences.rules import best_season, fill_forward
from dl_sequences.shape import Beginning, SeriesShape
from dl_tabular import prepare as rows
from dl_tabular.prepare import TabularPreprocessor

Steps = NDArray[Any]  # Any: a structured type, whose fields numpy cannot type


class SeriesPreprocessor(Preprocessor):
    """Turns series of structured steps into padded batches of numbers.

    Args:
        steps: Prepares a step as a row.
        longest: Steps of the longest training series.
        begins: Where a forecast begins; None where nothing is forecast.
    """

    def __init__(self, steps: TabularPreprocessor, longest: int, begins: Beginning | None = None) -> None:
        super().__init__()
        self.steps, self.longest, self.begins = steps, longest, begins

    @property
    def input_shape(self) -> SeriesShape:
        """(longest, C), with the values that a forecast begins at."""
        return SeriesShape.of(self.longest, self.steps.input_shape[0], self.begins)

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings that `restore` reads, as JSON values."""
        begins = None if self.begins is None else asdict(self.begins)
        return {"steps": self.steps.settings(), "longest": self.longest, "begins": begins}

    def encode(self, inputs: Inputs) -> Ragged:
        """Encode N series of structured steps as series of float32 numbers (S, K)."""
        filled = self._filled(inputs)
        stored = np.asarray(self.steps.encode(filled.values))
        raw, at = _steps_of(inputs), 0
        for column in self.steps.columns:
            if column.words or column.constant:
                continue
            if column.missing:
                stored[:, at + 1] = np.isnan(raw[column.name])
            at += column.stored
        return Ragged(stored, filled.offsets)

    def _filled(self, inputs: Inputs) -> Ragged:
        """Return series with missing numbers filled forward."""
        steps = _steps_of(inputs).copy()
        assert isinstance(inputs, Ragged)
        for column in self.steps.columns:
            if not column.constant and column.name in (steps.dtype.names or ()):
                if (steps.dtype[column.name].kind == "f") == bool(column.words):
                    kinds = ("numbers", "words") if column.words else ("words", "numbers")
                    raise BadData(f"column {column.name!r} holds {kinds[0]}; the run was trained on {kinds[1]} there")
                if not column.words:
                    steps[column.name] = fill_forward(steps[column.name], inputs.offsets)
        return Ragged(steps, inputs.offsets)

    def unseen(self, inputs: Inputs) -> dict[int, list[str]]:
        """Return by position the values in series that the training set lacks, each named once."""
        filled, found = self._filled(inputs), dict[int, dict[str, None]]()
        for step, notes in sorted(self.steps.unseen(filled.values).items()):
            at = int(np.searchsorted(filled.offsets, step, side="right")) - 1
            found.setdefault(at, {}).update(dict.fromkeys(notes))
        return {at: list(notes)[:3] for at, notes in found.items()}

    def forward(self, batch: Padded) -> Padded:
        """Return a stored batch (B, T, K) as a prepared one (B, T, C); padding is 0."""
        mask = batch.mask
        prepared = self.steps(batch.values.flatten(0, 1)).unflatten(0, mask.shape)
        return Padded(prepared.masked_fill(~mask[:, :, None], 0), batch.lengths)

    def example_input(self) -> Padded:
        """Return one blank prepared series, (1, at most 8, C)."""
        count = min(self.longest, 8)
        return Padded(torch.zeros(1, count, self.input_shape[1]), torch.tensor([count]))


def _steps_of(inputs: Inputs) -> Steps:
    """Return the steps (S) of series.

    Raises:
        BadData: If they have no columns.
    """
    if not isinstance(inputs, Ragged) or inputs.values.dtype.names is None:
        raise BadData("series need a Ragged column whose values have a field for each column of a step")
    return inputs.values


def learn(subset: Subset, options: Options) -> SeriesPreprocessor:
    """Learn to prepare the steps of the training series.

    Raises:
        BadData: If every column is constant.
    """
    series = subset.examples.inputs[subset.index]
    steps = _steps_of(series)
    assert isinstance(series, Ragged)
    horizon = int(options.get("horizon", 0))
    flat = Examples(steps, np.zeros(len(steps), np.int64), np.arange(len(steps)))
    scaling = "standard" if horizon else str(options.get("scaling", "auto"))
    learnt = rows.learn(whole(flat), {"scaling": scaling})
    longest = int(series.lengths.max())
    return _to_forecast(learnt, longest, subset, options) if horizon else SeriesPreprocessor(learnt, longest)


def _to_forecast(steps: TabularPreprocessor, longest: int, train: Subset, options: Options) -> SeriesPreprocessor:
    """Return a preprocessor that knows the values to forecast, whose own past is not clipped, in the target's scale."""
    name, targets = str(options["target"]), train.targets.astype(np.float64)
    free = [replace(column, least=None, greatest=None) if column.name == name else column for column in steps.columns]
    steps = TabularPreprocessor(free)
    at = [column.name for column in free].index(name) if name in [column.name for column in free] else -1
    if at < 0 or free[at].constant:
        return SeriesPreprocessor(steps, longest)
    mean, deviation = free[at].mean, free[at].std
    shares, scale = are_shares(targets), learn_scale(targets, "plain")
    count = targets.shape[1]
    factors = (deviation,) * count if shares else tuple(deviation / one for one in scale.scale)
    offsets = (
        (mean,) * count if shares else tuple((mean - a) / b for a, b in zip(scale.shift, scale.scale, strict=True))
    )
    season = best_season(train, options)
    return SeriesPreprocessor(steps, longest, Beginning(steps.starts[at], season, factors, offsets, shares))


def restore(settings: Mapping[str, Any]) -> SeriesPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `SeriesPreprocessor.settings`.
    """
    try:
        kept = settings["begins"]
        begins = kept and Beginning(**{**kept, "factors": tuple(kept["factors"]), "offsets": tuple(kept["offsets"])})
        return SeriesPreprocessor(rows.restore(settings["steps"]), int(settings["longest"]), begins)
    except (KeyError, TypeError, ValueError) as error:
        raise DamagedRun(f"the stored preprocessor of series cannot be read: {type(error).__name__} {error}") from error
