"""Defaults of tables: by how many rows there are."""

import pytest

from dl.defaults import DataFacts
from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.recipes.settle import settle


@pytest.fixture(scope="module")
def plugins():
    return load_plugins()


def settled(plugins, rows, target="numbers", **said):
    data = DataFacts(rows, shape=(7,), target=target, outputs=1)
    return settle(resolve(plugins, "tabular", "wine", **said), data, plugins)[0]


@pytest.mark.parametrize("model", ["dense", "residual"])
@pytest.mark.parametrize("rows", [4, 60, 150, 700, 2_400, 6_000])
def test_every_network_takes_2500_steps_or_between_20_and_100_epochs(plugins, rows, model):
    recipe = settled(plugins, rows, model=model)
    steps = -(-round(0.8 * rows) // recipe.train["batch_size"])
    assert recipe.train["epochs"] in (20, 100) or 2_500 <= steps * recipe.train["epochs"] < 2_500 + steps


@pytest.mark.parametrize(
    ("target", "rows", "width", "dropout"),
    [("classes", 300, 64, 0.2), ("numbers", 300, 128, 0.1), ("numbers", 4_000, 256, 0.1)],
)
def test_width_and_dropout_follow_from_target_and_rows(plugins, target, rows, width, dropout):
    options = settled(plugins, rows, target).model_options
    assert (options["width"], options["dropout"]) == (width, dropout)


def test_a_stated_dropout_stays_and_a_learner_has_no_defaults_of_networks(plugins):
    assert settled(plugins, 300, options={"dropout": 0.05}).model_options["dropout"] == 0.05
    learner = settled(plugins, 300, model="linear")
    assert learner.model_options == {"penalty": "auto"} and not learner.is_open
    assert learner.train == {"positive": "auto", "target_scale": "auto", "threshold": "auto"}
    assert not learner.regularizers


def test_many_rows_are_learnt_by_a_wide_network_without_dropout(plugins):
    recipe = settled(plugins, 10_000)
    assert (recipe.model_options["width"], recipe.model_options["dropout"]) == (256, 0.0)


@pytest.mark.parametrize(("rows", "epochs"), [(10_000, 40), (60_000, 40), (125_000, 20), (1_250_000, 5)])
def test_very_many_rows_take_about_30_000_steps(plugins, rows, epochs):
    assert settled(plugins, rows).train["epochs"] == epochs


@pytest.mark.parametrize(
    ("rows", "model", "on"), [(60, "dense", True), (900, "residual", True), (9_000, "dense", False)]
)
def test_few_rows_have_a_linear_path(plugins, rows, model, on):
    assert settled(plugins, rows, model=model).model_options["linear"] is on


@pytest.mark.parametrize("name", ["resample", "class-weights", "focal", "missing"])
def test_a_linear_path_solved_without_the_regularizer_is_left_out_beside_it(plugins, name):
    assert settled(plugins, 900, "classes", reg={name: {}}).model_options["linear"] is False
    asked = settled(plugins, 900, "classes", reg={name: {}}, options={"linear": True})
    assert asked.model_options["linear"] is True


@pytest.mark.parametrize("name", ["resample", "missing"])
def test_a_regularizer_that_is_off_or_an_option_of_its_name_leaves_the_linear_path_on(plugins, name):
    assert settled(plugins, 900, "classes", reg={name: "off"}).model_options["linear"] is True
    assert settled(plugins, 900, "classes", options={"missing": "-999"}).model_options["linear"] is True


@pytest.mark.parametrize(
    ("rows", "target", "columns", "pieces"),
    [
        (4_000, "numbers", 7, 24),
        (900, "numbers", 7, 0),
        (4_000, "classes", 7, 0),
        (200_000, "numbers", 7, 0),
        (4_000, "numbers", 500, 0),
    ],
)
def test_numbers_are_encoded_in_pieces_where_rows_are_enough_to_fill_them(plugins, rows, target, columns, pieces):
    data = DataFacts(rows, shape=(columns,), target=target, outputs=1)
    assert settle(resolve(plugins, "tabular", "wine"), data, plugins)[0].data_options["pieces"] == pieces
