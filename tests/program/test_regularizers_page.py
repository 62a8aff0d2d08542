"""What docs/regularizers.md shows runs: its console lines, recipe and Python; and every regularizer is on it."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from dl.options import format_value
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import parse_recipe

PAGE = (Path(__file__).parents[2] / "docs/regularizers.md").read_text()


def block(language):
    return "".join(re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL))


def test_the_console_lines_run_in_their_order(dl_run):
    lines = [shlex.split(line, comments=True) for line in block("console").splitlines()]
    assert len(lines) == 5
    for words in lines:
        answer = dl_run(*words[1:])
        assert words[0] == "dl" and answer.code == 0 and answer.out.strip(), f"{words}: {answer.err}"


def test_the_python_runs(tmp_path):
    done = subprocess.run([sys.executable, "-c", block("python")], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "['noise', 'l2']", done.stderr


def test_the_recipe_means_what_it_says():
    said = parse_recipe(block("toml"), "the page").regularizers
    assert said == {"l2": 1e-4, "early-stopping": {"patience": 2, "by": "metric"}}


def test_the_table_names_every_regularizer_of_ours_with_its_first_option_and_default():
    rows = {name: first for name, first in re.findall(r"^\| `([a-z0-9-]+)` \| .* \| (.*) \|$", PAGE, re.MULTILINE)}
    specs = load_plugins().regularizers
    assert set(rows) == set(specs)
    for name, first in rows.items():
        option = specs[name].options[0]
        assert first.startswith(f"`{option.name}`") and float(first.split(", ")[1]) == float(
            format_value(option.default)
        )
