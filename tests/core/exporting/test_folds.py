"""The networks of a cross-validation are exported as one: words renumbered for each fold, predictions averaged."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

import dl
from dl.errors import BadOption
from dl.exporting.folds import joined
from dl.exporting.loader import Network
from dl.preparation import TOKENS, Preparation, RawInput, category, number


class AsGiven(nn.Module):
    """Returns what it is given."""

    def forward(self, *raw):
        return raw


def fold(*inputs):
    """How a fold prepares these inputs."""
    return Preparation(inputs, AsGiven(), lambda given: {})


def test_a_word_has_in_each_fold_the_number_that_was_learnt_there():
    first = fold(category("city", ("Oslo", "Rome"), ""), number("age", ""))
    second = fold(category("city", ("Rome", "Paris"), ""), number("age", ""))
    both = joined([first, second])
    assert both.inputs[0].words == ("Oslo", "Rome", "Paris")
    cities, ages = torch.tensor([0, 1, 2, -1]), torch.arange(4.0, dtype=torch.float64)
    found = both.encode(cities, ages)
    assert [one[0].tolist() for one in found] == [[0, 1, -1, -1], [-1, 0, 1, -1]]
    assert all(torch.equal(one[1], ages) for one in found)


def test_a_column_that_is_constant_in_one_fold_is_left_out_there():
    both = joined([fold(number("age", "")), fold(number("rain", ""), number("age", ""))])
    assert [one.name for one in both.inputs] == ["age", "rain"]
    found = both.encode(torch.tensor([1.0]), torch.tensor([2.0]))
    assert [[one.item() for one in part] for part in found] == [[1], [2, 1]]


def test_folds_with_vocabularies_or_columns_of_their_own_are_refused():
    text = RawInput("text", TOKENS, ("N", "T"), torch.zeros(2, 2), "", settings={"vocabulary": ["a"]})
    other = replace(text, settings={"vocabulary": ["b"]})
    with pytest.raises(BadOption, match="its networks read text in different ways"):
        joined([fold(text), fold(other)])
    with pytest.raises(BadOption, match="its networks read different columns"):
        joined([fold(number("a", "")), fold(number("b", ""))])


@pytest.mark.check
def test_the_mean_of_all_folds_is_exported_in_one_graph(visits, tmp_path, one_thread):
    data = visits.path.parent.parent / "visits.csv"
    run = dl.cv("tabular", data, target="late", protocol="kfold:2", epochs=1, runs=tmp_path / "runs", rivals=False)
    done = run.export("folder", out=tmp_path / "network")
    assert done.agreement.share == 1.0 and done.agreement.difference < 1e-5
    rows = {"age": [30.0], "income": [20.0], "rain": [3.5], "city": ["Oslo"]}
    wanted = dl.predict(run, {name: np.array(values) for name, values in rows.items()})
    assert Network(done.path)(**rows)["probabilities"][0, 1] == pytest.approx(wanted[0].values["yes"], abs=1e-5)
    assert dl.export(run, "onnx", out=tmp_path / "network.onnx").agreement.share == 1.0
