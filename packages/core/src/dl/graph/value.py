"""Values that flow through a network: their shapes in words, and which layer refuses one.

Letters: ``B`` examples of a batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dl.padded import Padded

Value = Tensor | Padded
TOKENS = 4  # of the example of a text; an odd width would hide that a network needs an even one

# What a layer of torch reads, by the attribute that tells it.
READS: tuple[tuple[type[nn.Module], str, str], ...] = (
    (nn.Linear, "in_features", "numbers"),
    (nn.modules.conv._ConvNd, "in_channels", "channels"),
    (nn.modules.batchnorm._BatchNorm, "num_features", "channels"),
    (nn.GroupNorm, "num_channels", "channels"),
    (nn.RNNBase, "input_size", "numbers a step"),
    (nn.Embedding, "num_embeddings", "tokens"),
    (nn.LayerNorm, "normalized_shape", ""),
)


def show_shape(value: object) -> str:
    """Return the shape of a value in words, without the batch axis: ``32 x 28 x 28``, ``tokens x 64``."""
    if isinstance(value, Padded):
        return " x ".join(["tokens", *map(str, value.values.shape[2:])])
    if isinstance(value, Tensor):
        return " x ".join(map(str, value.shape[1:])) or "1 number"
    return f"a {type(value).__name__}"


def show_reads(module: nn.Module) -> str:
    """Return what a layer of torch reads, in words: ``64 numbers``; empty where that is not known."""
    for kind, attribute, words in READS:
        if isinstance(module, kind):
            count = getattr(module, attribute)
            shown = " x ".join(map(str, count)) if isinstance(count, tuple) else str(count)
            return f"{shown} {words}".strip()
    return ""


@dataclass(frozen=True)
class Entered:
    """A layer that has begun to run.

    Args:
        layer: The layer.
        inputs: As it got them.
    """

    layer: nn.Module
    inputs: Sequence[object]

    @property
    def what(self) -> str:
        """The layer, and what it reads: ``Linear reads 64 numbers``."""
        kind, reads = kind_of(self.layer), show_reads(self.layer)
        return f"{kind} reads {reads}" if reads else kind

    @property
    def fault(self) -> str:
        """What it reads beside what it gets; empty where that is not known."""
        got = " and ".join(map(show_shape, self.inputs))
        return f"{self.what}, and gets {got}" if show_reads(self.layer) else ""


class Misfit(Exception):
    """A layer that cannot read its inputs.

    Args:
        entered: The innermost layer that failed.
        error: As it was raised.
    """

    def __init__(self, entered: Entered, error: Exception) -> None:
        super().__init__(str(error))
        self.entered, self.error = entered, error

    @property
    def why(self) -> str:
        """The reason in one line; empty where both shapes tell it."""
        return "" if self.entered.fault else (str(self.error).strip().splitlines() or [""])[0]


@contextmanager
def watched(module: nn.Module, entered: list[Entered]) -> Iterator[None]:
    """Keep the layers that have begun to run inside this context, and have not ended: the last one is the innermost."""

    def enter(inner: nn.Module, given: tuple[object, ...]) -> None:
        entered.append(Entered(inner, given))

    def leave(_inner: nn.Module, _given: object, _value: object) -> None:
        entered.pop()

    handles = [inner.register_forward_pre_hook(enter, prepend=True) for inner in module.modules()]
    handles += [inner.register_forward_hook(leave) for inner in module.modules()]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def try_layer(module: nn.Module, inputs: Sequence[Any]) -> Any:  # Any: what a layer takes and gives
    """Run a layer on examples in eval mode, without gradients; lazy layers are built.

    Raises:
        Misfit: If it or a layer in it fails, naming the innermost one.
    """
    entered = [Entered(module, inputs)]
    modes = [(inner, inner.training) for inner in module.modules()]
    try:
        with torch.no_grad(), watched(module, entered):
            return module.eval()(*inputs)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError, NotImplementedError) as error:
        raise Misfit(entered[-1], error) from error
    finally:
        for inner, mode in modes:
            inner.training = mode


class Function(nn.Module):
    """A function of tensors as a layer without weights.

    Args:
        function: From values to a value.
        kind: Its name in drawings and errors; empty takes the function's.
        *given: Further arguments.
        **options: Further arguments by name.
    """

    def __init__(self, function: Callable[..., Any], kind: str = "", *given: Any, **options: Any) -> None:
        super().__init__()
        self.function, self.given, self.options = function, given, options
        name = getattr(function, "__name__", type(function).__name__).strip("_")
        self.kind = kind or ("function" if "lambda" in name else name)

    def forward(self, *values: Any) -> Any:
        """Apply the function."""
        return self.function(*values, *self.given, **self.options)


def kind_of(module: nn.Module) -> str:
    """Return the name of a layer's class, or of the function that it applies."""
    return module.kind if isinstance(module, Function) else type(module).__name__
