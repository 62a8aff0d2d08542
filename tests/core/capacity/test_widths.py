"""A width is every option that counts units, within its limits."""

from dl.capacity.widths import widths
from dl.options import Option
from dl.recipes.recipe import Recipe

OPTIONS = (
    Option("width", 16, "units", low=8, high=64, units=True),
    Option("dense", 4, "units", low=1, units=True),
    Option("depth", 2, "layers", low=1),
)


def recipe(**options):
    return Recipe("numbers", "given", "dense", model_options={"width": 16, "dense": 4, "depth": 2, **options})


def test_options_that_count_units_are_scaled_within_their_limits_and_no_others():
    found = widths(recipe(), OPTIONS, (0.25, 1.0, 4.0))
    assert [one.typed for one in found] == ["width=8 dense=1", "width=16 dense=4", "width=64 dense=16"]
    assert all(one.recipe.model_options["depth"] == 2 for one in found)


def test_sizes_that_the_limits_make_equal_are_one_and_the_recipes_own_stays():
    found = widths(recipe(width=64), OPTIONS[:1], (1.0, 2.0, 4.0))
    assert [(one.factor, one.typed) for one in found] == [(1.0, "width=64")]


def test_a_model_without_such_an_option_has_one_size():
    assert [one.typed for one in widths(recipe(), OPTIONS[2:], (0.25, 1.0, 4.0))] == ["dense"]
