"""Predict the frame that follows: the error of a predicted frame, and the rungs below a network.

An example is a window of frames whose last one is the target. An error is the mean of the squared differences over the
values of a prepared frame. Letters: ``N`` examples, ``n`` of a chunk, ``T`` frames that a network reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Subset
from dl.domain import Preprocessor
from dl.errors import BadData
from dl.runs.manifest import Baseline
from dl.tasks.task import Rung, Task

LAST, EXTRAPOLATION = "last-frame", "extrapolation"
CHUNK = 1 << 22  # values prepared at once


class Enclosed(nn.Module):
    """A network that reads T frames, inside one that takes whole windows: it cannot see what it has to predict.

    Args:
        network: From (N, T, *shape) to (N, *shape).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, windows: Tensor) -> Tensor:
        """Return the predicted last frame of windows (N, T + 1, *shape), (N, *shape)."""
        frame: Tensor = self.network(windows[:, :-1])
        return frame


def errors(output: Tensor, batch: Tensor) -> Tensor:
    """Return the mean squared difference of each predicted frame from the true one, (N, 1).

    Args:
        output: (N, *shape) of the network.
        batch: (N, T + 1, *shape) prepared windows.
    """
    return (output - batch[:, -1]).square().flatten(1).mean(dim=1, keepdim=True)


def replace_last(output: Tensor, batch: Tensor) -> Tensor:
    """Return windows (N, T + 1, *shape) with predicted frames in place of the true ones."""
    return torch.cat([batch[:, :-1], output[:, None]], dim=1)


def append(output: Tensor, batch: Tensor) -> Tensor:
    """Return the windows (N, T + 1, *shape) one frame later: predicted frames are the last that is read.

    The place of the frame to predict, which no network reads, holds the same.
    """
    return torch.cat([batch[:, 1:-1], output[:, None], output[:, None]], dim=1)


def extrapolate(windows: Tensor) -> Tensor:
    """Return twice the last frame that is read minus the one before, (N, *shape); the last alone if there is one."""
    last, before = windows[:, -2], windows[:, -3 if windows.shape[1] > 2 else -2]
    return 2 * last - before


def rungs(task: Task, _network: nn.Module, train: Subset, val: Subset, preprocessor: Preprocessor) -> tuple[Rung, ...]:
    """Score the mean frame, the last frame, and linear extrapolation, clipped to what frames can be.

    Args:
        task: Of the row.
        train: To learn the mean from.
        val: To score.
        preprocessor: Of the fit; its ``undo`` clips.
    """
    total, count = torch.zeros(()), 0
    for windows in _chunks(preprocessor, train):
        total, count = total + windows[:, -1].double().sum(dim=0), count + len(windows)
    mean = (total / max(count, 1)).float()
    found: list[tuple[Tensor, Tensor, Tensor]] = []
    for windows in _chunks(preprocessor, val):
        line = replace_last(extrapolate(windows), windows)
        stored = preprocessor.undo(line)
        clipped = line if stored is None else preprocessor(torch.from_numpy(np.ascontiguousarray(stored)))
        answers = (mean.expand_as(windows[:, -1]), windows[:, -2], clipped[:, -1].float())
        found.append(cast(tuple[Tensor, Tensor, Tensor], tuple(errors(one, windows)[:, 0] for one in answers)))
    constant, last, line_ = (torch.cat(each) for each in zip(*found, strict=True))
    return (
        _rung(task, "mean", "always the mean frame", constant, rival=False),
        _rung(task, LAST, "the last frame", last, rival=True),
        _rung(task, EXTRAPOLATION, "twice the last frame minus the one before", line_, rival=True),
    )


def _rung(task: Task, name: str, answer: str, scores: Tensor, *, rival: bool) -> Rung:
    loss = float(task.row.loss(scores[:, None], torch.empty(len(scores), 0), "mean"))
    return Rung(Baseline(name, answer, float(scores.double().mean()), loss, rival=rival), scores.float().numpy())


def _chunks(preprocessor: Preprocessor, subset: Subset) -> Iterator[Tensor]:
    """Yield prepared windows of a subset, (n, T + 1, *shape).

    Raises:
        BadData: If inputs are no windows of frames.
    """
    size = max(1, CHUNK // int(np.prod(preprocessor.input_shape)))
    with torch.no_grad():
        for inputs in subset.chunks(size):
            stored = preprocessor.encode(inputs)
            if not isinstance(stored, np.ndarray) or stored.ndim < 3:
                raise BadData("only windows of frames of one shape have a next frame")
            yield preprocessor(torch.from_numpy(np.ascontiguousarray(stored))).float()
