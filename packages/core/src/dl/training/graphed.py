"""The recorded passes of a step as one launch of a CUDA graph, where it repays.

On a GPU the kernels of a small network take less time than starting them one by one. A graph starts all at once, on
memory that stays: a batch is copied there, and what a step gives is copied from there, but for the gradients, which the
optimizer reads in place. Capturing takes some passes; their traces in running statistics and generators are undone.

Without a GPU the same code runs with `in_place_of_graph`. On a GPU it was never run: there it is on only where the
environment variable ``DL_CUDA_GRAPHS`` is 1.
Source: https://docs.pytorch.org/docs/stable/notes/cuda.html#cuda-graphs, captured after three passes on another stream.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dl.training.state import random_states, restore_random_states

WARM_UPS = 3
TIMED = 5  # passes of each kind that are timed
ASKED = "DL_CUDA_GRAPHS"  # environment variable; 1 lets steps on a GPU be graphed

Passes = Callable[..., list[Tensor]]  # from the inputs of a step to logits, loss and gradients
Capture = Callable[[Callable[[], list[Tensor]]], tuple[Callable[[], None], list[Tensor]]]  # to replay, and its results


@dataclass(frozen=True)
class PayBack:
    """What a graph costs and saves.

    Args:
        cost: Seconds of capturing and timing.
        before: Seconds of the passes of a step.
        after: With the graph.
    """

    cost: float
    before: float
    after: float

    @property
    def steps(self) -> float:
        """After how many steps it has repaid; infinite if it never does."""
        return self.cost / (self.before - self.after) if self.before > self.after else float("inf")

    def in_words(self) -> str:
        """Return a line for the screen."""
        times = f"{self.before * 1e3:.2f} ms a step, {self.after * 1e3:.2f} as a graph"
        return f"passes take {times}: repaid after {self.steps:,.0f} steps" if self.before > self.after else times


def are_asked_for() -> bool:
    """Return whether steps on a GPU may be graphed."""
    return os.environ.get(ASKED) == "1"


def cuda_graph(passes: Callable[[], list[Tensor]]) -> tuple[Callable[[], None], list[Tensor]]:
    """Capture passes on the current device."""
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(WARM_UPS):
            passes()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        given = passes()
    return graph.replay, given


def in_place_of_graph(passes: Callable[[], list[Tensor]]) -> tuple[Callable[[], None], list[Tensor]]:
    """Return what behaves as a graph does, on any device: its results lie where they lay before."""
    for _ in range(WARM_UPS):
        passes()
    given = [one.clone() for one in passes()]

    def replay() -> None:
        for one, new in zip(given, passes(), strict=True):
            one.copy_(new)

    return replay, given


@contextmanager
def undone(network: nn.Module, device: torch.device) -> Iterator[None]:
    """Undo at the end of this context what passes have changed: buffers and generators."""
    buffers = [(one, one.clone()) for one in network.buffers()]
    states = random_states(device)
    try:
        yield
    finally:
        with torch.no_grad():
            for one, before in buffers:
                one.copy_(before)
        restore_random_states(states, device)


def graphed(
    passes: Passes, inputs: Sequence[Tensor], network: nn.Module, capture: Capture = cuda_graph
) -> tuple[Passes, PayBack]:
    """Return the passes of a step as a graph, and what it costs and saves; the passes as they are if it saves nothing.

    Args:
        passes: Recorded.
        inputs: Of one step, whose shapes all have.
        network: Whose passes these are.
        capture: Makes the graph.
    """
    still, started = [one.clone() for one in inputs], time.perf_counter()
    with undone(network, inputs[0].device):
        before = _seconds(lambda: passes(*still), inputs[0].device)
        replay, given = capture(lambda: passes(*still))
        after = _seconds(replay, inputs[0].device)
    pay_back = PayBack(time.perf_counter() - started, before, after)

    def run(*batch: Tensor) -> list[Tensor]:
        for one, new in zip(still, batch, strict=True):
            one.copy_(new, non_blocking=True)
        replay()
        logits, loss, *gradients = given
        return [logits.clone(), loss.clone(), *gradients]

    return (run if after < before else passes), pay_back


def _seconds(take: Callable[[], object], device: torch.device) -> float:
    """Return the seconds of one call, the mean of some after one that does not count."""
    take()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    for _ in range(TIMED):
        take()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return (time.perf_counter() - started) / TIMED
