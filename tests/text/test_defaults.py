"""Defaults of texts: by how many there are."""

import pytest

from dl.defaults import DataFacts
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle

MODELS = ("bag", "embedding-bag", "lstm", "conv1d", "transformer")


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, examples, **said):
    data = DataFacts(examples, length=100, target="classes", outputs=2)
    return settle(resolve(plugins, "text", "imdb", **said), data, plugins)[0]


@pytest.mark.parametrize("model", ["", *MODELS])
@pytest.mark.parametrize("examples", [4, 60, 150, 700, 5_000, 20_000, 24_999])
def test_every_network_takes_900_steps_or_40_epochs_or_those_of_its_recipe(plugins, examples, model):
    recipe, usual = settled(plugins, examples, model=model), settled(plugins, 10**6, model=model)
    steps = -(-round(0.8 * examples) // recipe.train["batch_size"])
    enough = 900 <= steps * recipe.train["epochs"] < 900 + steps
    assert recipe.train["epochs"] in (40, usual.train["epochs"]) or enough


def test_few_texts_are_read_as_words_and_more_as_pairs_of_words_too(plugins):
    assert settled(plugins, 600).data_options["ngrams"] == 1
    assert settled(plugins, 5_000).data_options["ngrams"] == 2
    assert settled(plugins, 5_000).data_options["weights"] == "tf-idf-known"


@pytest.mark.parametrize("model", MODELS[1:])
def test_of_other_networks_only_epochs_and_how_they_are_chosen_follow(plugins, model):
    few, usual = settled(plugins, 300, model=model), settled(plugins, 10**6, model=model)
    assert few.data_options == usual.data_options and few.model_options == usual.model_options
    assert {k for k in few.train if few.train[k] != usual.train[k]} == {"epochs", "monitor"}


def test_from_15_000_training_texts_nothing_follows(plugins):
    assert settled(plugins, 18_750) == resolve(plugins, "text", "imdb", recipe="fast")
