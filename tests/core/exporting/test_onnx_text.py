"""Names and strings in ONNX."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from dl.exporting.forms import STRING, Output
from dl.exporting.onnx_text import OPSET, named_by, need_words, spell


def model_of(given, made):
    """A model without a step yet: from an input to an output."""
    graph = helper.make_graph([], "words", [given], [made])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)


def answer(model, numbers):
    need_words(model)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, {"numbers": numbers})[0])


@pytest.mark.parametrize("longest", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("between", ["", "-"])
def test_the_characters_of_a_string_are_joined_in_their_order(longest, between):
    rows = np.array([[(row + at) % 3 for at in range(longest)] for row in range(4)])
    rows[1, longest // 2 :] = -1  # which comes after the last
    rows[2] = -1
    model = model_of(
        helper.make_tensor_value_info("numbers", TensorProto.INT64, ["N", longest]),
        helper.make_tensor_value_info("text", TensorProto.STRING, ["N"]),
    )
    spell(model, "numbers", Output("text", STRING, ("a", "b", "c"), between=between), longest)
    assert answer(model, rows) == [between.join("abc"[k] for k in row if k >= 0) for row in rows]


def test_numbers_are_named_and_others_are_empty_words():
    model = model_of(
        helper.make_tensor_value_info("numbers", TensorProto.INT64, ["N"]),
        helper.make_tensor_value_info("names", TensorProto.STRING, ["N"]),
    )
    model.graph.node.append(named_by("numbers", "names", ["cat", "caf\u00e9"]))
    assert answer(model, np.array([1, 0, 2, -1])) == ["caf\u00e9", "cat", "", ""]
