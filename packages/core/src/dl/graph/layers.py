"""Layers that take their input's width from the first node they stand on: thin makers of torch's own modules.

A layer makes its module once and keeps it: on a second node it gives the same weights.
Letters: ``B`` rows, ``C`` channels, ``T`` steps, ``F`` numbers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dl.errors import BadNetwork, nearest
from dl.graph.node import Node, OnNodes, apply, connect
from dl.graph.value import Value, show_shape
from dl.padded import Padded
from dl.words import many

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "elu": nn.ELU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
}
STEP = 2  # of pooling


class Layer(OnNodes):
    """A layer whose module is made for the first node it stands on.

    Args:
        activation: Of its values: ``relu``, ``gelu``, ``silu``, ``elu``, ``tanh``, ``sigmoid``; empty for none.
        name: In drawings and in the names of its weights; empty for kind and number.

    Raises:
        BadNetwork: If there is no such activation.
    """

    axes = 0  # of one example that it can read; 0 for any

    def __init__(self, activation: str = "", name: str = "") -> None:
        if activation and activation not in ACTIVATIONS:
            known = ", ".join(ACTIVATIONS)
            raise BadNetwork(f"no activation {activation!r}{nearest(activation, ACTIVATIONS)}  there are: {known}")
        self.name = name
        self.activation = ACTIVATIONS[activation]() if activation else None
        self.built: nn.Module | None = None

    @abstractmethod
    def make(self, node: Node) -> nn.Module:
        """Make the module for the node that the layer first stands on."""

    def __call__(self, *nodes: Node) -> Node:
        """Put the layer on nodes.

        Raises:
            BadNetwork: If it does not fit them.
        """
        kind = type(self).__name__
        if wrong := [one for one in nodes if not isinstance(one, Node)]:
            raise BadNetwork(f"{kind} is put on nodes; {type(wrong[0]).__name__} was given")
        for node in nodes:
            if self.axes and len(node.shape) != self.axes:
                reads = f"{kind} reads {many(self.axes, 'axis', 'axes')} of an example"
                hint = "  put Flatten() or Average() between" if self.axes == 1 else ""
                raise BadNetwork(
                    f"shapes do not fit: {reads}, and {node.described} gives {show_shape(node.value)}{hint}"
                )
        self.built = self.built or self.make(nodes[0])
        given = connect(self.built, nodes, self.name, kind)
        return given if self.activation is None else apply(self.activation, given)


class Dense(Layer):
    """A dense layer, ``torch.nn.Linear``.

    Args:
        units: That it gives.
        activation: As in `Layer`.
        name: As in `Layer`.
    """

    def __init__(self, units: int, activation: str = "", name: str = "") -> None:
        super().__init__(activation, name)
        self.units = units

    def make(self, node: Node) -> nn.Module:
        """Make the linear layer."""
        return nn.Linear(node.shape[-1], self.units)


class Head(Dense):
    """The last layer of a target: dense, without activation, so that it gives logits.

    Args:
        outputs: Width of the target, as ``build`` of a model file gets it.
        name: Of the target.
    """

    axes = 1

    def __init__(self, outputs: int, name: str = "") -> None:
        super().__init__(outputs, name=name)


class Conv(Layer):
    """A convolution of images (C, H, W), ``torch.nn.Conv2d``; at stride 1 height and width stay.

    Args:
        channels: That it gives.
        size: Of the kernel.
        stride: Of the kernel.
        activation: As in `Layer`.
        name: As in `Layer`.
    """

    axes = 3

    def __init__(self, channels: int, size: int = 3, stride: int = 1, activation: str = "relu", name: str = "") -> None:
        super().__init__(activation, name)
        self.channels, self.size, self.stride = channels, size, stride

    def make(self, node: Node) -> nn.Module:
        """Make the convolution."""
        padding: int | str = "same" if self.stride == 1 else self.size // 2
        return nn.Conv2d(node.shape[0], self.channels, self.size, self.stride, padding)


class ConvStack(Layer):
    """Blocks of a convolution of size 3, batch norm, ReLU and pooling by 2.

    Args:
        *channels: That each block gives.
        name: As in `Layer`.
    """

    axes = 3

    def __init__(self, *channels: int, name: str = "") -> None:
        super().__init__(name=name)
        self.channels = channels

    def make(self, node: Node) -> nn.Module:
        """Make the blocks."""
        layers: list[nn.Module] = []
        for reads, gives in zip((node.shape[0], *self.channels), self.channels, strict=False):
            layers += [nn.Conv2d(reads, gives, 3, padding="same", bias=False), nn.BatchNorm2d(gives), nn.ReLU()]
            layers.append(nn.MaxPool2d(STEP, ceil_mode=True))
        return nn.Sequential(*layers)


class Norm(Layer):
    """Batch norm of images, sequences or vectors; ``groups`` makes it a group norm.

    Args:
        groups: Of channels; 0 for batch norm.
        name: As in `Layer`.
    """

    def __init__(self, groups: int = 0, name: str = "") -> None:
        super().__init__(name=name)
        self.groups = groups

    def make(self, node: Node) -> nn.Module:
        """Make the norm."""
        if self.groups:
            return nn.GroupNorm(self.groups, node.shape[0])
        return (nn.BatchNorm2d if len(node.shape) == 3 else nn.BatchNorm1d)(node.shape[0])


class Pool(Layer):
    """Pooling of images (C, H, W) by squares.

    Args:
        size: Side of a square.
        kind: ``max`` or ``mean``.
        name: As in `Layer`.
    """

    axes = 3

    def __init__(self, size: int = STEP, kind: str = "max", name: str = "") -> None:
        super().__init__(name=name)
        if kind not in ("max", "mean"):
            raise BadNetwork(f"Pool takes kind='max' or kind='mean'; {kind!r} was given")
        self.size, self.kind = size, kind

    def make(self, node: Node) -> nn.Module:
        """Make the pooling."""
        return (nn.MaxPool2d if self.kind == "max" else nn.AvgPool2d)(self.size)


class Upsample(Layer):
    """Nearest-neighbour enlargement of images (C, H, W).

    Args:
        factor: Of height and width.
        name: As in `Layer`.
    """

    axes = 3

    def __init__(self, factor: int = STEP, name: str = "") -> None:
        super().__init__(name=name)
        self.factor = factor

    def make(self, node: Node) -> nn.Module:
        """Make the enlargement."""
        return nn.Upsample(scale_factor=self.factor)


class Flatten(Layer):
    """One row of numbers of each example."""

    def make(self, node: Node) -> nn.Module:
        """Make the layer."""
        return nn.Flatten()


class Dropout(Layer):
    """Dropout.

    Args:
        rate: Share of the values that are dropped in training.
        name: As in `Layer`.
    """

    def __init__(self, rate: float = 0.5, name: str = "") -> None:
        super().__init__(name=name)
        self.rate = rate

    def make(self, node: Node) -> nn.Module:
        """Make the dropout."""
        return nn.Dropout(self.rate)


class Average(Layer):
    """The mean over all places of an image (C, H, W), to (C,), or over all steps of a sequence (T, F), to (F,)."""

    def make(self, node: Node) -> nn.Module:
        """Make the layer."""
        return _Average()


class Embedding(Layer):
    """A vector for each token of an input of texts, ``torch.nn.Embedding``; that of padding is 0.

    Args:
        width: Of a vector.
        name: As in `Layer`.
    """

    def __init__(self, width: int, name: str = "") -> None:
        super().__init__(name=name)
        self.width = width

    def make(self, node: Node) -> nn.Module:
        """Make the table.

        Raises:
            BadNetwork: If the node is no input of texts.
        """
        if not node.vocabulary:
            raise BadNetwork(f"Embedding reads an input of texts, Input(shape, tokens=True); {node.described} is none")
        return _Embedding(node.vocabulary, self.width, padding_idx=0)


class LSTM(Layer):
    """A recurrent layer on a sequence (T, F): its state after the last step, or after each.

    Args:
        units: Of the state.
        each: Whether the states after all steps are given, for another recurrent layer or an `Average`.
        name: As in `Layer`.
    """

    cell: type[nn.LSTM] | type[nn.GRU] = nn.LSTM
    axes = 2

    def __init__(self, units: int, *, each: bool = False, name: str = "") -> None:
        super().__init__(name=name)
        self.units, self.each = units, each

    def make(self, node: Node) -> nn.Module:
        """Make the recurrent layer."""
        return _Recurrent(self.cell(node.shape[1], self.units, batch_first=True), each=self.each)


class GRU(LSTM):
    """A gated recurrent layer, as `LSTM`."""

    cell = nn.GRU


class _Embedding(nn.Embedding):
    """An embedding that keeps the lengths of padded rows."""

    def forward(self, batch: Value) -> Value:  # type: ignore[override]  # padded rows as well
        """Return vectors (B, T, F)."""
        if isinstance(batch, Padded):
            return batch._replace(values=super().forward(batch.values))
        return super().forward(batch.long())


class _Recurrent(nn.Module):
    """A recurrent layer that reads padded rows up to their length."""

    def __init__(self, cell: nn.RNNBase, *, each: bool) -> None:
        super().__init__()
        self.cell, self.each = cell, each

    def forward(self, batch: Value) -> Value:
        """Return states (B, T, H), or the last of each row (B, H): padding follows a row, and no state reads on."""
        steps = batch.values if isinstance(batch, Padded) else batch
        states: Tensor = self.cell(steps)[0]
        if not isinstance(batch, Padded):
            return states if self.each else states[:, -1]
        if self.each:
            return batch._replace(values=states)
        return states[torch.arange(states.shape[0], device=states.device), batch.lengths - 1]


class _Average(nn.Module):
    """The mean over places or steps, of padded rows up to their length."""

    def forward(self, batch: Value) -> Tensor:
        """Return (B, C) of images (B, C, H, W), (B, F) of sequences (B, T, F)."""
        if isinstance(batch, Padded):
            inside = batch.mask.to(batch.values.dtype)
            return torch.einsum("btf,bt->bf", batch.values, inside) / inside.sum(dim=1, keepdim=True)
        places: Sequence[int] = (2, 3) if batch.ndim == 4 else (1,)
        return batch.mean(dim=tuple(places))
