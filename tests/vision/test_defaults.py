"""Defaults of images: by how many there are and how large they are."""

import pytest

from dl.defaults import DataFacts
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, examples, shape=(28, 28, 1), **said):
    data = DataFacts(examples, shape=shape, target="classes", outputs=10)
    return settle(resolve(plugins, "vision", "mnist", **said), data, plugins)[0]


@pytest.mark.parametrize("model", ["convnet", "dense", "book-convnet"])
@pytest.mark.parametrize("examples", [4, 60, 150, 700, 5_000, 20_000, 24_999])
def test_every_network_takes_900_steps_or_60_epochs(plugins, examples, model):
    recipe = settled(plugins, examples, model=model)
    steps = -(-round(0.8 * examples) // recipe.train["batch_size"])
    assert recipe.train["epochs"] == 60 or 900 <= steps * recipe.train["epochs"] < 900 + steps


def test_from_20_000_training_images_nothing_follows(plugins):
    assert settled(plugins, 25_000) == resolve(plugins, "vision", "mnist", recipe="fast")


@pytest.mark.parametrize(("side", "pixels"), [(14, 1), (28, 2), (224, 16)])
def test_few_images_are_shifted_by_a_fourteenth_of_their_side(plugins, side, pixels):
    assert settled(plugins, 500, (side, side, 3)).regularizers["random-shift"] == {"pixels": pixels}
    assert "random-shift" not in settled(plugins, 500, (8, 8, 1)).regularizers, "a pixel is too much of 8"


def test_very_few_images_are_learnt_in_small_steps_and_judged_by_the_loss(plugins):
    few, more = settled(plugins, 150).train, settled(plugins, 500).train
    assert (few["lr"], few["optimizer"], few["monitor"]) == (0.003, "adamw", "loss")
    assert (more["lr"], more["optimizer"], more["monitor"]) == (0.01, "adam", "metric")
