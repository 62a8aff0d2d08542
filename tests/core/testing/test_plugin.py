"""The suites for all that one plugin registered, thing by thing."""

from dataclasses import replace

import pytest

from dl.errors import UnknownName
from dl.plugins.loading import inspect_plugins
from dl.plugins.validation import KINDS
from dl.specs import RecipeSpec
from dl.testing import DoesNotConform
from dl.testing.plugin import SUITES, check_plugin, check_recipe, plugins_named

RECIPE = '[model]\nname = "{}"\n'


def test_there_is_a_suite_for_every_kind_of_specification():
    assert {field for field, _ in SUITES.values()} == {kind.field for kind in KINDS}


def test_a_plugin_is_found_by_its_name_and_by_its_distributions(site, good):
    site.add("one", good("one"), distribution="Dist_Mine")
    plugins = inspect_plugins()
    for name in ("one", "dist-mine", "Dist_Mine"):
        assert [state.name for state in plugins_named(name, plugins)] == ["one"]
    with pytest.raises(UnknownName, match="no plugin named 'minst'; did you mean 'mnist'"):
        plugins_named("minst", plugins)


def test_the_plugin_itself_is_asked_about_first_and_then_only_what_it_registered(site):
    recipe = "RecipeSpec('mine', 'vision', 'of a test', '[model]\\nname = \"dense\"')"
    source = (
        "from dl.hookspecs import hookimpl\nfrom dl.specs import RecipeSpec\n\n@hookimpl\ndef register_recipes():\n"
    )
    site.add("one", f"{source}    return [{recipe}]\n")
    plugins = inspect_plugins()
    first, *others = check_plugin(*plugins_named("one", plugins), plugins)
    assert (first.kind, first.name, first.result.state) == ("plugin", "one", "ok")
    assert {(one.kind, one.name, one.result.state) for one in others} == {("recipe", "mine", "ok")}
    assert others[-1].as_dict()["kind"] == "recipe" and "takes the model dense" in others[-1].as_dict()["message"]


def test_what_is_said_about_a_plugin_when_it_is_loaded_breaks_its_rule(site, good):
    site.add("loud", good("x", first="print('hello')"))
    plugins = inspect_plugins()
    result = next(check_plugin(*plugins_named("loud", plugins), plugins)).result
    assert result.state == "failed" and "printed 'hello'" in result.message


@pytest.mark.parametrize(
    ("recipe", "rule"),
    [
        (RecipeSpec("mine", "vision", " ", RECIPE.format("dense")), "it has a description"),
        (RecipeSpec("mine", "vision", "x", RECIPE.format("dens")), "its names are registered, and its options fit"),
        (RecipeSpec("mine", "vision", "x", "no toml"), "its names are registered, and its options fit"),
    ],
)
def test_a_recipe_that_cannot_be_fitted_is_named(numbers, recipe, rule):
    plugins = replace(numbers, recipes={**numbers.recipes, ("vision", "mine"): recipe})
    with pytest.raises(DoesNotConform) as caught:
        check_recipe(recipe, plugins)
    assert [one.rule for one in caught.value.results if one.state == "failed"] == [rule]


def test_a_recipe_of_a_domain_without_data_cannot_be_asked(numbers):
    results = check_recipe(numbers.recipe("numbers", "plain"), numbers)
    assert [(one.state, one.message) for one in results] == [
        ("ok", ""),
        ("skipped", "no data set of its domain is registered"),
    ]
