"""What a fit keeps for the report beside outcomes: signs of training health, features, and sketches of hard examples.

Each costs little: health is read at one step of a block and on a few validation batches, features and sketches once, at
the end. Letters: ``n`` examples of a part, ``F`` features.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Part, row_of
from dl.padded import Padded
from dl.runs import outcomes

MOST_FEATURES = 64  # dimensions kept of an example's penultimate features
MOST_EXAMPLES = 5_000  # of each part whose features are kept
MOST_SKETCHES = 64  # of each part
WATCHED_BATCHES = 4  # of the validation part, for units that never fire


class GradientWatch:
    """Norms of the gradient at some of the epoch's steps; tensors stay on the device until they are read."""

    def __init__(self, network: nn.Module) -> None:
        self.parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
        weights = [parameter for parameter in self.parameters if parameter.ndim > 1] or self.parameters
        self.first, self.last = weights[0], weights[-1]
        self.seen: list[Tensor] = []

    def note(self) -> None:
        """Note the norms of the gradient that was just computed: of all, of the first and of the last weights."""
        gradients = [parameter.grad for parameter in self.parameters if parameter.grad is not None]
        ends = [nn.utils.get_total_norm([p.grad]) for p in (self.first, self.last) if p.grad is not None]
        if len(ends) == 2:
            self.seen.append(torch.stack([nn.utils.get_total_norm(gradients), *ends]))

    def row(self) -> dict[str, float]:
        """Return medians over the noted steps and the largest, and start anew; nothing if no step was noted."""
        if not self.seen:
            return {}
        norms = torch.stack(self.seen).float().cpu().numpy()
        self.seen = []
        median = np.median(norms, axis=0)
        named = zip(("grad_norm", "grad_first", "grad_last"), median.tolist(), strict=True)
        return dict(named) | {"grad_norm_max": float(norms[:, 0].max())}


class UnitWatch:
    """Which channels of the ReLU layers ever fire on the first batches of a scoring pass."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = [layer for layer in network.modules() if isinstance(layer, nn.ReLU)]
        self.fired: dict[int, Tensor] = {}

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what the layers give inside."""
        handles = [layer.register_forward_hook(self._look) for layer in self.layers]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def row(self) -> dict[str, float]:
        """Return the share of channels that never fired, and start anew; nothing where there is no ReLU."""
        fired = [float(one.float().sum()) for one in self.fired.values()]
        total = sum(len(one) for one in self.fired.values())
        self.fired = {}
        return {"dead_share": 1 - sum(fired) / total} if total else {}

    def _look(self, layer: nn.Module, _inputs: Any, output: Tensor) -> None:  # Any: what a hook is given
        others = [axis for axis in range(output.ndim) if axis != 1]
        fires = (output > 0).any(dim=others[0]) if len(others) == 1 else (output.amax(dim=others) > 0)
        key = id(layer)
        self.fired[key] = self.fired[key] | fires if key in self.fired else fires


def project(values: Tensor) -> Tensor:
    """Project (n, ...) values to at most `MOST_FEATURES` dimensions, (n, F) float16 on the CPU.

    The projection is random, fixed and the same for every run: distances are kept well enough to find near copies.

    Source: Johnson and Lindenstrauss 1984.
    """
    flat = values.detach().float().flatten(1)
    width = flat.shape[1]
    if width > MOST_FEATURES:
        draws = np.random.default_rng(0xFEA7).standard_normal((width, MOST_FEATURES)).astype(np.float32)
        flat = flat @ (torch.from_numpy(draws) / MOST_FEATURES**0.5).to(flat.device)
    return flat.half().cpu()


def of_rows(values: Tensor, batch: Tensor | Padded) -> Tensor:
    """Return what a layer reads of each row: where it reads every token, (B, T, F), the mean over those of the row."""
    if not isinstance(batch, Padded) or values.ndim != 3:
        return values
    inside = batch.mask.to(values)
    return torch.einsum("btf,bt->bf", values, inside) / inside.sum(dim=1, keepdim=True)


@contextmanager
def penultimate(network: nn.Module) -> Iterator[list[Tensor]]:
    """Collect what the last linear layer reads while the network runs inside; nothing if it has none."""
    kept: list[Tensor] = []
    linear = [layer for layer in network.modules() if isinstance(layer, nn.Linear)]
    handles = [
        layer.register_forward_pre_hook(lambda _, inputs: kept.append(inputs[0].detach())) for layer in linear[-1:]
    ]
    try:
        yield kept
    finally:
        for handle in handles:
            handle.remove()


def spread(n: int, most: int) -> NDArray[np.int64]:
    """Return at most so many rows of n, evenly spread: the order of a data set often means something."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).astype(np.int64))


def hardest(losses: NDArray[np.float64], margins: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the rows worth showing: the largest summed losses and the smallest summed margins, ascending."""
    half = min(MOST_SKETCHES // 2, len(losses))
    return np.union1d(np.argsort(-losses, kind="stable")[:half], np.argsort(margins, kind="stable")[:half])


def write_sketches(
    folder: Path, parts: Mapping[str, Part], rows: Mapping[str, NDArray[np.int64]], sketch: Callable[[Any], Any]
) -> None:
    """Write a small picture, or the words, of some examples of each part. Any: one stored input, an array or text."""
    arrays: dict[str, NDArray[Any]] = {}
    for name, part in parts.items():
        arrays[f"{name}_rows"] = rows[name]
        arrays[f"{name}_sketches"] = np.array(
            [sketch(row_of(part.examples.inputs, part.index[row])) for row in rows[name]]
        )
    outcomes.write_arrays(folder / "sketches.npz", arrays)
