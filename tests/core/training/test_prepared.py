import numpy as np
import pytest
import torch

from dl.recipes.resolve import resolve
from dl.training.prepared import PreparedData
from dl.training.setup import set_up


@pytest.fixture
def points(dataset):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(60, 3)).astype(np.float32)
    return dataset(inputs, (inputs[:, 0] > 0).astype(np.int64), ("low", "high"))


def test_recipes_that_prepare_data_alike_share_it_and_get_the_network_of_a_fit_of_their_own(points, plugins_with):
    plugins = plugins_with(given=points)
    prepared = PreparedData(points, plugins)
    recipes = [resolve(plugins, "numbers", "given", model="dense", options={"lr": lr}) for lr in (0.1, 0.2)]
    first, second = map(prepared.set_up, recipes)
    alone = set_up(recipes[1], plugins, dataset=points)
    assert second.splits is first.splits and second.data is first.data and second.preprocessor is first.preprocessor
    assert second.recipe == alone.recipe and second.network is not first.network
    for ours, theirs in zip(second.network.parameters(), alone.network.parameters(), strict=True):
        assert torch.equal(ours, theirs)


def test_folds_and_other_ways_to_prepare_have_their_own(points, plugins_with):
    plugins = plugins_with(given=points)
    prepared = PreparedData(points, plugins)
    known = {"model": "dense", "options": {"protocol": "kfold:3", "fold": 1}}
    recipe = resolve(plugins, "numbers", "given", **known)
    first, again = prepared.set_up(recipe), prepared.set_up(recipe)
    other = prepared.set_up(resolve(plugins, "numbers", "given", seed=1, **known))
    known["options"] = {"protocol": "kfold:3", "fold": 2}
    second = prepared.set_up(resolve(plugins, "numbers", "given", **known))
    assert again.data is first.data and other.data is not first.data and second.data is not first.data
    assert not set(first.splits.val.index) & set(second.splits.val.index)
