"""What no recipe can name is registered under one name, in a copy of the plugins."""

import numpy as np
import pytest
from torch import nn

from dl.errors import BadOption, BadRun
from dl.plugins.at_hand import NOTHING, AtHand, InMemory, without
from dl.plugins.loading import load_plugins
from dl.testing.numbers import NumbersPlugin

X, Y = np.arange(8.0).reshape(4, 2), np.array([0, 1, 0, 1])
KEY = ("numbers", "in-memory")


@pytest.fixture(scope="module")
def plugins():
    return load_plugins(extra=[NumbersPlugin({})])


def of(data, target=None, test=None, model="", optimizer=None):
    return AtHand.of(data, target, test, model, optimizer, ())


def test_names_and_paths_leave_nothing_at_hand():
    held, options = of("mnist", target=["a", "b"], model="dense", optimizer="adam")
    assert not held and held == NOTHING and options == {"target": "a,b", "optimizer": "adam"}


def test_what_is_at_hand_is_registered_in_a_copy(plugins):
    held, _ = of((X, Y), model=nn.Linear(2, 2))
    added = held.register(plugins)
    assert KEY in added.datasets and KEY in added.models and KEY not in plugins.datasets
    dataset = added.datasets[KEY].load({})
    assert (dataset.name, dataset.title) == ("in-memory", "an array of float64 (4, 2)")
    assert dataset.train.targets.tolist() == Y.tolist() and dataset.open_test is None


def test_a_network_is_copied_and_a_function_is_asked(plugins):
    network = nn.Linear(2, 2)
    built = of("x", model=network)[0].register(plugins).models[KEY].build((2,), 2, {})
    assert built is not network and built.weight.equal(network.weight)
    asked = of("x", model=lambda shape, outputs: nn.Linear(shape[0], outputs))[0].register(plugins).models[KEY]
    assert asked.build((5,), 3, {}).weight.shape == (3, 5)


def test_columns_that_are_named_in_a_list_are_columns_and_other_lists_are_targets():
    frame = {"a": [1, 2], "b": [3, 4], "c": [5, 6]}
    assert InMemory.of(frame, ["a", "b"])[1] == "a,b" and InMemory.of(frame, ["x", "y"])[1] == ""
    assert InMemory.of(frame, ["x", "y"])[0].target == ["x", "y"]
    with pytest.raises(
        BadOption, match=r"^target='a' names a column of a frame; an array of float64 \(4, 2\) was given$"
    ):
        InMemory.of(X, "a")


def test_what_a_run_needs_and_nobody_gives_is_refused_when_it_is_used(plugins):
    bare = without(plugins, ("data", "model"), "0001-a-b")
    with pytest.raises(BadRun, match=r"^0001-a-b was fitted on data in memory; give the examples to score: "):
        bare.datasets[KEY].load({})
    with pytest.raises(BadRun, match=r"^0001-a-b has a network of its own; give it again, in Python: "):
        bare.models[KEY].build((2,), 2, {})
    assert KEY not in without(plugins, (), "0001-a-b").datasets
