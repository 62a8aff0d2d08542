"""The domain of data that is named alone: of a data set by its name, of a path by what lies there."""

import pytest

from dl.errors import UnknownName
from dl.plugins.loading import load_plugins
from dl.recipes.recognize import is_data, recognize_domain
from dl.recipes.resolve import resolve


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b,price\n" + "".join(f"{k},{k % 7},{k * 3 % 11}.5\n" for k in range(30)))
    return path


def test_a_path_or_a_data_set_is_data_and_a_domain_is_none(table):
    plugins = load_plugins()
    assert is_data(str(table), plugins) and is_data("mnist", plugins)
    assert not is_data("text", plugins) and not is_data("nowhere", plugins)
    assert recognize_domain("mnist", plugins, {}) == "vision" and recognize_domain(str(table), plugins, {}) == "tabular"


def test_a_fit_takes_the_data_alone(table):
    recipe = resolve(load_plugins(), str(table), options={"target": "price"})
    assert (recipe.domain, recipe.data) == ("tabular", str(table))


def test_columns_that_are_left_out_do_not_decide_the_domain(tmp_path):
    lines = [f"{k},{k % 7},photos/{k}.png,a long story of example number {k} that was told,{k % 2}" for k in range(30)]
    path = tmp_path / "t.csv"
    path.write_text("\n".join(["size,weight,photo,story,sold", *lines]))
    plugins, given = load_plugins(), {"target": "sold"}
    assert recognize_domain(str(path), plugins, given) == "mixed"
    assert recognize_domain(str(path), plugins, given | {"leave_out": "photo, story"}) == "tabular"


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("mnits", "no domain or data set named 'mnits'; did you mean 'mnist'"),
        ("visoin", "no domain or data set named 'visoin'; did you mean 'vision'"),
        ("photos/cats", "no file or folder 'photos/cats'; there is no folder"),
        ("gone.csv", "no file or folder 'gone.csv'"),
    ],
)
def test_a_word_alone_that_is_nothing_is_refused_by_what_it_looks_like(word, message):
    with pytest.raises(UnknownName, match=message):
        resolve(load_plugins(), word)
