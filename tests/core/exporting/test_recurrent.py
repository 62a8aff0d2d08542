"""A recurrent layer is one step of a trace, and becomes the layer of ONNX or the function of torch, for any length."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from dl.exporting import recurrent
from dl.exporting.graph import as_steps, weights_of
from dl.exporting.onnx_file import OPSET, _quiet


class States(nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, steps):
        return (self.layer(steps)[0],)


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU, nn.RNN])
def test_the_states_are_those_of_torch_at_any_length(kind):
    torch.manual_seed(0)
    network, sizes = (
        States(kind(3, 4, batch_first=True)).eval(),
        {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC},
    )
    with torch.no_grad(), _quiet(), recurrent.one_step():
        traced = torch.export.export(network, (torch.zeros(2, 5, 3),), dynamic_shapes=(sizes,), strict=False)
        traced = traced.run_decompositions({})
        made = torch.onnx.export(traced, dynamo=True, opset_version=OPSET, custom_translation_table=recurrent.to_onnx())
    session = onnxruntime.InferenceSession(made.model_proto.SerializeToString())
    steps = as_steps(recurrent.as_torch(traced))
    assert [name for _, name, _, _ in steps["steps"]][-2:] == [
        str(recurrent.ATEN[network.layer.mode.lower()]),
        "operator.getitem",
    ]
    assert len(weights_of(traced)) == 4
    for shape in ((1, 2, 3), (3, 9, 3)):
        given = torch.randn(shape)
        with torch.no_grad():
            wanted = network(given)[0].numpy()
            assert torch.equal(traced.module()(given)[0], network(given)[0])
        (found,) = session.run(None, {session.get_inputs()[0].name: given.numpy()})
        assert np.allclose(found, wanted, atol=1e-6)


def test_layers_are_torchs_own_again_after_the_trace():
    before = nn.LSTM.forward
    with recurrent.one_step():
        assert nn.LSTM.forward is not before
    assert nn.LSTM.forward is before
