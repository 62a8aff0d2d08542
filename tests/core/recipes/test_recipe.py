from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl.errors import BadOption, BadRecipe
from dl.recipes.recipe import LARGEST, SPLIT_OPTIONS, TRAIN_OPTIONS, Recipe, parse_recipe, read_recipe

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
KEYS = st.text(min_size=1, max_size=8, alphabet="abcdefgh_").filter(lambda key: key != "name")
VALUES = st.one_of(st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), WORDS)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)
RECIPES = st.builds(
    Recipe,
    domain=WORDS,
    data=WORDS,
    model=WORDS,
    task=WORDS,
    seed=st.integers(0, 2**63 - 1),
    model_options=TABLES,
    train=TABLES,
    split=TABLES,
    data_options=TABLES,
)


@given(RECIPES)
def test_a_recipe_is_read_as_it_was_written(recipe):
    read = parse_recipe(recipe.to_toml(), "here")
    for name in ("domain", "data", "model", "task", "seed", "model_options", "train", "split", "data_options"):
        assert getattr(read, name) == getattr(recipe, name), name


def test_what_a_recipe_leaves_out_is_left_open():
    read = parse_recipe('[model]\nname = "dense"\n', "here")
    assert read.model == "dense" and read.seed is None and read.domain == read.data == read.task == ""
    assert dict(read.model_options) == dict(read.train) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("domian = 'vision'", "unknown key 'domian'; did you mean 'domain'"),
        ("[trian]\nlr = 1", "unknown key 'trian'; did you mean 'train'"),
        ("seed = 'one'", "seed = 'one' is not int"),
        ("seed = true", "seed = True is not int"),
        ("seed = 1.0", "seed = 1.0 is not int"),
        ("domain = 3", "domain = 3 is not str"),
        ("train = 3", r"train must be a table, \[train\]"),
        ("[[train]]\nlr = 1", r"train must be a table"),
        ("version = 2", "version 2; this dl reads up to 1"),
        ("version = 99999999999999", "reads up to 1"),
        ("version = 0", "version 0"),
    ],
)
def test_a_recipe_that_says_something_else_is_a_bad_option(text, message):
    with pytest.raises(BadOption, match=rf"recipe here: .*{message}"):
        parse_recipe(text, "here")


@pytest.mark.parametrize(
    "text",
    ["seed = ", "a = [" + "[" * 50_000, "seed = " + "1" * 5000, "a = 1\na = 2", "\x00", "seed = 08"],
)
def test_text_that_is_no_toml_is_a_bad_recipe(text):
    with pytest.raises((BadRecipe, BadOption), match="recipe here"):
        parse_recipe(text, "here")


@given(st.text())
def test_any_text_is_a_recipe_or_refused(text):
    with suppress(BadRecipe, BadOption):
        parse_recipe(text, "here")


def test_a_recipe_of_ten_megabytes_is_refused_unread(tmp_path):
    (tmp_path / "large.toml").write_bytes(b"# " + b"x" * 10_000_000)
    with pytest.raises(BadRecipe, match=f"more than {LARGEST:,} bytes"):
        read_recipe(tmp_path / "large.toml")


def test_a_file_that_is_missing_a_folder_or_no_text_is_refused(tmp_path):
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.toml").mkdir()
    for name in ("gone.toml", "bytes.toml", "folder.toml", "x" * 300 + ".toml"):
        with pytest.raises(BadRecipe, match="cannot be read"):
            read_recipe(tmp_path / name)


@pytest.mark.parametrize("option", [*TRAIN_OPTIONS, *SPLIT_OPTIONS], ids=lambda option: option.name)
def test_every_default_passes_its_own_check_and_is_explained(option):
    assert option.check(option.default, "recipe") == option.default and option.help


def test_nothing_in_a_recipe_is_ever_evaluated():
    read = parse_recipe("domain = \"__import__('os').system('true')\"\n[model]\nname = \"os.system\"\n", "here")
    assert read.model == "os.system"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(content=st.binary(max_size=200))
def test_any_file_is_a_recipe_or_refused(tmp_path, content):
    (tmp_path / "any.toml").write_bytes(content)
    with suppress(BadRecipe, BadOption):
        read_recipe(tmp_path / "any.toml")


def test_the_same_text_is_parsed_once():
    text = '[model]\nname = "dense"\n'
    assert parse_recipe(text, "here") is parse_recipe(text, "here") is not parse_recipe(text, "there")
