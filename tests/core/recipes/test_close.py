"""Closing: the facts of a data set, and what regularizers settle on its training examples."""

from dataclasses import replace

import numpy as np
import pytest

from dl.data.examples import Dataset, Examples
from dl.data.ragged import texts
from dl.defaults import Default
from dl.errors import PluginFailed
from dl.plugins.loading import load_plugins
from dl.recipes.close import close_recipe, data_facts
from dl.recipes.resolve import resolve


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def examples(inputs, targets):
    return Examples(inputs, targets, np.arange(len(targets)))


@pytest.mark.parametrize(
    ("inputs", "targets", "facts"),
    [
        (np.zeros((6, 8, 8, 1), np.uint8), np.array([0, 1, 2, 0, 1, 2]), (6, (8, 8, 1), 0, "classes", 3)),
        (texts(["a", "bbb", "ccccc"]), np.array([0.5, 1.0, 2.0]), (3, (), 3, "numbers", 1)),
        (np.zeros(4, [("x", "f8"), ("y", "U1")]), np.zeros((4, 3), np.int64), (4, (2,), 0, "labels", 3)),
        (np.zeros((4, 2)), np.zeros((4, 2)), (4, (2,), 0, "numbers", 2)),
        (np.zeros((4, 2)), np.zeros((4, 0)), (4, (2,), 0, "none", 0)),
    ],
)
def test_the_facts_of_a_data_set(inputs, targets, facts):
    found = data_facts(Dataset("d", examples(inputs, targets)))
    assert (found.examples, found.shape, found.length, found.target, found.outputs) == facts


def augmented(plugins, **given):
    """The recipe and defaults of a fit on six grey images, with `augment` as given."""
    recipe = resolve(plugins, "vision", "mnist", reg={"augment": given})
    grey = examples(np.zeros((6, 28, 28, 1), np.uint8), np.array([0, 1, 2, 0, 1, 2]))
    return close_recipe(recipe, Dataset("d", grey), plugins)


def test_a_regularizer_settles_its_options_on_the_training_examples_and_gives_the_reason(plugins):
    recipe, defaults = augmented(plugins, policy="strong")
    assert recipe.regularizers["augment"] == {"policy": "strong", "flip": "no", "crop": "no"}
    assert {one.typed for one in defaults} >= {"flip=no", "crop=no"} and all(one.reason for one in defaults)
    assert "random-shift" not in recipe.regularizers, "the images are shifted already"


def test_what_is_stated_of_a_regularizer_is_not_settled(plugins):
    recipe, defaults = augmented(plugins, flip="yes", crop="no")
    assert recipe.regularizers["augment"] == {"policy": "light", "flip": "yes", "crop": "no"}
    assert not {"flip", "crop"} & {one.name for one in defaults}


@pytest.mark.parametrize("wrong", [Default("no-such", 1, "why"), Default("flip", "perhaps", "why")])
def test_a_regularizer_that_settles_what_it_does_not_have_is_the_plugins_error(plugins, wrong):
    spec = replace(plugins.regularizers["augment"], settle=lambda options, train: [wrong])
    with pytest.raises(PluginFailed, match=r"settled on the data: .*(no-such|flip=perhaps)"):
        augmented(replace(plugins, regularizers={**plugins.regularizers, "augment": spec}))
