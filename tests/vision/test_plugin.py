import subprocess
import sys

import pytest

from dl.errors import BadOption
from dl.options import check
from dl.recipes.recipe import TRAIN_OPTIONS, parse_recipe
from dl_vision import plugin

MODELS = {spec.name: spec for spec in plugin.register_models()}


def test_registering_imports_neither_torch_nor_numpy_nor_pillow():
    lines = (
        "import sys; from dl_vision import plugin",
        "plugin.register_domains(), plugin.register_models(), plugin.register_recipes()",
        "print(sorted({'torch', 'numpy', 'PIL'} & set(sys.modules)))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_default_recipe_and_its_model_are_registered():
    (domain,) = plugin.register_domains()
    recipes = {spec.name: spec for spec in plugin.register_recipes()}
    assert domain.default_recipe in recipes
    assert sorted(recipes) == ["autoencoder", "book-convnet", "book-dense", "conv-autoencoder", "fast", "lines"]
    assert parse_recipe(recipes["fast"].text, "fast").model == "convnet"


@pytest.mark.parametrize("recipe", plugin.register_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_passes_the_schemas(recipe):
    parsed = parse_recipe(recipe.text, recipe.name)
    check(MODELS[parsed.model].options, parsed.model_options, parsed.model)
    check(TRAIN_OPTIONS, parsed.train, "training")
    assert recipe.description and "\n" not in recipe.description and not recipe.description.startswith("#")


def test_the_book_convnet_trains_as_in_the_book():
    (recipe,) = (spec for spec in plugin.register_recipes() if spec.name == "book-convnet")
    train = parse_recipe(recipe.text, recipe.name).train
    assert train == {"epochs": 5, "batch_size": 64, "optimizer": "rmsprop", "lr": 0.001}


def test_no_option_of_a_model_is_also_one_of_reading_or_training():
    reading = {option.name for option in (*plugin.READING, *TRAIN_OPTIONS)}
    for model in MODELS.values():
        assert not reading & {option.name for option in model.options}


def test_an_unknown_colour_names_the_known_ones():
    with pytest.raises(BadOption, match="one of auto, grey, rgb"):
        check(plugin.READING, {"colour": "gray8"}, "vision data")
