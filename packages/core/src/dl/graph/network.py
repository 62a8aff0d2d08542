"""A graph as a network: nodes from inputs to heads, as one module of torch with stable names of its weights.

Letters: ``N`` rows, ``K`` logits of all heads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from dl.diagram import Diagram, DrawnLayer
from dl.errors import BadNetwork
from dl.graph.node import Node, connect
from dl.graph.value import Value, show_shape
from dl.options import InputShape
from dl.words import many

LOGITS = "logits"  # the head of a graph with one, unless it has a name


class Graph(nn.Module):
    """A network from inputs to heads.

    With one input it takes what that input takes; with several a mapping from name to values, or a sequence of values
    in their order. It gives logits (N, K): those of its heads side by side.

    Args:
        inputs: A node that `Input` made, or several.
        *heads: Nodes whose values are logits; several have names: ``Head(1, "price")``.

    Raises:
        BadNetwork: If an input leads to no head, one is missing, or two of a kind have one name.
    """

    def __init__(self, inputs: Node | Sequence[Node], *heads: Node) -> None:
        super().__init__()
        given = (inputs,) if isinstance(inputs, Node) else tuple(inputs)
        _check_ends(given, heads)
        nodes = _order(given, heads)
        self.inputs: dict[str, InputShape] = {node.name: node.shape for node in given}
        self.widths: dict[str, int] = {node.name or LOGITS: node.shape[-1] for node in heads}
        names = _names(nodes)
        place = {node.number: at for at, node in enumerate(nodes)}
        self._starts = tuple(place[node.number] for node in given)
        self._ends = tuple(place[node.number] for node in heads)
        self._steps: list[tuple[int, str, tuple[int, ...]]] = []  # place, name of the module, places that it reads
        drawn = []
        owners: dict[int, str] = {}  # the name of each module, by its identity
        for at, (node, name) in enumerate(zip(nodes, names, strict=True)):
            reads = tuple(place[one.number] for one in node.reads)
            owner = owners.setdefault(id(node.module), name)
            drawn.append(_draw(node, name, reads, owner))
            if node.module is not None:
                self._steps.append((at, owner, reads))
                self._register(owner, node.module)
        self.diagram = Diagram(tuple(drawn))

    def _register(self, name: str, module: nn.Module) -> None:
        try:
            if self._modules.get(name) is not module:
                self.add_module(name, module)
        except KeyError as error:
            raise BadNetwork(f"a layer cannot be named {name!r}; give it another name") from error

    def __call__(self, *values: Any, **named: Any) -> Any:  # Any: tensors, padded rows, or nodes
        """Return logits; on nodes, a node: the graph is then a model inside a graph."""
        if values and all(isinstance(one, Node) for one in values):
            return connect(self, values, "", type(self).__name__)
        return super().__call__(*values, **named)

    def forward(self, *given: Value | Mapping[str, Value] | Sequence[Value]) -> Tensor:
        """Return logits (N, K) of all heads side by side."""
        values: dict[int, Any] = dict(zip(self._starts, self._values(given), strict=True))
        modules = self._modules
        for at, name, reads in self._steps:
            values[at] = modules[name](*[values[one] for one in reads])  # type: ignore[misc]  # each is there
        logits = [values[end] for end in self._ends]
        found: Tensor = logits[0] if len(logits) == 1 else torch.cat(logits, dim=-1)
        return found

    def _values(self, given: Sequence[Any]) -> Sequence[Any]:  # Any: as `forward` takes them
        """Return the values of the inputs in their order.

        Raises:
            BadNetwork: If one is missing or there are others.
        """
        if len(given) == len(self._starts) and not isinstance(given[0], Mapping):
            return given
        if len(given) == 1 and isinstance(given[0], Mapping):
            if missing := [name for name in self.inputs if name not in given[0]]:
                raise BadNetwork(f"the graph reads the input {missing[0]!r}; there are: {_listed(given[0])}")
            return [given[0][name] for name in self.inputs]
        values = given[0] if len(given) == 1 and isinstance(given[0], (tuple, list)) else given
        if len(values) != len(self._starts):
            raise BadNetwork(f"the graph reads {_listed(self.inputs)}; it got {many(len(values), 'value')}")
        return values

    def split(self, logits: Tensor) -> dict[str, Tensor]:
        """Return the logits (N, K) of each head by name."""
        return dict(zip(self.widths, logits.split(list(self.widths.values()), dim=-1), strict=True))

    def __repr__(self) -> str:
        return self.diagram.text()


def _check_ends(inputs: Sequence[Node], heads: Sequence[Node]) -> None:
    """Refuse what cannot be inputs and heads of one graph.

    Raises:
        BadNetwork: Naming the one that is wrong.
    """
    if not heads:
        raise BadNetwork("a graph needs a head: Graph(image, image >> Flatten() >> Head(10))")
    for node in (*inputs, *heads):
        if not isinstance(node, Node):
            raise BadNetwork(f"Graph takes nodes: inputs, then heads; {type(node).__name__} was given")
    for node in inputs:
        if node.module is not None:
            raise BadNetwork(f"the first argument of Graph takes what Input made; {node.described} is a layer")
    for kind, names in (("inputs", [node.name for node in inputs]), ("heads", [node.name or LOGITS for node in heads])):
        name, count = Counter(names).most_common(1)[0] if names else ("", 0)
        if count > 1:
            hint = ", as in Input(shape, 'left')" if kind == "inputs" else ", as in Head(1, 'price')"
            raise BadNetwork(f"{count} {kind} are named {name!r}; give each a name of its own{hint}")
    for node in heads:
        if isinstance(node.value, Tensor) and node.value.ndim >= 2:
            continue
        raise BadNetwork(
            f"a head gives logits, (outputs,) of each example; {node.described} gives {show_shape(node.value)}"
        )


def _order(inputs: Sequence[Node], heads: Sequence[Node]) -> list[Node]:
    """Return the nodes on the way from inputs to heads, in the order of their execution.

    Raises:
        BadNetwork: If an input leads to no head, one is missing, or nodes read each other.
    """
    found: dict[int, Node] = {}
    waiting = list(heads)
    while waiting:
        node = waiting.pop()
        if node.number in found:
            continue
        found[node.number] = node
        waiting.extend(node.reads)
        if any(one.number >= node.number for one in node.reads):
            raise BadNetwork(f"the graph has a cycle: {node.described} reads what comes of it")
    known = {node.number for node in inputs}
    for node in found.values():
        if node.module is None and node.number not in known:
            raise BadNetwork(f"a head reads {node.described}, which is not among the inputs of Graph")
    for node in inputs:
        if node.number not in found:
            raise BadNetwork(f"{node.described} leads to no head; use it, or leave it out of Graph")
    return [found[number] for number in sorted(found)]


def _names(nodes: Sequence[Node]) -> list[str]:
    """Return the name of each node: its own, or its kind with a number.

    Raises:
        BadNetwork: If two layers have one name.
    """
    counts: Counter[str] = Counter()
    names = []
    for node in nodes:
        kind = node.kind.lower()
        counts[kind] += 1
        names.append(node.name.replace(".", "_") or f"{kind}_{counts[kind]}")  # torch takes no dot
    used: dict[str, list[nn.Module | None]] = {}
    for at, (name, node) in enumerate(zip(names, nodes, strict=True)):
        before = used.setdefault(name, [])
        if before and (node.module is None or before[0] is not node.module):
            raise BadNetwork(f"two layers are named {name!r}; give each a name of its own")
        before.append(node.module)
        names[at] = name if len(before) == 1 else f"{name}_{len(before)}"  # the same layer once more
    return names


def _draw(node: Node, name: str, reads: tuple[int, ...], owner: str) -> DrawnLayer:
    """Return a node as it is drawn; ``owner`` is the name under which its module stands first."""
    parameters = 0 if node.module is None else sum(map(torch.numel, _trainable(node.module)))
    shares = owner if parameters and name != owner else ""
    return DrawnLayer(name, node.kind, reads, show_shape(node.value), 0 if shares else parameters, shares)


def _trainable(module: nn.Module) -> Iterator[nn.Parameter]:
    return (parameter for parameter in module.parameters() if parameter.requires_grad)


def _listed(names: Mapping[str, object]) -> str:
    return ", ".join(map(repr, names))
