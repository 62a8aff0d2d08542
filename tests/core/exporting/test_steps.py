"""What the loader runs: steps of a network and nothing else, between raw numbers and answers."""

import numpy as np
import pytest
import torch

from dl.exporting import steps

DOUBLE = {
    "inputs": ["x"],
    "weights": {"w": "layer.weight"},
    "steps": [
        ["doubled", "aten.mul.Tensor", [{"of": "x"}, 2], {}],
        ["whole", "aten.add.Tensor", [{"of": "doubled"}, {"of": "w"}], {"alpha": 10}],
        ["as_double", "aten.to.dtype", [{"of": "whole"}, {"dtype": "float64"}], {}],
    ],
    "outputs": ["as_double", "doubled"],
}


def test_steps_read_inputs_weights_and_what_came_before():
    whole, doubled = steps.run(DOUBLE, {"layer.weight": torch.tensor([1.0, 0.5])}, [torch.tensor([3.0, 4.0])])
    assert whole.tolist() == [16.0, 13.0] and whole.dtype == torch.float64
    assert doubled.tolist() == [6.0, 8.0]


@pytest.mark.parametrize(
    "name", ["torch.load", "torch.os.system", "operator.attrgetter", "aten.__class__.mro", "builtins.eval", "os.system"]
)
def test_no_step_calls_what_is_no_step_of_a_network(name):
    with pytest.raises(ValueError, match=f"a step calls '{name}', which no exported network does"):
        steps.find(name)


def test_a_date_is_days_as_text_as_a_moment_and_as_such():
    assert steps.date(["1970-01-03", "1970-01-01T12:00"]).tolist() == [2.0, 0.5]
    assert steps.date(np.array(["1970-01-03", "NaT"], "datetime64[D]"))[0] == 2.0
    assert np.isnan(steps.date(["NaT"])).all() and np.isnan(steps.date([""])).all()
    assert steps.date([19_000, 1.5]).tolist() == [19_000.0, 1.5]


def test_classes_are_named_and_strings_end_at_the_first_minus_one():
    answer = {"kind": "answer", "names": ["cat", "dog"]}
    assert steps.named(answer, np.array([1, 0, 1])).tolist() == ["dog", "cat", "dog"]
    string = {"kind": "string", "names": ["a", "b"], "between": "-"}
    assert steps.named(string, np.array([[0, 1, -1], [-1, -1, -1]])).tolist() == ["a-b", ""]
    assert steps.named({"kind": "values"}, np.array([0.5])).tolist() == [0.5]
