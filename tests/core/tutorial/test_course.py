"""Courses: the data of a tutorial."""

import pytest

from dl.errors import BadOption
from dl.plugins.loading import load_plugins
from dl.tutorial.course import RECIPE, SCALES, find_course


def test_a_named_data_set_brings_the_sizes_of_its_domain():
    course = find_course("wine", load_plugins())
    assert (course.domain, course.label, course.scale) == ("tabular", "wine", SCALES["tabular"])
    assert not course.has_digits and find_course("mnist", load_plugins()).has_digits


def test_what_is_no_data_and_kinds_without_sizes_are_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadOption, match="'minst' is no data set, folder or table; did you mean 'mnist'"):
        find_course("minst", load_plugins())
    with pytest.raises(BadOption, match="of the kind 'sequence'; dl tutorial knows vision, tabular, text"):
        find_course("digit-rows", load_plugins())


def test_a_path_holds_wherever_a_command_runs(tmp_path, monkeypatch):
    (tmp_path / "houses.csv").write_text("rooms,price\n" + "".join(f"{k},{k * 10}\n" for k in range(9)))
    monkeypatch.chdir(tmp_path)
    course = find_course("houses.csv", load_plugins())
    assert (course.data, course.domain, course.label) == (str(tmp_path / "houses.csv"), "tabular", "houses.csv")


def test_each_kind_of_input_has_the_recipe_and_the_data_of_its_sizes():
    plugins = load_plugins()
    for domain, scale in SCALES.items():
        assert (domain, RECIPE) in plugins.recipes and (domain, scale.folds) in plugins.datasets
