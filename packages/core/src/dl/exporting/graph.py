"""A traced network as JSON: its steps are calls of torch's own functions by name, which a loader makes one by one.

{"inputs": ["raw_0"], "steps": [["conv2d", "aten.conv2d.default", ["raw_0", ...], {}], ...], "outputs": ["softmax"]}

A value is a number, a list, or an object with one key: ``of`` a step or a weight, ``dtype``, ``device``, ``float``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.export import ExportedProgram
from torch.export.graph_signature import InputKind
from torch.fx import Node

from dl.errors import BadOption
from dl.exporting.steps import ALLOWED

ASSERTIONS = ("_assert", "sym_constrain_range")  # steps that only refuse
Json = Any  # Any: JSON


def as_steps(program: ExportedProgram) -> Json:
    """Return the steps of a traced network.

    Raises:
        BadOption: If one of them is no function of torch by name.
    """
    graph = program.graph
    kinds = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
    inputs = [name for name, spec in kinds.items() if spec.kind is InputKind.USER_INPUT]
    weights = {name: spec.target for name, spec in kinds.items() if spec.kind is not InputKind.USER_INPUT}
    steps = []
    for node in graph.nodes:
        if node.op == "call_function" and not _only_refuses(node):
            named = {name: _value(one) for name, one in node.kwargs.items()}
            steps.append([node.name, _name_of(node), [_value(one) for one in node.args], named])
    (output,) = (node for node in graph.nodes if node.op == "output")
    return {"inputs": inputs, "weights": weights, "steps": steps, "outputs": [one.name for one in output.args[0]]}


def weights_of(program: ExportedProgram) -> dict[str, Tensor]:
    """Return the weights, buffers and constants of a traced network by name."""
    found = {**program.state_dict, **program.constants}
    used = {spec.target for spec in program.graph_signature.input_specs}
    tensors = {name: one for name, one in found.items() if isinstance(one, Tensor) and name in used}
    return {name: one.detach().cpu().contiguous().clone() for name, one in tensors.items()}


def _only_refuses(node: Node) -> bool:
    return any(word in str(node.target) for word in ASSERTIONS)


def _name_of(node: Node) -> str:
    """Return the name of the function that a step calls.

    Raises:
        BadOption: If a loader could not find it.
    """
    target = node.target
    name = str(target) if isinstance(target, torch._ops.OpOverload) else getattr(target, "__name__", str(target))
    found = name if isinstance(target, torch._ops.OpOverload) else f"{_home_of(target, name)}.{name}"
    if not ALLOWED.fullmatch(found):
        raise BadOption(f"a step of the network is {name!r}, which is no function of torch that a loader calls")
    return found


def _home_of(target: object, name: str) -> str:
    return "operator" if getattr(operator, name, None) is target else "torch"


def _value(value: object) -> Json:
    if isinstance(value, Node):
        return {"of": value.name}
    if isinstance(value, (torch.dtype, torch.layout, torch.memory_format)):
        return {"dtype": str(value).removeprefix("torch.")}
    if isinstance(value, torch.device):
        return {"device": str(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_value(one) for one in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise BadOption(f"a step of the network takes {type(value).__name__}, which JSON does not hold")
