"""A run as one module on raw inputs."""

import numpy as np
import torch
from torch import nn

import dl
from dl.testing.numbers import clouds


def test_a_loaded_run_answers_raw_inputs_in_one_call(fit, plugins_with):
    data = clouds(120)
    run, plugins, inputs = fit(data), plugins_with(given=data), data.train.array
    loaded, logits = dl.load(run, plugins=plugins), dl.load(run, decode=False, plugins=plugins)
    assert isinstance(loaded, nn.Module) and not loaded.training and loaded.names == ("a", "b", "c")
    assert torch.allclose(loaded(inputs), torch.softmax(logits(torch.from_numpy(inputs)), dim=1))
    assert float((loaded(inputs).argmax(dim=1).numpy() == data.train.targets).mean()) > 0.9


def test_a_loaded_run_answers_in_words_as_a_prediction_does(fit, plugins_with):
    data = clouds(120)
    run, plugins, inputs = fit(data), plugins_with(given=data), data.train.array[:9]
    assert dl.load(run, plugins=plugins).predict(inputs) == dl.predict(run, inputs, plugins=plugins)


def test_what_the_module_holds_moves_with_it(fit, plugins_with):
    data = clouds(120)
    loaded = dl.load(fit(data), plugins=plugins_with(given=data)).double()
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float64}
    alone, among = loaded(data.train.array[:1]).numpy(), loaded(data.train.array).numpy()[:1]
    assert np.array_equal(alone, among)
