"""A learner as a network: from its rows to the logits that the learner has."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import dl
from dl.errors import BadOption
from dl.exporting.learners import as_network
from dl.inference.load import reopen
from dl.plugins.loading import load_plugins


def opened(model, tmp_path, data="wine", **choices):
    return reopen(dl.fit("tabular", data, model=model, runs=tmp_path / "runs", rivals=False, **choices), load_plugins())


@pytest.mark.parametrize("model", ["linear", "boosting"])
def test_it_has_the_logits_of_the_learner(model, tmp_path, one_thread):
    learner = opened(model, tmp_path)
    run, preparation = as_network(learner, learner.recipe.data_options)
    examples = learner.read({one.name: np.linspace(0.5, 7.5, 40) for one in preparation.inputs})
    raw = preparation.raw(examples.inputs)
    with torch.no_grad():
        given = [torch.from_numpy(np.asarray(raw[one.name], np.float64)) for one in preparation.inputs]
        found = run.network(preparation.encode(*given))
    assert found.shape == (40, 3)
    assert torch.allclose(found, learner.logits(examples), rtol=1e-4, atol=1e-5)


def test_a_learner_without_an_exported_form_names_the_way_on(tmp_path, one_thread):
    learner = opened("linear", tmp_path)
    fitted = replace(learner.fitted, learner=replace(learner.fitted.learner, export=None))
    with pytest.raises(BadOption, match="linear is a learner of scikit-learn without an exported form  fit a network"):
        as_network(replace(learner, fitted=fitted), learner.recipe.data_options)
