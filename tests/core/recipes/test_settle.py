"""Settling: what nobody stated follows from the data, and what is settled stays."""

from dataclasses import replace

import pytest

from dl.defaults import DataFacts, Default
from dl.errors import PluginFailed
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import fit_facts, settle
from dl.testing.numbers import NumbersPlugin, clouds

FEW = DataFacts(150, shape=(28, 28, 1), target="classes", outputs=10)
ALL = DataFacts(60_000, shape=(28, 28, 1), target="classes", outputs=10)


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, *names, data=FEW, **said):
    return settle(resolve(plugins, *names, **said), data, plugins)


def test_few_images_get_more_epochs_than_many_and_each_choice_has_a_reason(plugins):
    recipe, defaults = settled(plugins, "vision", "mnist")
    assert recipe.train["epochs"] > 20 and not recipe.is_open
    assert {one.name: one.value for one in defaults}["epochs"] == recipe.train["epochs"]
    assert all(one.reason for one in defaults)


@pytest.mark.parametrize(
    ("domain", "name", "data"),
    [("vision", "mnist", ALL), ("text", "imdb", DataFacts(25_000, length=1_000, target="classes", outputs=2))],
)
def test_mnist_and_imdb_resolve_to_the_recipe_as_it_stands(plugins, domain, name, data):
    found, defaults = settled(plugins, domain, name, data=data)
    named = resolve(plugins, domain, name, recipe="fast")
    assert not defaults and found == named


def test_what_is_stated_wins(plugins):
    said = {"options": {"epochs": "7", "lr": "0.5"}, "reg": {"random-shift": "off", "weight-averaging": "0.5"}}
    recipe, defaults = settled(plugins, "vision", "mnist", **said)
    assert (recipe.train["epochs"], recipe.train["lr"]) == (7, 0.5)
    assert "random-shift" not in recipe.regularizers and recipe.regularizers["weight-averaging"] == {"decay": 0.5}
    assert not {"epochs", "lr", "random-shift", "weight-averaging"} & {one.name for one in defaults}


@pytest.mark.parametrize("recipe", ["fast", "book-dense"])
def test_a_recipe_by_name_is_left_alone(plugins, recipe):
    named = resolve(plugins, "vision", "mnist", recipe=recipe)
    assert not named.is_open and settle(named, FEW, plugins) == (named, ())


def test_a_recipe_of_a_data_set_is_left_alone_and_that_of_a_task_follows_the_data(plugins):
    assert not resolve(plugins, "text", "phrase-language").is_open
    of_tokens = resolve(plugins, "text", "imdb", task="next-token")
    assert of_tokens.is_open and settle(of_tokens, replace(FEW, target="none"), plugins)[1] == ()
    of_lines = resolve(plugins, "vision", "mnist", task="ctc")
    assert settle(of_lines, replace(FEW, target="text"), plugins)[0].train["epochs"] > of_lines.train["epochs"]


def test_a_settled_recipe_file_resolves_to_the_same_choices_whatever_the_data(plugins, tmp_path):
    recipe, defaults = settled(plugins, "vision", "mnist")
    path = tmp_path / "recipe.toml"
    path.write_text(recipe.to_toml([f"{one.typed}: {one.reason}" for one in defaults]))
    again = resolve(plugins, recipe=str(path))
    assert again == recipe and settle(again, ALL, plugins) == (recipe, ())
    assert path.read_text().startswith(f"# {defaults[0].typed}: ")


def test_a_default_that_is_no_option_is_the_plugins_error(plugins):
    spec = replace(plugins.domain("vision"), defaults=lambda facts: [Default("no-such", 1, "why")])
    broken = replace(plugins, domains={**plugins.domains, "vision": spec})
    with pytest.raises(PluginFailed, match="no option 'no-such'"):
        settled(broken, "vision", "mnist")


def test_a_regularizer_that_is_not_installed_is_left_out(plugins):
    spec = replace(plugins.domain("vision"), defaults=lambda facts: [Default("gone", 1, "why", is_regularizer=True)])
    without = replace(plugins, domains={**plugins.domains, "vision": spec})
    recipe, defaults = settled(without, "vision", "mnist")
    assert not defaults and not recipe.regularizers


def test_a_domain_without_defaults_settles_to_its_recipe():
    plugins = load_plugins(extra=[NumbersPlugin({"given": lambda: clouds(40)})])
    recipe, defaults = settle(resolve(plugins, "numbers", "given"), DataFacts(40), plugins)
    assert not defaults and recipe == resolve(plugins, "numbers", "given", recipe="plain")


@pytest.mark.parametrize(("val", "sizes"), [("auto", (120, 30)), ("0.5", (75, 75)), ("20", (130, 20))])
def test_the_sizes_of_the_split_are_those_that_the_recipe_asks_for(plugins, val, sizes):
    recipe = resolve(plugins, "vision", "mnist", options={"val": val})
    facts = fit_facts(recipe, FEW, plugins)
    assert (facts.train, facts.val) == sizes
    assert "val" in facts.stated or val == "auto"


def test_a_validation_set_of_the_data_sets_own_is_not_taken_from_training(plugins):
    facts = fit_facts(resolve(plugins, "vision", "mnist"), replace(FEW, val=40), plugins)
    assert (facts.train, facts.val) == (150, 40)
