import numpy as np
import pytest
import torch

import dl
from dl.inference.ensemble import _average
from dl.training.devices import Devices


def test_probabilities_are_averaged_not_logits():
    logits = torch.tensor([[[10.0, 0.0]], [[0.0, 1.0]]]).double()
    expected = (logits[0].softmax(-1) + logits[1].softmax(-1)) / 2
    assert torch.allclose(_average(logits, "softmax").softmax(-1), expected)
    single = torch.tensor([[[9.0]], [[-1.0]]]).double()
    assert torch.allclose(_average(single, "sigmoid").sigmoid(), single.sigmoid().mean(dim=0))


def test_values_are_averaged_as_they_are():
    assert _average(torch.tensor([[[1.0]], [[4.0]]]), "").item() == 2.5


def test_a_certain_answer_stays_finite():
    assert torch.isfinite(_average(torch.tensor([[[200.0, -200.0]]]).double(), "softmax")).all()
    assert torch.isfinite(_average(torch.tensor([[[2000.0]]]).double(), "sigmoid")).all()


def test_the_ensemble_of_regressions_answers_in_target_units(dataset, plugins_with, runs):
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(80, 2)).astype(np.float32)
    given = dataset(inputs, inputs[:, 0] * 100.0 + 5_000)
    plugins = plugins_with(given=given)
    choices = {"protocol": "kfold:4", "model": "linear", "epochs": 40, "lr": 0.05}
    run = dl.cv("numbers", "given", plugins=plugins, runs=runs, devices=Devices("cpu", "1"), **choices)
    answers = [next(iter(one.values.values())) for one in dl.predict(run, inputs, plugins=plugins)]
    assert answers == pytest.approx((inputs[:, 0] * 100.0 + 5_000).tolist(), abs=15)
