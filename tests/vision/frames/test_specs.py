"""What is registered for frames: a recipe that passes the schemas, and more epochs for fewer windows."""

from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl_vision.frames.specs import DOMAINS, MODELS, RECIPES


def test_the_recipe_of_the_domain_is_that_of_its_model_and_task():
    (recipe,) = RECIPES
    found = resolve(load_plugins(), "frames", "moving-digits")
    assert (found.task, found.model) == ("next-frame", MODELS[0].name)
    assert recipe.name == DOMAINS[0].default_recipe == MODELS[0].recipe
