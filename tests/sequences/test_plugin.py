import subprocess
import sys

import pytest

from dl.options import check
from dl.recipes.recipe import TRAIN_OPTIONS, parse_recipe
from dl_sequences import plugin

MODELS = {spec.name: spec for spec in plugin.register_models()}


def test_registering_imports_neither_torch_nor_numpy_nor_pyarrow():
    lines = (
        "import sys; from dl_sequences import plugin",
        "plugin.register_domains(), plugin.register_datasets(), plugin.register_models(), plugin.register_recipes()",
        "print(sorted({'torch', 'numpy', 'pyarrow'} & set(sys.modules)))",
    )
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("recipe", plugin.register_recipes(), ids=lambda recipe: recipe.name)
def test_every_recipe_passes_the_schemas(recipe):
    parsed = parse_recipe(recipe.text, recipe.name)
    check(MODELS[parsed.model].options, parsed.model_options, parsed.model)
    check(TRAIN_OPTIONS, parsed.train, "training")
