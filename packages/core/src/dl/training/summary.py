"""Summarize a network: its layers, their output shapes and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dl.backbone import Backbone, bodies
from dl.diagram import Diagram, DrawnLayer, stack
from dl.graph.network import Graph
from dl.graph.value import Entered, watched
from dl.padded import Padded, Prepared, rows_of
from dl.tasks.task import Task


@dataclass(frozen=True)
class Layer:
    """One layer of a network.

    Args:
        name: Path in the network.
        kind: Name of the class.
        shape: Of its output, without the batch axis.
        parameters: Number of trainable parameters.
        title: Heading of the stretch of layers that it belongs to, as of a branch; empty without any.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    title: str = ""


def summarize(network: nn.Module, blank: Prepared) -> list[Layer]:
    """Run one blank input through the network and record each leaf layer once, in order of execution; a body is one.

    An error of the network gets a note that names the layer that failed.
    """
    layers: list[Layer] = []
    entered: list[Entered] = []
    recorded: set[nn.Module] = set()
    titles: Mapping[str, str] = getattr(network, "titles", {})

    def note(name: str, layer: nn.Module) -> Any:  # Any: the handle of a hook
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:  # Any: what a layer takes and gives
            if layer in recorded:  # it is called at every step
                return
            recorded.add(layer)
            shape = tuple(output.shape[1:]) if isinstance(output, Tensor) else ()
            title = next((title for start, title in titles.items() if name.startswith(start)), "")
            kind = kinds.get(layer, type(layer).__name__)
            layers.append(Layer(name, kind, shape, count_parameters(layer), title))

        return layer.register_forward_hook(hook)

    kinds = {layer.body: layer.name for layer in network.modules() if isinstance(layer, Backbone)}
    inner = bodies(network) - set(kinds)
    named = [(name, layer) for name, layer in network.named_modules() if layer not in inner]
    leaves = [(name, layer) for name, layer in named if layer in kinds or not list(layer.children())]
    handles = [note(name, layer) for name, layer in leaves]
    training = network.training
    try:
        with torch.no_grad(), watched(network, entered):
            network.eval()(blank)
    except Exception as error:
        if entered and (fault := entered[-1].fault):
            error.add_note(fault)
        raise
    finally:
        network.train(training)
        for handle in handles:
            handle.remove()
    return layers


def diagram_of(network: nn.Module, blank: Prepared) -> Diagram:
    """Return the drawing of a network: that of a graph, or the stack of its layers."""
    if isinstance(network, Graph):
        return network.diagram
    layers = summarize(network, blank)
    return stack(
        [DrawnLayer(one.name, one.kind, (), " x ".join(map(str, one.shape)), one.parameters) for one in layers]
    )


def find_network_fault(network: nn.Module, blank: Prepared, task: Task) -> str:
    """Return the fault of a network as the end of a sentence, or an empty string; checked before a run is created."""
    training = network.training
    logits = network.eval()(blank)
    network.train(training)
    if not isinstance(logits, Tensor):
        return f"gives a {type(logits).__name__}, not logits"
    shape = _expected(logits, blank, task)
    if tuple(logits.shape) != shape or not logits.is_floating_point():
        return f"gives {logits.dtype} of shape {tuple(logits.shape)}, not real logits of shape {shape}"
    if not count_parameters(network):
        return "has no trainable parameter"
    return "" if logits.requires_grad else "gives logits without a gradient, as if detached"


def _expected(logits: Tensor, blank: Prepared, task: Task) -> tuple[int, ...]:
    """Return the shape that the logits of a blank input must have; the number of steps is the network's own."""
    if task.info.from_inputs and isinstance(blank, Padded):
        return (*blank.values.shape, logits.shape[-1])
    if task.row.form == "inputs" and isinstance(blank, Tensor):
        return tuple(blank.shape)
    if task.row.form == "frames" and isinstance(blank, Tensor):
        return (len(blank), *blank.shape[2:])
    if task.row.form:
        steps = logits.shape[1] if logits.ndim > 1 else 1
        return (rows_of(blank), steps, task.info.outputs)
    return (rows_of(blank), task.info.outputs)


def count_parameters(module: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in module.parameters() if parameter.requires_grad)
