"""Regularizers on the batch: noise, mixup and missing cells."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from dl.errors import BadOption
from dl.padded import Padded, Prepared
from dl.regularizer import Batch, Regularizer

DRAWS = 1 << 16  # of the beta distribution, drawn once; a step samples from them on the device


def noise(scale: float) -> Regularizer:
    """Add Gaussian noise of standard deviation ``scale`` to prepared inputs (B, ...). Source: Bishop 1995."""

    def add(batch: Batch, generator: torch.Generator) -> Batch:
        inputs = numbers(batch.inputs, "noise")
        drawn = torch.randn(inputs.shape, generator=generator, device=inputs.device, dtype=inputs.dtype)
        return batch.corrupted(inputs.add(drawn, alpha=scale))

    return Regularizer(batch=add)


def mixup(alpha: float) -> Regularizer:
    """Mix each example with another of the batch, by shares from Beta(alpha, alpha), the larger one its own.

    Source: Zhang et al. 2018.
    """
    shares = torch.from_numpy(np.random.default_rng(0xB37A).beta(alpha, alpha, DRAWS).astype(np.float32))
    shares = torch.maximum(shares, 1 - shares)

    def mix(batch: Batch, generator: torch.Generator) -> Batch:
        nonlocal shares
        inputs = numbers(batch.inputs, "mixup")
        shares, device = shares.to(inputs.device), inputs.device
        count = len(inputs)
        share = shares[(batch.uniform(1, generator)[:, 0] * DRAWS).to(torch.int64)].to(inputs.dtype)
        partners = torch.randperm(count, generator=generator, device=device)
        own = share.view(-1, *[1] * (inputs.ndim - 1))
        return batch.mixed(torch.lerp(inputs[partners], inputs, own), partners, share)

    return Regularizer(batch=mix)


def missing(share: float) -> Regularizer:
    """Make each cell of a row missing with the probability ``share``.

    Source: Chollet, Deep Learning with Python, 4.3.2: a network ignores missing values only if it was trained on some.
    """

    def make_missing(batch: Batch, generator: torch.Generator) -> Batch:
        inputs, gaps = numbers(batch.inputs, "missing"), batch.gaps
        if gaps is None:
            raise BadOption("missing needs rows of cells, as those of a table")
        gone = (batch.uniform(gaps.cells, generator) < share)[:, gaps.columns.to(inputs.device)]
        return batch.corrupted(torch.where(gone, gaps.blank.to(inputs), inputs))

    return Regularizer(batch=make_missing)


def numbers(inputs: Prepared, name: str) -> Tensor:
    """Return inputs after checking that they are numbers.

    Raises:
        BadOption: If they are tokens, or of several kinds.
    """
    if isinstance(inputs, Padded):
        raise BadOption(f"{name} needs inputs that are numbers, not tokens; for texts use word-dropout")
    if not isinstance(inputs, Tensor):
        raise BadOption(f"{name} changes inputs of one kind, and these have several: {', '.join(inputs)}; leave it out")
    return inputs
