"""The verbs for authors: a project is written and told file by file, and the suites answer a line a rule."""

import pytest

from dl.packaging.scaffold import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_is_told_file_by_file_and_then_what_to_type(dl_run, tmp_path, kind):
    answer = dl_run("new", "plugin", "waves", "--kind", kind)
    assert answer.code == 0
    written = [line.removeprefix("wrote ") for line in answer.out.splitlines() if line.startswith("wrote ")]
    assert {str(path.relative_to(tmp_path)) for path in (tmp_path / "dl-waves").rglob("*") if path.is_file()} == set(
        written
    )
    assert answer.out.splitlines()[-3:] == [
        "dl install -e dl-waves",
        "dl plugins check waves",
        "python -m pytest dl-waves",
    ]


def test_a_folder_whose_name_a_shell_would_read_otherwise_is_quoted(dl_run):
    answer = dl_run("new", "plugin", "waves", "--folder", "two words")
    assert answer.out.splitlines()[-3] == "dl install -e 'two words'"


def test_a_kind_or_a_name_that_there_is_none_of_writes_nothing(dl_run, tmp_path):
    before = {*tmp_path.iterdir()}
    for words in (["waves", "--kind", "datset"], ["Two words"]):
        assert dl_run("new", "plugin", *words).code == 2
    assert {*tmp_path.iterdir()} == before


RECIPE = """
from dl.hookspecs import hookimpl
from dl.specs import RecipeSpec

@hookimpl
def register_recipes():
    return [RecipeSpec("mine", "vision", "of a test", '[model]\\nname = "{model}"')]
"""


def test_a_plugin_that_holds_exits_with_zero_and_one_that_does_not_with_one(dl_run, site):
    site.add("one", RECIPE.format(model="dense"))
    site.add("two", RECIPE.replace('"mine"', '"other"').format(model="dens"))
    held = dl_run("plugins", "check", "one")
    assert held.code == 0 and len(held.out.splitlines()) == 4
    assert [line.split()[0] for line in held.out.splitlines()[:-1]] == ["ok"] * 3
    broken = dl_run("plugins", "check", "two", "--json")
    assert broken.code == 1
    assert [one["state"] for one in broken.json] == ["ok", "ok", "failed"] and "did you mean" in broken.json[-1][
        "message"
    ]


def test_a_plugin_that_is_not_there_is_refused(dl_run):
    answer = dl_run("plugins", "check", "minst")
    assert (answer.code, answer.out) == (2, "") and "did you mean 'mnist'" in answer.err
