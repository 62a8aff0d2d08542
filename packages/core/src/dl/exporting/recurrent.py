"""Trace recurrent layers as one step each: torch's own trace unrolls them, and then fits texts of one length alone.

A step `dl::recurrent` stands for a layer in one direction in the trace; of several layers or both directions there are
as many. In ONNX it becomes the layer of that name, in other formats
the function of torch.
Letters: ``N`` rows, ``T`` steps, ``I`` inputs, ``H`` units, ``G`` gates.
"""

from __future__ import annotations

import contextlib
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import ExportedProgram
from torch.fx import Node

LSTM, GRU, TANH, RELU = "lstm", "gru", "rnn_tanh", "rnn_relu"
ATEN = {
    LSTM: torch.ops.aten.lstm.input,
    GRU: torch.ops.aten.gru.input,
    TANH: torch.ops.aten.rnn_tanh.input,
    RELU: torch.ops.aten.rnn_relu.input,
}
REST = (True, 1, 0.0, False, False, True)  # with biases, one layer, no dropout, not training, one direction, rows first


def _states(steps: Tensor, weights: list[Tensor], kind: str) -> Tensor:
    start = steps.new_zeros(1, steps.shape[0], weights[1].shape[1])
    found: Tensor = ATEN[kind](steps, [start, start] if kind == LSTM else start, weights, *REST)[0]
    return found


@torch.library.custom_op("dl::recurrent", mutates_args=())
def states(steps: Tensor, weights: list[Tensor], kind: str) -> Tensor:
    """Return the states of a recurrent layer, (N, T, H).

    Args:
        steps: (N, T, I).
        weights: Of inputs (G H, I) and states (G H, H), then their biases.
        kind: One of `ATEN`.
    """
    return _states(steps, weights, kind).clone()


@states.register_fake
def _shape(steps: Tensor, weights: list[Tensor], kind: str) -> Tensor:
    return steps.new_empty(steps.shape[0], steps.shape[1], weights[1].shape[1])


@contextlib.contextmanager
def one_step() -> Iterator[None]:
    """Inside this context recurrent layers are one step for each layer and direction; they give no last state."""
    before = {kind: kind.forward for kind in (nn.LSTM, nn.GRU, nn.RNN)}
    try:
        for kind, forward in before.items():
            kind.forward = _traced(forward)  # type: ignore[method-assign]  # put back below
        yield
    finally:
        for kind, forward in before.items():
            kind.forward = forward  # type: ignore[method-assign]


def _traced(forward: Callable[..., Any]) -> Callable[..., Any]:  # Any: as torch's own
    def traced(layer: nn.RNNBase, steps: Any, state: Any = None) -> Any:
        plain = layer.batch_first and layer.bias and not layer.proj_size
        if not plain or state is not None or not isinstance(steps, Tensor):
            return forward(layer, steps, state)
        for number in range(layer.num_layers):
            found = [_in_one_direction(layer, steps, f"l{number}")]
            if layer.bidirectional:
                found.append(_in_one_direction(layer, steps.flip(1), f"l{number}_reverse").flip(1))
            steps = torch.cat(found, dim=2) if len(found) > 1 else found[0]
        return steps, None

    return traced


def _in_one_direction(layer: nn.RNNBase, steps: Tensor, which: str) -> Tensor:
    """Return the states of one layer in one direction, (N, T, H), by the end of the names of its weights."""
    weights = [getattr(layer, f"{name}_{which}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    states: Tensor = torch.ops.dl.recurrent(steps, weights, layer.mode.lower())
    return states


def as_torch(program: ExportedProgram) -> ExportedProgram:
    """Replace, in place, the steps that stand for recurrent layers by functions of torch."""
    graph = program.graph
    for node in [one for one in graph.nodes if one.target is torch.ops.dl.recurrent.default]:
        with graph.inserting_before(node):
            _replace(graph, node)
        graph.erase_node(node)
    program.graph_module.recompile()
    return program


def _replace(graph: Any, node: Node) -> None:  # Any: torch.fx types little
    steps, weights, kind = node.args
    assert isinstance(steps, Node) and isinstance(kind, str)
    value, units = node.meta["val"], int(node.meta["val"].shape[2])
    size = graph.call_function(torch.ops.aten.sym_size.int, (steps, 0))
    size.meta["val"] = value.shape[0]
    start = graph.call_function(torch.ops.aten.new_zeros.default, (steps, [1, size, units]))
    start.meta["val"] = last = value.new_empty(1, value.shape[0], units)
    given = [start, start] if kind == LSTM else start
    layer = graph.call_function(ATEN[kind], (steps, given, weights, *REST))
    layer.meta["val"] = (value, last, last) if kind == LSTM else (value, last)
    states_ = graph.call_function(operator.getitem, (layer, 0))
    states_.meta["val"] = value
    node.replace_all_uses_with(states_)


def to_onnx() -> dict[Any, Callable[..., Any]]:  # Any: as torch.onnx takes them
    """Return how the step is written as ONNX."""
    import onnxscript

    op: Any = onnxscript.opset18  # Any: its functions are typed for eager values

    def recurrent(steps: Any, weights: Any, kind: str) -> Any:
        of_inputs, of_states, *biases = weights
        units = int(of_states.shape[1])
        order = {LSTM: (0, 3, 1, 2), GRU: (1, 0, 2)}.get(kind, (0,))  # gates of torch, in the order of ONNX

        def ordered(values: Any) -> Any:
            if len(order) == 1:
                return values
            rows = [
                op.Slice(
                    values,
                    op.Constant(value_ints=[g * units]),
                    op.Constant(value_ints=[(g + 1) * units]),
                    op.Constant(value_ints=[0]),
                )
                for g in order
            ]
            return op.Concat(*rows, axis=0)

        first = op.Constant(value_ints=[0])
        both = [op.Unsqueeze(ordered(one), first) for one in (of_inputs, of_states)]
        bias = op.Unsqueeze(op.Concat(*(ordered(one) for one in biases), axis=0), first)
        turned = op.Transpose(steps, perm=[1, 0, 2])
        if kind == LSTM:
            found, _, _ = op.LSTM(turned, *both, bias, hidden_size=units)
        elif kind == GRU:
            found, _ = op.GRU(turned, *both, bias, hidden_size=units, linear_before_reset=1)
        else:
            active = "Tanh" if kind == TANH else "Relu"
            found, _ = op.RNN(turned, *both, bias, hidden_size=units, activations=[active])
        return op.Transpose(op.Squeeze(found, op.Constant(value_ints=[1])), perm=[1, 0, 2])

    return {torch.ops.dl.recurrent.default: recurrent}
