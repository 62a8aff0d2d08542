"""The steps of a traced network are JSON, and name functions of torch."""

import json

import torch
from torch import nn

from dl.exporting.graph import as_steps, weights_of
from dl.exporting.onnx_file import _quiet
from dl.exporting.steps import find


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, rows):
        return (self.layer(rows).clamp(max=float("inf")).double() / 2,)


def test_each_step_is_a_call_of_a_function_by_name():
    batch = torch.export.Dim.DYNAMIC
    with torch.no_grad(), _quiet():
        program = torch.export.export(Halves(), (torch.zeros(2, 3),), dynamic_shapes=({0: batch},), strict=False)
        program = program.run_decompositions({})
    steps = json.loads(json.dumps(as_steps(program)))
    names = [name for _, name, _, _ in steps["steps"]]
    assert names[0] == "aten.linear.default" and "aten.div.Tensor" in names
    assert all(callable(find(name)) for name in names)
    assert {"float": "inf"} in [value for step in steps["steps"] for value in [*step[2], *step[3].values()]]
    assert sorted(weights_of(program)) == ["layer.bias", "layer.weight"]
    assert sorted(steps["weights"].values()) == ["layer.bias", "layer.weight"]
