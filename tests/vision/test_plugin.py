import subprocess
import sys
from dataclasses import replace

import pytest

import dl
from dl.errors import BadOption
from dl.options import check
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import TRAIN_OPTIONS, parse_recipe
from dl.recipes.resolve import resolve
from dl.training.devices import Devices
from dl_vision import plugin
from dl_vision.frames import specs as frames

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
    domain, _frames = plugin.register_domains()
    recipes = {spec.name: spec for spec in plugin.register_recipes() if spec.domain == "vision"}
    assert domain.default_recipe in recipes
    named = ["autoencoder", "book-convnet", "book-dense", "conv-autoencoder", "fast", "inception", "lines", "resnet"]
    assert sorted(recipes) == [*named, "separable"]
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


@pytest.mark.parametrize("name", ["resnet", "separable", "inception"])
def test_a_deep_network_has_a_recipe_of_its_name(name):
    plugins = load_plugins()
    assert (
        resolve(plugins, "vision", "mnist", model=name).train == resolve(plugins, "vision", "mnist", recipe=name).train
    )
    without = replace(plugins, regularizers={})
    assert not resolve(without, "vision", "mnist", model=name).regularizers, "what is not installed is left out"


@pytest.fixture(scope="module")
def fits(tmp_path_factory, one_thread):
    """One fit of each deep network, on 100 digits of 24x24."""
    digits = load_plugins().dataset("vision", "digits").load({}).train
    data = digits.inputs[:120].repeat(3, axis=1).repeat(3, axis=2), digits.targets[:120]
    folder = tmp_path_factory.mktemp("runs")
    return {
        name: dl.fit(
            "vision", data, model=name, width=4, epochs=3, val=20, runs=folder / name, devices=Devices("cpu", "1")
        )
        for name in ("resnet", "separable", "inception")
    }


@pytest.mark.parametrize("name", ["resnet", "separable", "inception"])
def test_a_deep_network_learns_100_digits_by_its_recipe_and_says_how_they_are_changed(fits, name):
    run = fits[name]
    assert run.history.column("probe_loss")[-1] < run.history.column("probe_loss")[0]
    assert run.recipe.regularizers["augment"] == {"policy": "light", "flip": "no", "crop": "no"}
    assert "random-shift" not in run.recipe.regularizers, "augment shifts"


def test_no_option_of_a_model_is_also_one_of_reading_or_training():
    reading = {option.name for option in (*plugin.READING, *frames.READING, *TRAIN_OPTIONS)}
    for model in MODELS.values():
        assert not reading & {option.name for option in model.options}


def test_an_unknown_colour_names_the_known_ones():
    with pytest.raises(BadOption, match="one of auto, grey, rgb"):
        check(plugin.READING, {"colour": "gray8"}, "vision data")
