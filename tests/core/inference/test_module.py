"""A run as one module: raw inputs in, probabilities, values or logits out, and answers in words."""

import numpy as np
import pytest
import torch
from torch import nn

import dl
from dl.errors import BadRun
from dl.testing.numbers import clouds


@pytest.fixture
def fitted(fit, blobs, plugins_with):
    """A run on clouds of points, their inputs and targets, and the plugins with them."""
    given = blobs()
    return fit(given, epochs=3), given.train.array, given.train.targets, plugins_with(given=given)


def test_a_loaded_run_answers_raw_inputs_in_one_call(fitted):
    run, inputs, targets, plugins = fitted
    loaded, logits = dl.load(run, plugins=plugins), dl.load(run, decode=False, plugins=plugins)
    assert isinstance(loaded, nn.Module) and not loaded.training
    assert loaded.names == ("class 0", "class 1", "class 2")
    assert torch.allclose(loaded(inputs), torch.softmax(logits(torch.from_numpy(inputs)), dim=1))
    assert [one.answer for one in loaded.predict(inputs[:9])] == [
        one.answer for one in dl.predict(run, inputs[:9], plugins=plugins)
    ]
    assert float((loaded(inputs).argmax(dim=1).numpy() == targets).mean()) > 0.9


def test_no_gradient_goes_through_the_answers(fitted):
    run, inputs, _, plugins = fitted
    assert not dl.load(run, plugins=plugins)(inputs[:2]).requires_grad


def test_the_network_alone_is_there_to_be_trained_on(fitted):
    run, inputs, _, plugins = fitted
    loaded = dl.load(run, plugins=plugins)
    logits = loaded.network(loaded.preprocessor(torch.from_numpy(inputs)))
    assert logits.requires_grad and logits.shape == (len(inputs), 3)


def test_a_run_that_is_not_there_is_one_line(runs, plugins_with):
    with pytest.raises(BadRun):
        dl.load("last", runs=runs, plugins=plugins_with())


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
