"""Nodes: what a layer gives, with an example, so that shapes are known where they are typed.

A node reads nodes that were made before it and is never changed: the order of creation is the order of execution.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import torch
from torch import Tensor, nn

from dl.errors import BadNetwork
from dl.graph.value import TOKENS, Function, Misfit, Value, kind_of, show_shape, try_layer
from dl.options import InputShape
from dl.padded import Padded

_created = count()


@dataclass(frozen=True, eq=False)
class Node:
    """What a layer gives, or an input.

    Args:
        module: The layer; None for an input.
        reads: The nodes that it reads.
        value: An example of what it gives, of one row.
        name: Of the layer, the input or the head; empty for kind and number.
        kind: In drawings and errors.
        number: In the order of creation.
        vocabulary: Number of different tokens, of an input of texts.
    """

    module: nn.Module | None
    reads: tuple[Node, ...]
    value: Value
    name: str
    kind: str
    number: int
    vocabulary: int = 0

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example, without the batch axis; of texts the first number is that of tokens."""
        return tuple((self.value.values if isinstance(self.value, Padded) else self.value).shape[1:])

    @property
    def described(self) -> str:
        """The node in an error: its kind, or the name of an input."""
        if self.module is None:
            return f"the input {self.name!r}"
        return f"{self.kind} {self.name!r}" if self.name else self.kind

    def __repr__(self) -> str:
        return f"<{self.described}: {show_shape(self.value)}>"

    def __rshift__(self, layer: nn.Module | OnNodes | Callable[..., Any]) -> Node:
        """Put a layer, a graph or a function of tensors on the node."""
        return apply(layer, self)

    def __add__(self, other: Node | float) -> Node:
        return _binary(operator.add, self, other)

    def __sub__(self, other: Node | float) -> Node:
        return _binary(operator.sub, self, other)

    def __mul__(self, other: Node | float) -> Node:
        return _binary(operator.mul, self, other)

    __radd__, __rmul__ = __add__, __mul__

    def __abs__(self) -> Node:
        return apply(torch.abs, self)

    def __getitem__(self, place: Any) -> Node:  # Any: an index as torch takes it
        """Take a part of each example: ``row[:4]``, ``image[:, :, :14]``."""
        index = (slice(None), *(place if isinstance(place, tuple) else (place,)))
        return apply(Function(operator.getitem, "part", index), self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise BadNetwork(f"a node has no {name!r}; put layers and functions on it by >>: node >> layer")

    @classmethod
    def __torch_function__(
        cls,
        function: Callable[..., Any],
        types: object,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Node:
        """Let a function of torch on nodes give a node; one with weights is a module that was called."""
        rest = [*args[1:], *(kwargs or {}).values()]
        if not args or not isinstance(args[0], Node) or any(isinstance(one, (Node, nn.Parameter)) for one in rest):
            raise BadNetwork(
                "a module of torch is put on a node by >>, as node >> nn.Linear(64, 10), and not by a call"
            )
        return apply(Function(function, "", *args[1:], **(kwargs or {})), args[0])


class OnNodes(ABC):
    """What gives a node when it is called on nodes, as a layer whose module is not made yet."""

    @abstractmethod
    def __call__(self, *nodes: Node) -> Node:
        """Return the node that it gives."""


def Input(shape: InputShape, name: str = "input", *, tokens: bool = False) -> Node:  # noqa: N802 - reads like a layer
    """Return an input of a graph.

    Args:
        shape: Of one prepared input, without the batch axis, as ``build`` of a model file gets it.
        name: By which several inputs are told apart.
        tokens: Whether it holds texts: the shape then is (most tokens, V), and a batch is a `Padded`.

    Raises:
        BadNetwork: If the shape is none.
    """
    if not isinstance(shape, Sequence) or not all(isinstance(size, int) for size in shape):
        raise BadNetwork(f"Input takes the shape of one example, as (1, 28, 28); {shape!r} was given")
    if tokens:
        if len(shape) != 2:
            raise BadNetwork(f"an input of texts has the shape (most tokens, vocabulary); {tuple(shape)} was given")
        rows = torch.full((1, TOKENS), max(shape[1] - 1, 0))
        return Node(None, (), Padded(rows, torch.tensor([TOKENS])), name, "Input", next(_created), shape[1])
    return Node(None, (), torch.zeros(1, *shape), name, "Input", next(_created))


def apply(layer: nn.Module | OnNodes | Callable[..., Any], *nodes: Node, name: str = "") -> Node:
    """Put a layer on one or several nodes.

    Args:
        layer: A layer of this room, a module of torch, a graph, or a function of tensors.
        *nodes: What it reads, in the order of its arguments.
        name: Of the layer; empty for kind and number.

    Raises:
        BadNetwork: If it does not fit them.
    """
    if isinstance(layer, type):
        raise BadNetwork(f"{layer.__name__} is a class, not a layer; call it with its options: {layer.__name__}(...)")
    if not nodes:
        raise BadNetwork("a layer is put on a node: node >> layer")
    if wrong := [one for one in nodes if not isinstance(one, Node)]:
        raise BadNetwork(f"a layer is put on nodes; {type(wrong[0]).__name__} was given")
    if isinstance(layer, OnNodes):
        return layer(*nodes)
    module = layer if isinstance(layer, nn.Module) else Function(layer)
    return connect(module, nodes, name, kind_of(module))


def connect(module: nn.Module, nodes: Sequence[Node], name: str, kind: str) -> Node:
    """Return the node that a module gives, from an example of one row.

    Raises:
        BadNetwork: If the module does not fit the nodes, naming both and their shapes.
    """
    try:
        value = try_layer(module, [node.value for node in nodes])
    except Misfit as error:
        raise BadNetwork(_misfit(error, module, nodes)) from error
    if not isinstance(value, (Tensor, Padded)):
        raise BadNetwork(f"{kind} gives {show_shape(value)}, not a tensor; take one of it: node >> function")
    return Node(module, tuple(nodes), value, name, kind, next(_created))


def _misfit(error: Misfit, module: nn.Module, nodes: Sequence[Node]) -> str:
    """Word a layer that does not fit what it reads."""
    failed, why = error.entered, f": {error.why}" if error.why else ""
    what = failed.what
    if failed.layer is not module:
        what += f" in {kind_of(module)}, where it gets {' and '.join(map(show_shape, failed.inputs))}"
    return f"shapes do not fit: {what}, and {_listed(nodes)}{why}"


def _binary(function: Callable[..., Any], left: Node, right: Node | float) -> Node:
    if isinstance(right, Node):
        if function is not operator.mul:  # which scales channels by (C, 1, 1)
            _need_alike(function.__name__, (left, right))
        return apply(function, left, right)
    return apply(Function(function, "", right), left)


def add(*nodes: Node) -> Node:
    """Return the sum of nodes of one shape, as around a residual block.

    Raises:
        BadNetwork: If their shapes differ.
    """
    _need_alike("add", nodes)
    return apply(Function(_sum, "add"), *nodes)


def _sum(*values: Tensor) -> Tensor:
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def concat(*nodes: Node, axis: int = 0) -> Node:
    """Return nodes side by side along an axis of one example: channels of images, numbers of vectors.

    Raises:
        BadNetwork: If their shapes differ in another axis.
    """
    rests = [(*node.shape[:axis], *node.shape[axis + 1 :]) for node in nodes]
    if len({(len(node.shape), rest) for node, rest in zip(nodes, rests, strict=True)}) > 1:
        raise BadNetwork(f"shapes do not fit: concat joins along axis {axis}, and {_listed(nodes)}")
    return apply(Function(_side_by_side, "concat", axis=axis + 1), *nodes)


def _side_by_side(*values: Tensor, axis: int) -> Tensor:
    return torch.cat(values, dim=axis)


def _need_alike(what: str, nodes: Sequence[Node]) -> None:
    if len({node.shape for node in nodes}) > 1:
        raise BadNetwork(f"shapes do not fit: {what} takes one shape, and {_listed(nodes)}")


def _listed(nodes: Sequence[Node]) -> str:
    return " and ".join(f"{node.described} gives {show_shape(node.value)}" for node in nodes)
