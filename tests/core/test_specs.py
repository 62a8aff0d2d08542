"""Specifications are frozen values: they are listed at no cost, and typed as they are read."""

from dataclasses import FrozenInstanceError, fields

import pytest

from dl.options import Option, split_named
from dl.plugins.validation import KINDS
from dl.specs import PLACES, RecipeSpec, RegularizerSpec, recipes_in


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.noun)
def test_a_specification_is_frozen_hashable_and_every_field_is_documented(kind):
    needed = [field.name for field in fields(kind.spec) if field.default is field.default_factory]
    made = kind.spec(**dict.fromkeys(needed, "mine"))
    assert made == kind.spec(**dict.fromkeys(needed, "mine")) and len({made, made}) == 1
    with pytest.raises(FrozenInstanceError):
        made.name = "other"
    if kind.spec is not RecipeSpec:  # its docstring tells all four in a sentence
        assert [field.name for field in fields(made) if f"        {field.name}: " not in kind.spec.__doc__] == []


NOISE = RegularizerSpec("noise", "batch", "", print, (Option("scale", 0.1, ""), Option("wild", False, "")))


@pytest.mark.parametrize(
    ("options", "typed"),
    [
        ({"scale": 0.1, "wild": False}, "noise=0.1"),
        ({"scale": 0.5, "wild": True}, "noise=0.5,wild=yes"),
        ({"scale": 1e-05, "wild": False}, "noise=1e-05"),
    ],
)
def test_a_regularizer_is_typed_with_its_first_option_and_those_that_differ_from_their_default(options, typed):
    assert NOISE.typed(options) == typed and list(split_named([typed])) == ["noise"]


def test_a_regularizer_without_options_is_typed_by_its_name():
    assert RegularizerSpec("flat", "batch", "", print).typed({}) == "flat"


def test_recipes_of_a_folder_are_named_by_their_files_and_described_by_their_first_line(tmp_path):
    (tmp_path / "b.toml").write_text('# The second.\n[model]\nname = "dense"\n', encoding="utf-8")
    (tmp_path / "a.toml").write_text("# Zuerst: für Kleines\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no recipe")
    first, second = recipes_in(tmp_path, "vision")
    assert (first.name, first.domain, first.description) == ("a", "vision", "Zuerst: für Kleines")
    assert second.name == "b" and second.text.endswith('name = "dense"\n')


def test_regularizers_act_on_the_network_first_and_on_the_training_last():
    assert PLACES == ("network", "batch", "penalty", "training")
