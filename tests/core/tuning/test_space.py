from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadOption
from dl.hookspecs import hookimpl
from dl.options import Option, Space
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.regularizer import Regularizer
from dl.specs import RegularizerSpec
from dl.tuning.space import Dimension, buildable, describe_space, grid, search_space, values, with_values

LR = Dimension("lr", "train", 0.001, 0.0001, 0.01, log=True)
L2 = Dimension("l2", "reg", None, 1e-6, 1e-2, log=True, can_be_off=True)
WIDTH = Dimension("width", "model_options", 60, 15, 240, log=True, whole=True)


class Foreign:
    """A plugin whose regularizers state spaces of their own."""

    @hookimpl
    def register_regularizers(self):
        level = Option("level", 2, "how strong", low=0, high=9, space=Space(1, 4))
        kind = Option("kind", "soft", "which", choices=("soft", "hard"), space=Space(choices=("soft", "hard")))
        build = lambda options, task: Regularizer()  # noqa: E731
        return (
            RegularizerSpec("foreign-level", "penalty", "by level", build, (level,), remedy="2"),
            RegularizerSpec("foreign-kind", "penalty", "by kind", build, (kind,)),
            RegularizerSpec("foreign-draw", "penalty", "by draw", build, (level,), remedy="3", linear=False),
        )


@pytest.fixture
def recipe(plugins_with, blobs):
    """A function that resolves a recipe, beside its plugins: recipe(model="dense", **options)."""

    def make(model="dense", reg=None, **options):
        plugins = plugins_with(given=blobs(), more=[Foreign()])
        return replace(
            resolve(plugins, "numbers", "given", model=model, options=options, reg=reg), is_open=False
        ), plugins

    return make


def test_the_recipe_itself_is_a_point_and_comes_back_exactly():
    odd = replace(LR, start=0.00123456)
    for one in (odd, L2, WIDTH, replace(L2, start=0.003)):
        assert one.value(one.origin) == one.start


def test_the_middle_of_a_range_by_logarithms_is_the_geometric_mean():
    assert LR.value(0.5 + 1e-12) == 0.001
    assert replace(LR, start=0.002).value(0.5) == 0.001
    assert (LR.value(0.0), LR.value(1.0)) == (0.0001, 0.01)


def test_below_zero_an_option_is_off():
    assert L2.value(-0.3) is None and L2.value(0.0) == 1e-6
    decay = Dimension("weight_decay", "train", 0.0, 1e-5, 0.1, log=True, can_be_off=True, off=0.0)
    assert decay.value(-1.0) == 0.0 and decay.value(decay.origin) == 0.0


@given(st.floats(0, 1))
def test_a_whole_number_stays_in_its_range_and_large_ones_are_multiples_of_eight(place):
    found = WIDTH.value(place)
    assert 15 <= found <= 240 and (found == 60 or found < 32 or found % 8 == 0)


def test_levels_of_a_grid_are_all_different():
    few = Dimension("shift", "reg", 2, 1, 2, whole=True, can_be_off=True)
    assert [few.value(at) for at in few.levels()] == [None, 1, 2]
    choice = Dimension("schedule", "train", "cosine", choices=("constant", "cosine"))
    assert choice.levels() == ("constant", "cosine")


def test_a_grid_has_every_point_once_but_for_the_recipe():
    schedule = Dimension("schedule", "train", "cosine", choices=("constant", "cosine"))
    points = grid([LR, schedule], 0)
    found = {tuple(values([LR, schedule], point).values()) for point in points}
    assert len(points) == len(found) == 5 and (0.001, "cosine") not in found
    with pytest.raises(BadOption, match="points are too many"):
        grid([replace(LR, name=f"lr{k}") for k in range(12)], 0)


def test_rate_and_units_are_searched_around_the_recipe(recipe):
    chosen, plugins = recipe(width=40, lr=0.02)
    space = {one.name: one for one in search_space(chosen, plugins, "binary")}
    assert (space["lr"].low, space["lr"].high) == pytest.approx((0.002, 0.2))
    assert (space["width"].low, space["width"].high, space["width"].whole) == (10, 160, True)
    assert space["schedule"].choices == ("constant", "one-cycle", "cosine")
    assert "epochs" not in space and "early-stopping" not in space


