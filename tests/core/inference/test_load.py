"""A run is opened for use: its network as it was at its best epoch, its logits in the order of the examples."""

import numpy as np
import pytest
import torch

from dl.errors import BadRun, UnknownName
from dl.inference.load import reopen
from dl.runs.commit import replace_file
from dl.runs.outcomes import read_logits


@pytest.fixture
def opened(fit, blobs, plugins_with):
    """A function that fits clouds of points and opens the run: opened(model="dense", ...)."""

    def make(**choices):
        given = blobs()
        run = fit(given, **{"epochs": 2} | choices)
        return given, run, reopen(run, plugins_with(given=given))

    return make


def test_the_network_answers_as_it_did_at_its_best_epoch(opened):
    given, run, loaded = opened(model="dense")
    assert not loaded.network.training and loaded.recipe.model == "dense" and loaded.task.info == run.manifest.task
    kept = read_logits(run.outcomes_folder, "best")
    logits = loaded.logits(given.train.take(run.outcomes("val").ids))
    assert logits.cpu().numpy() == pytest.approx(kept, rel=2e-3, abs=2e-3)  # kept in half precision


def test_logits_come_in_the_order_of_the_examples_however_they_are_cut(opened):
    given, _, loaded = opened()
    every = loaded.logits(given.train)
    positions = np.array([7, 3, 50, 3])
    assert torch.allclose(loaded.logits(given.train.take(positions)), every[positions], atol=1e-6)
    assert loaded.logits(given.train.take(np.array([], np.int64))).shape == (0, 3)


def test_weights_that_do_not_fit_the_recipe_beside_them_are_refused(opened, plugins_with):
    given, run, _ = opened(model="dense")
    recipe = run.path / "recipe.toml"
    replace_file(recipe, recipe.read_text().replace("width = 32", "width = 8").encode())
    with pytest.raises(BadRun, match=r"best-\d+\.safetensors' holds the weights of another network"):
        reopen(run, plugins_with(given=given))


def test_a_run_without_weights_or_whose_model_is_not_installed_is_one_line(opened, plugins_with):
    given, run, _ = opened()
    (run.weights).unlink()
    with pytest.raises(BadRun):
        reopen(run, plugins_with(given=given))
    recipe = run.path / "recipe.toml"
    replace_file(recipe, recipe.read_text().replace('name = "linear"', 'name = "linaer"').encode())
    with pytest.raises(UnknownName, match="no numbers model named 'linaer'; did you mean 'linear'"):
        reopen(run, plugins_with(given=given))
