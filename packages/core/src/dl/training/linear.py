"""Solve the linear path of a network, and choose its share in the logits.

The linear model minimizes the task's loss plus a penalty on the squares of its weights, whose strength is the one with
the least loss in cross-validation on the training set.
Letters: ``N`` examples, ``D`` numbers of an input, ``R`` directions that they span, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

from dl.data.examples import Index
from dl.linear_path import LinearPath, SolvedLinear
from dl.tasks.task import Loss, TaskKind

MOST_EXAMPLES = 5_000  # that a linear path is solved on
MOST_NUMBERS = 30_000_000  # in the inputs that it is solved on
MOST_TO_COMPARE = 800  # examples that the strengths are compared on
FOLDS = 4
STRENGTHS = tuple(10 ** (-1 - 0.75 * step) for step in range(7))  # of the penalty, in parts of the inputs' variance
WORSE = 2  # strengths in turn with a greater loss than the least so far, after which no weaker one is tried
ITERATIONS = 30  # of L-BFGS for one strength, from the solution for the one before where there is one
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def linear_path(network: nn.Module) -> LinearPath | None:
    """Return the linear path of a network; None where it has none."""
    return next((layer for layer in network.modules() if isinstance(layer, LinearPath)), None)


def few_enough(positions: Index, numbers: int, queries: Index | None = None) -> Index:
    """Return the positions of the examples that a linear path is solved on, evenly spaced, or whole queries.

    Args:
        positions: (n,) of the training examples.
        numbers: In an input.
        queries: (N,) numbers of the queries of all rows; None where rows are no part of one.
    """
    most = max(1, min(MOST_EXAMPLES, MOST_NUMBERS // max(numbers, 1)))
    few = -(-len(positions) // most)
    return positions[::few] if queries is None else positions[queries[positions] % few == 0]


@torch.no_grad()
def solve(
    linear: SolvedLinear | nn.Linear, inputs: Tensor, targets: Tensor, loss: Loss, queries: Tensor | None = None
) -> float:
    """Solve a linear model of inputs, and return the strength of its penalty.

    Args:
        linear: Changed in place.
        inputs: Prepared, (N, ...).
        targets: As the loss reads them.
        loss: Of the task.
        queries: (N,) numbers of queries, which folds do not cut; None where rows are no part of one.
    """
    rows, outputs = inputs.flatten(1).double(), len(linear.bias)
    mean = rows.mean(dim=0)
    coordinates, directions = _span(rows - mean)
    total = float(coordinates.square().sum(dim=1).mean()) or 1.0
    coordinates, some = coordinates.float(), _to_compare(len(rows), queries).to(rows.device)
    folds = _folds(len(some), None if queries is None else queries[some]).to(rows.device)
    penalties = [total * strength for strength in STRENGTHS]
    best = _compare(coordinates[some], targets[some], folds, outputs, loss, penalties)
    found = _minimize(coordinates, targets, outputs, loss, total * STRENGTHS[best], None).double()
    if not bool(torch.isfinite(found).all()):
        found = torch.zeros_like(found)  # as if there were no linear model
    weight = found[1:].T if directions is None else found[1:].T @ directions
    linear.weight.copy_(weight)
    linear.bias.copy_(found[0] - weight @ mean)
    return STRENGTHS[best]


def _span(rows: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return rows (N, D) in the orthogonal directions that they span: coordinates (N, R), and directions (R, D).

    A penalty on weights of the coordinates is one on weights of the rows. Rows with few numbers stay as they are.
    """
    if rows.shape[1] <= rows.shape[0]:
        return rows, None
    values, vectors = torch.linalg.eigh(rows @ rows.T)
    kept = values > values[-1] * 1e-10
    lengths = values[kept].sqrt()
    return vectors[:, kept] * lengths, (vectors[:, kept] / lengths).T @ rows


def _to_compare(count: int, queries: Tensor | None) -> Tensor:
    """Return the positions of the examples that strengths are compared on: evenly spaced, or whole queries."""
    few = -(-count // MOST_TO_COMPARE)
    return torch.arange(0, count, few) if queries is None else torch.nonzero(queries.cpu() % few == 0).flatten()


def _folds(count: int, queries: Tensor | None) -> Tensor:
    """Draw the fold of each example, (N,)."""
    draw = torch.Generator().manual_seed(0)
    if queries is None:
        return torch.randperm(count, generator=draw) % FOLDS
    numbers = queries.cpu().unique(return_inverse=True)[1]
    return (torch.randperm(int(numbers.max()) + 1, generator=draw) % FOLDS)[numbers]


def _compare(rows: Tensor, targets: Tensor, folds: Tensor, outputs: int, loss: Loss, strengths: Sequence[float]) -> int:
    """Return the number of the strength with the least loss in cross-validation; the strengths decrease."""
    solutions: list[Tensor | None] = [None] * FOLDS
    losses: list[float] = []
    for strength in strengths:
        losses.append(0.0)
        for fold in range(FOLDS):
            kept, out = folds != fold, folds == fold
            found = _minimize(rows[kept], targets[kept], outputs, loss, strength, solutions[fold])
            losses[-1] += float(loss(found[0] + rows[out] @ found[1:], targets[out], "none").sum())
            solutions[fold] = found
        if len(losses) - 1 - losses.index(min(losses)) >= WORSE:
            break
    return losses.index(min(losses))


def _minimize(rows: Tensor, targets: Tensor, outputs: int, loss: Loss, strength: float, start: Tensor | None) -> Tensor:
    """Return bias and weights (1 + R, K) of the least penalized loss.

    Args:
        rows: (N, R).
        targets: As the loss reads them.
        outputs: K.
        loss: Of the task.
        strength: Of the penalty on half the squared weights.
        start: Where to start; None for zeros.
    """
    solution = rows.new_zeros(1 + rows.shape[1], outputs) if start is None else start.clone()
    solution.requires_grad_()
    optimizer = torch.optim.LBFGS(
        [solution], max_iter=ITERATIONS, tolerance_grad=1e-6, tolerance_change=1e-6, line_search_fn="strong_wolfe"
    )

    def penalized() -> Tensor:
        optimizer.zero_grad()
        whole = loss(solution[0] + rows @ solution[1:], targets, "mean") + strength / 2 * solution[1:].square().sum()
        whole.backward()
        return whole

    with torch.enable_grad():
        optimizer.step(penalized)
    return solution.detach()


@torch.no_grad()
def mix(path: LinearPath, batches: Iterable[tuple[Tensor, Tensor]], row: TaskKind) -> float:
    """Give a path the share with the least loss, and return it.

    Args:
        path: Changed in place; in evaluation mode.
        batches: Prepared inputs (N, ...) and encoded targets of the validation set.
        row: Of the task.
    """
    losses = torch.stack([_losses(path, inputs, targets, row) for inputs, targets in batches]).sum(dim=0)
    share = SHARES[int(losses.argmin())]
    path.share.fill_(share)
    return share


def _losses(path: LinearPath, inputs: Tensor, targets: Tensor, row: TaskKind) -> Tensor:
    """Return the summed loss of examples at each of `SHARES`."""
    deep, linear = path.deep(inputs), path.linear(inputs)
    mixed = (torch.lerp(deep, linear, share) for share in SHARES)
    reduced = (row.reduce_logits(logits, inputs).float() for logits in mixed)
    return torch.stack([row.loss(logits, targets, "none").sum() for logits in reduced])
