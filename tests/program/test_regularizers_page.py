"""docs/regularizers.md: its recipe means what it says, and every regularizer is on it. `test_pages` runs it."""

import re
from pathlib import Path

from dl.options import format_value
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import parse_recipe

PAGE = (Path(__file__).parents[2] / "docs/regularizers.md").read_text()


def test_the_recipe_means_what_it_says():
    said = parse_recipe(re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)[1], "the page").regularizers
    assert said == {"l2": 1e-4, "early-stopping": {"patience": 2, "by": "metric"}}


def test_the_table_names_every_regularizer_of_ours_with_its_first_option_and_default():
    rows = {name: first for name, first in re.findall(r"^\| `([a-z0-9-]+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)}
    specs = load_plugins().regularizers
    assert set(rows) == set(specs)
    for name, first in rows.items():
        option = specs[name].options[0]
        assert first.startswith(f"`{option.name}`")
        said, default = first.split(", ")[1], format_value(option.default)
        assert said.strip("`") == default or float(said) == float(default)
