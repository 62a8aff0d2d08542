"""What the text package lists, at no cost: the domain, the networks, and recipes that fit them."""

import subprocess
import sys

import pytest

from dl.options import check
from dl.recipes.recipe import TRAIN_OPTIONS, parse_recipe
from dl_text import plugin

MODELS = {spec.name: spec for spec in plugin.register_models()}
RECIPES = {spec.name: spec for spec in plugin.register_recipes()}


def test_registering_imports_neither_torch_nor_numpy_nor_tokenizers():
    lines = (
        "import sys; from dl_text import plugin",
        "plugin.register_domains(), plugin.register_models(), plugin.register_recipes()",
        "print(sorted({'torch', 'numpy', 'tokenizers', 'pyarrow'} & set(sys.modules)))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_passes_the_schemas(name):
    parsed = parse_recipe(RECIPES[name].text, name)
    check(MODELS[parsed.model].options, parsed.model_options, parsed.model)
    check(TRAIN_OPTIONS, parsed.train, "training")
    check(plugin.READING, parsed.data_options, "text data")


def test_each_model_is_at_home_in_a_recipe_of_its_own():
    for model in (one for one in MODELS.values() if not one.is_learner):
        assert parse_recipe(RECIPES[model.recipe].text, model.recipe).model == model.name
    (domain,) = plugin.register_domains()
    assert domain.default_recipe in RECIPES and domain.unlabelled == (".txt",)


def test_the_models_of_the_next_token_are_those_with_a_causal_form():
    assert {name for name, model in MODELS.items() if model.build_causal} == {"lstm", "transformer"}


def test_no_option_of_a_model_is_also_one_of_reading_or_training():
    reading = {option.name for option in (*plugin.READING, *TRAIN_OPTIONS)}
    for model in MODELS.values():
        assert not reading & {option.name for option in model.options}
