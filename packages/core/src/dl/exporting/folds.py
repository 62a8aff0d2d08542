"""The networks of all folds of a run as one: raw inputs encoded for each of them, and their predictions averaged.

Each fold has learnt words, means and columns of its own, so each has its own encoding of the same raw inputs.
Letters: ``N`` inputs, ``W`` words of all folds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.errors import BadOption
from dl.preparation import CATEGORY, Preparation, RawInput, numbers_of


class EachFold(nn.Module):
    """Encodes raw inputs for each fold.

    Args:
        inputs: Of all folds.
        folds: How the inputs of each are prepared.
    """

    def __init__(self, inputs: Sequence[RawInput], folds: Sequence[Preparation]) -> None:
        super().__init__()
        places = {one.name: at for at, one in enumerate(inputs)}
        self.encoders = nn.ModuleList(one.encode for one in folds)
        self.places = [[places[one.name] for one in fold.inputs] for fold in folds]
        self.renumbered = [[one.kind == CATEGORY for one in fold.inputs] for fold in folds]
        for k, fold in enumerate(folds):
            for at, one in zip(self.places[k], fold.inputs, strict=True):
                if one.kind == CATEGORY:
                    self.register_buffer(f"numbers_{k}_{at}", _numbers(inputs[at].words, one), persistent=False)

    def forward(self, *raw: Tensor) -> list[Any]:  # Any: stored inputs, as a preprocessor reads them
        """Return the stored inputs of each fold."""
        return [
            encode(
                *(
                    self._renumber(raw[at], self.get_buffer(f"numbers_{k}_{at}")) if words else raw[at]
                    for at, words in zip(self.places[k], self.renumbered[k], strict=True)
                )
            )
            for k, encode in enumerate(self.encoders)
        ]

    @staticmethod
    def _renumber(given: Tensor, numbers: Tensor) -> Tensor:
        return numbers[torch.where(given < 0, numbers.shape[0] - 1, given)]


def _numbers(every: tuple[str, ...], own: RawInput) -> Tensor:
    """Return the number in one fold of each word of all folds, then that of an unknown word, (W + 1,)."""
    return torch.from_numpy(np.append(numbers_of(own, np.array(every, object)), -1))


def joined(folds: Sequence[Preparation]) -> Preparation:
    """Return how raw inputs are prepared for the networks of all folds.

    Args:
        folds: How the inputs of each are prepared.

    Raises:
        BadOption: If the folds read raw inputs differently, as texts by vocabularies of their own.
    """
    found = dict[str, RawInput]()
    for one in (one for fold in folds for one in fold.inputs):
        known = found.setdefault(one.name, one)
        if (known.kind, known.axes, known.settings) != (one.kind, one.axes, one.settings):
            raise BadOption(f"its networks read {one.name} in different ways, each by the vocabulary of its own fold")
        found[one.name] = replace(known, words=tuple(dict.fromkeys((*known.words, *one.words))))
    inputs = tuple(found.values())
    widest = max(folds, key=lambda one: len(one.inputs))
    if len(widest.inputs) < len(inputs):
        raise BadOption("its networks read different columns, none of them all")
    notes = tuple(dict.fromkeys(note for one in folds for note in one.notes))
    return Preparation(inputs, EachFold(inputs, folds), widest.raw, widest.reader, notes)
