"""Graphs: networks with branches, several inputs and several heads, typed in Python.

    from dl.graph import Conv, Dense, Flatten, Graph, Input, Pool, concat

    image = Input((1, 28, 28), "image")
    wide, narrow = image >> Conv(16, 5), image >> Conv(16, 3)
    network = Graph(image, concat(wide, narrow) >> Pool() >> Flatten() >> Dense(10))
    print(network)

Any `torch.nn.Module` and any function of tensors is a layer too: ``node >> nn.ReLU()``, ``node >> torch.abs``. A layer
that stands on two nodes has the same weights on both; a graph on nodes is a model inside a graph.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dl.graph.layers import (
        GRU,
        LSTM,
        Average,
        Conv,
        ConvStack,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        Head,
        Layer,
        Norm,
        Pool,
        Upsample,
    )
    from dl.graph.network import Graph
    from dl.graph.node import Input, Node, add, apply, concat

__all__ = [
    "GRU",
    "LSTM",
    "Average",
    "Conv",
    "ConvStack",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "Graph",
    "Head",
    "Input",
    "Layer",
    "Node",
    "Norm",
    "Pool",
    "Upsample",
    "add",
    "apply",
    "concat",
]

_HOMES = {"Graph": "network", "Input": "node", "Node": "node", "add": "node", "apply": "node", "concat": "node"}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'dl.graph' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"dl.graph.{_HOMES.get(name, 'layers')}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
