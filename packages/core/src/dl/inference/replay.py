"""A network whose passes are replayed, for a program that computes batches of few shapes again and again.

Of a short pass some 7 % are modules that call each other. Once a shape has come twice, its operations are on record
(`dl.training.recorded`), and a pass is these in a row: the same numbers, to the same bits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from dl.inference.loaded import LoadedRun
from dl.training.graphed import Passes
from dl.training.recorded import Recorder, is_recordable, state_of

MOST = 16  # shapes on record
Shape = tuple[object, ...]


class ReplayedNetwork(nn.Module):
    """Computes what a network computes.

    Args:
        network: In eval mode, of layers whose passes depend on tensors alone; its weights stay as they are.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self._seen: set[Shape] = set()
        self._passes: dict[Shape, Passes | None] = {}  # None where there can be no record

    def forward(self, inputs: Any) -> Any:  # Any: as `dl.padded.Prepared`, and as the network answers it
        """Compute a pass, by its record where there is one."""
        if not isinstance(inputs, Tensor):
            return self.network(inputs)
        shape = (inputs.shape, inputs.stride(), inputs.dtype)
        if (passes := self._passes.get(shape)) is not None:
            return passes(inputs)[0]
        if shape in self._seen and shape not in self._passes:
            return self._record(shape, inputs)
        if len(self._seen) < MOST:
            self._seen.add(shape)
        return self.network(inputs)

    def _record(self, shape: Shape, inputs: Tensor) -> Any:  # Any: as the network answers
        with Recorder([inputs]) as recorder:
            found = self.network(inputs)
        watched = state_of(self.network) is None  # by a hook
        self._passes[shape] = None if watched or not isinstance(found, Tensor) else recorder.passes([found])
        return found


def replayed(opened: LoadedRun) -> LoadedRun:
    """Return a run whose network is replayed; as it is where its passes depend on more than tensors."""
    plain = type(opened) is LoadedRun and any(True for _ in opened.network.parameters())
    if not plain or not is_recordable(opened.network):
        return opened
    return replace(opened, network=ReplayedNetwork(opened.network).eval())
