"""Augmentation of whole batches of tokens."""

from __future__ import annotations

import torch

from dl.padded import Padded
from dl.regularizer import Batch, Regularizer
from dl_text.vocabulary import UNKNOWN


def word_dropout(rate: float) -> Regularizer:
    """Replace a share of each text's tokens by unknown ones, except padding. Source: Bowman et al. 2016."""

    def drop(batch: Batch, generator: torch.Generator) -> Batch:
        tokens = batch.inputs
        assert isinstance(tokens, Padded)
        drawn = batch.uniform(tokens.values.shape[1], generator)
        values = torch.where((drawn < rate) & tokens.mask, UNKNOWN, tokens.values)
        return batch.corrupted(tokens._replace(values=values))

    return Regularizer(batch=drop)
