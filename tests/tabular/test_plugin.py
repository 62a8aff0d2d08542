"""What the tabular package lists, at no cost: the domain, two networks, recipes that fit them."""

import subprocess
import sys

import pytest
import torch

from dl.options import check
from dl.recipes.recipe import TRAIN_OPTIONS, parse_recipe
from dl_tabular import plugin

MODELS = {spec.name: spec for spec in plugin.register_models()}


def test_registering_imports_neither_torch_nor_numpy_nor_pyarrow():
    lines = (
        "import sys; from dl_tabular import plugin",
        "plugin.register_domains(), plugin.register_models(), plugin.register_recipes()",
        "print(sorted({'torch', 'numpy', 'pyarrow'} & set(sys.modules)))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("recipe", plugin.register_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_passes_the_schemas(recipe):
    parsed = parse_recipe(recipe.text, recipe.name)
    check(MODELS[parsed.model].options, parsed.model_options, parsed.model)
    check(TRAIN_OPTIONS, parsed.train, "training")


def test_the_default_recipe_is_registered():
    (domain,) = plugin.register_domains()
    assert domain.default_recipe in {recipe.name for recipe in plugin.register_recipes()}
    assert callable(domain.load().open_path)


@pytest.mark.parametrize("name", [name for name, spec in MODELS.items() if spec.build is not None])
def test_a_network_maps_rows_to_logits_at_its_defaults(name):
    spec = MODELS[name]
    assert spec.build((6,), 3, check(spec.options, {}, name))(torch.zeros(5, 6)).shape == (5, 3)


def test_no_option_of_a_model_is_also_one_of_reading_or_training():
    reading = {option.name for option in (*plugin.READING, *TRAIN_OPTIONS)}
    for model in MODELS.values():
        assert not reading & {option.name for option in model.options}