def test_weight_decay_is_searched_only_where_the_optimizer_has_it(recipe):
    names = [[one.name for one in search_space(*recipe(optimizer=name), "binary")] for name in ("adam", "adamw")]
    assert "weight_decay" not in names[0] and "weight_decay" in names[1]


def test_a_regularizer_states_its_own_space_and_is_searched_if_reports_suggest_it(recipe):
    space = {one.name: one for one in search_space(*recipe(), "binary")}
    level = space["foreign-level"]
    assert (level.low, level.high, level.whole, level.can_be_off, level.start) == (1, 4, True, True, None)
    assert "foreign-kind" not in space and "dropout" in space
    (kind,) = search_space(*recipe(), "binary", over=["foreign-kind"])
    assert kind.words == ("soft", "hard", "off") and kind.value("off") is None
    (noise,) = search_space(*recipe(reg={"noise": 0.9}), "binary", over=["noise"])
    assert (noise.start, noise.high) == (0.9, 0.9), "the range is widened to hold the recipe's value"


def test_what_a_linear_path_knows_nothing_of_is_not_tried_on_top_of_one(recipe):
    plain, plugins = recipe()
    beside = replace(plain, model_options={**plain.model_options, "linear": True})
    names = [[one.name for one in search_space(found, plugins, "binary")] for found in (plain, beside)]
    assert ["foreign-draw" in found for found in names] == [True, False]
    with pytest.raises(BadOption, match="--over foreign-draw: a linear path knows nothing of it  type linear=no"):
        search_space(beside, plugins, "binary", over=["foreign-draw"])


def test_a_regularizer_for_other_tasks_is_left_out(recipe):
    names = [{one.name for one in search_space(*recipe(), task)} for task in ("binary", "regression")]
    assert "label-smoothing" in names[0] and "label-smoothing" not in names[1]


def test_names_that_cannot_be_tried_are_one_line(recipe):
    with pytest.raises(BadOption, match=r"--over widht: nothing to try by this name; did you mean 'width'"):
        search_space(*recipe(), "binary", over=["widht"])
    with pytest.raises(BadOption, match="--over epochs: nothing to try by this name  one of: lr, schedule, width"):
        search_space(*recipe(), "binary", over=["epochs"])
    with pytest.raises(BadOption, match="nothing is left to tune: lr is fixed by what was typed"):
        search_space(*recipe(), "binary", over=["lr"], typed=["lr"])


def test_what_is_typed_is_not_tuned(recipe):
    space = search_space(*recipe(), "binary", over=["lr", "width"], typed=["lr"])
    assert [one.name for one in space] == ["width"]


def test_values_go_where_the_recipe_holds_them(recipe):
    chosen, plugins = recipe(reg={"dropout": 0.5})
    space = search_space(chosen, plugins, "binary", over=["lr", "width", "dropout", "l2"])
    found = with_values(chosen, plugins, space, {"lr": 0.5, "width": 8, "dropout": None, "l2": 0.001})
    assert (found.train["lr"], found.model_options["width"]) == (0.5, 8)
    assert found.regularizers == {"l2": {"strength": 0.001, "every": False}}
    again = with_values(chosen, plugins, space, {one.name: one.start for one in space})
    assert again == chosen


def test_a_regularizer_that_cannot_be_built_is_left_out_unless_it_is_asked_for(recipe):
    chosen, plugins = recipe()
    space = search_space(chosen, plugins, "binary", over=["lr", "l2"])

    def refuse(candidate):
        if "l2" in candidate.regularizers:
            raise BadOption("no l2 here")

    assert [one.name for one in buildable(space, chosen, plugins, refuse, ())] == ["lr"]
    with pytest.raises(BadOption, match="no l2 here"):
        buildable(space, chosen, plugins, refuse, ["l2"])


def test_a_space_is_described_in_a_line():
    assert describe_space([LR, L2]) == "lr 0.0001..0.01, l2 1e-06..0.01 or off"


def test_every_network_has_a_space_also_one_with_an_option_named_as_one_of_training():
    plugins = load_plugins()
    data = {domain: name for domain, name in plugins.datasets}
    found = {
        (domain, name): search_space(resolve(plugins, domain, data[domain], model=name), plugins, "multiclass")
        for (domain, name), spec in plugins.models.items()
        if domain in data and not spec.is_learner
    }
    assert ("text", "bag") in found and all("lr" in {one.name for one in space} for space in found.values())
