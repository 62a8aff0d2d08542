"""Defaults of tables: by how many rows there are."""

import pytest

from dl.defaults import DataFacts
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, rows, **said):
    data = DataFacts(rows, shape=(7,), target="numbers", outputs=1)
    return settle(resolve(plugins, "tabular", "wine", **said), data, plugins)[0]


@pytest.mark.parametrize("model", ["dense", "linear"])
@pytest.mark.parametrize("rows", [4, 60, 150, 700, 2_400, 6_000])
def test_every_network_takes_1000_steps_or_between_20_and_100_epochs(plugins, rows, model):
    recipe = settled(plugins, rows, model=model)
    steps = -(-round(0.8 * rows) // recipe.train["batch_size"])
    assert recipe.train["epochs"] in (20, 100) or 1_000 <= steps * recipe.train["epochs"] < 1_000 + steps


def test_few_rows_are_learnt_with_dropout_where_the_network_has_it(plugins):
    assert settled(plugins, 300).model_options["dropout"] == 0.3
    assert settled(plugins, 300, options={"dropout": 0}).model_options["dropout"] == 0
    assert "dropout" not in settled(plugins, 300, model="linear").model_options


def test_many_rows_are_learnt_by_a_wide_network_without_dropout(plugins):
    recipe = settled(plugins, 10_000)
    assert (recipe.model_options["width"], recipe.model_options["dropout"]) == (256, 0.0)
    assert settled(plugins, 10_000, model="linear").train == resolve(plugins, "tabular", "wine", model="linear").train


@pytest.mark.parametrize(("rows", "epochs"), [(10_000, 40), (60_000, 40), (125_000, 20), (1_250_000, 5)])
def test_very_many_rows_take_about_30_000_steps(plugins, rows, epochs):
    assert settled(plugins, rows).train["epochs"] == epochs
