"""Reconstruct inputs: the error of a reconstruction, and the rungs below an autoencoder: the mean input, and PCA.

An error is the mean of the squared differences over the values of a prepared input.
Letters: ``N`` examples, ``n`` of a chunk, ``D`` values of a prepared input, ``W`` components.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.autoencoder import code_width
from dl.data.examples import Index, Subset
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.runs.manifest import Baseline, drawn
from dl.tasks.task import Rung, Task

ANSWER = ("squared_error",)  # the number that is shown of an input
MOST = 10_000  # training examples that the components are learnt from
MOST_VALUES = 1 << 28  # of these examples together
EXACT = 4_096  # values up to which components are exact
EXTRA, POWERS = 10, 4  # directions and iterations of the randomized components
CHUNK = 1 << 22  # values prepared at once
PCA = "PCA"

Chunks = Callable[[], Iterator[Tensor]]  # (n, D) float32 each


def errors(output: Tensor, batch: Tensor) -> Tensor:
    """Return the mean squared difference of each reconstruction from its input, (N, 1).

    Args:
        output: (N, *shape) of the network.
        batch: (N, *shape) prepared inputs, before any noise.
    """
    return (output - batch).square().flatten(1).mean(dim=1, keepdim=True)


def mean_error(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Return the error of each example, (N,), or their mean.

    Args:
        logits: (N, 1) from `errors`.
        target: (N, 0); the target is in the inputs.
        reduction: ``none`` or ``mean``.
    """
    each = logits[:, 0]
    return each if reduction == "none" else each.mean()


@dataclass(frozen=True)
class Components:
    """The directions in which inputs differ most.

    Args:
        mean: (D,) of the training inputs.
        directions: (D, W) orthonormal, float32.
    """

    mean: Tensor
    directions: Tensor

    def errors(self, rows: Tensor) -> Tensor:
        """Return the error of each of prepared inputs (n, D) from its projection, (n,)."""
        centred = rows - self.mean
        return (centred - centred @ self.directions @ self.directions.T).square().mean(dim=1)


def learn_components(chunks: Chunks, width: int, seed: int = 0) -> Components:
    """Learn the first principal components of prepared inputs: exact for few values, randomized for many.

    Source: Halko, Martinsson and Tropp 2011, Finding structure with randomness, algorithm 4.4.

    Args:
        chunks: Yields the inputs anew at each call.
        width: Number of components; fewer where inputs have fewer values.
        seed: Of the random directions.
    """
    mean = _mean(chunks)
    width = min(width, len(mean))
    if len(mean) <= EXACT:
        _, vectors = torch.linalg.eigh(_covariance(chunks, mean))
        return Components(mean, vectors[:, -width:].float() if width else vectors[:, :0].float())
    drawn_ = torch.randn(len(mean), width + EXTRA, generator=torch.Generator().manual_seed(seed))
    basis = torch.linalg.qr(drawn_).Q
    for _ in range(POWERS):
        basis = torch.linalg.qr(_times_covariance(chunks, mean, basis)).Q
    small = basis.T @ _times_covariance(chunks, mean, basis)
    _, vectors = torch.linalg.eigh((small + small.T) / 2)
    return Components(mean, basis @ vectors[:, -width:])


def _mean(chunks: Chunks) -> Tensor:
    total, count = torch.zeros(()), 0
    for rows in chunks():
        total, count = total + rows.double().sum(dim=0), count + len(rows)
    return (total / max(count, 1)).float()


def _covariance(chunks: Chunks, mean: Tensor) -> Tensor:
    """Return the sums of products of centred values, (D, D) in double precision."""
    found = torch.zeros(len(mean), len(mean), dtype=torch.float64)
    for rows in chunks():
        centred = rows - mean
        found += (centred.T @ centred).double()
    return found


def _times_covariance(chunks: Chunks, mean: Tensor, basis: Tensor) -> Tensor:
    """Return the product of these sums with directions (D, W), without making them."""
    found = torch.zeros_like(basis)
    for rows in chunks():
        centred = rows - mean
        found += centred.T @ (centred @ basis)
    return found


def rungs(task: Task, network: nn.Module, train: Subset, val: Subset, preprocessor: Preprocessor) -> tuple[Rung, ...]:
    """Score the mean input, and the principal components as many as an autoencoder has codes.

    Args:
        task: Of the row.
        network: Its code gives the number of components; one without a code is compared with the mean alone.
        train: To learn the mean from, and the components from at most `MOST` of its examples, spread evenly.
        val: To score.
        preprocessor: Of the fit.
    """
    values = int(np.prod(preprocessor.input_shape))
    count = min(len(train), MOST, max(1, MOST_VALUES // values))
    rows = np.unique(np.linspace(0, len(train) - 1, count).astype(np.int64))
    every = _chunks(preprocessor, train, np.arange(len(train)))
    learnt, scored = _chunks(preprocessor, train, rows), _chunks(preprocessor, val, np.arange(len(val)))
    mean = Components(_mean(every), torch.zeros(values, 0))
    found = [_rung(task, "mean", "always the mean input", mean, scored, rival=False)]
    if width := code_width(network, preprocessor.example_input()):
        components = learn_components(learnt, width)
        share = drawn(len(rows)) if len(rows) < len(train) else ""
        answer = f"PCA of {components.directions.shape[1]} numbers{share}"
        found.append(_rung(task, PCA, answer, components, scored, rival=True))
    return tuple(found)


def _rung(task: Task, name: str, answer: str, components: Components, scored: Chunks, *, rival: bool) -> Rung:
    scores = torch.cat([components.errors(rows) for rows in scored()]).float()
    value = float(scores.double().mean())
    logits = scores[:, None]
    loss = float(task.row.loss(logits, torch.empty(len(scores), 0), "mean"))
    kept: NDArray[np.float32] = scores.numpy()
    return Rung(Baseline(name, answer, value, loss, rival=rival), kept)


def _chunks(preprocessor: Preprocessor, subset: Subset, rows: Index) -> Chunks:
    """Return a function that yields prepared inputs of a subset, flattened, chunk by chunk."""
    size = max(1, CHUNK // int(np.prod(preprocessor.input_shape)))

    def chunks() -> Iterator[Tensor]:
        with torch.no_grad():
            for start in range(0, len(rows), size):
                some = subset.examples.take(subset.index[rows[start : start + size]])
                stored = preprocessor.encode(some.inputs)
                if not isinstance(stored, np.ndarray):
                    raise BadData("only inputs of one shape can be reconstructed")
                yield preprocessor(torch.from_numpy(np.ascontiguousarray(stored))).float().flatten(1)

    return chunks
