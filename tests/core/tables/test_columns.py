"""Columns are found by their names and first cells, and what was found is a note."""

from pathlib import Path

import pytest

from dl.errors import BadData, BadOption
from dl.tables.columns import Column, choose_features, list_names, named_columns
from dl.tables.options import OPTIONS
from dl.tables.source import Source

REVIEWS = {
    "review": ["a fine film", "twice seen", "no more of it", "dull; and, long"],
    "label": ["good", "bad", "good", "bad"],
}


def test_the_longest_text_is_the_input_and_that_is_said(written, opened):
    columns = {"title": ["one", "two", "three", "four"], "story": ["long words " * 9] * 4, "sentiment": ["a", "b"] * 2}
    table = opened(written("a.csv", columns))
    assert table.roles.input == "story" and "input: column 'story', the longest text" in table.notes


def test_an_input_that_is_called_so_is_taken_before_a_longer_column(written, opened):
    columns = {"url": ["https://example.org/a/long/one"] * 4, "text": ["a b", "c d", "e f", "g h"], "y": [0, 1, 0, 1]}
    assert "input: column 'text', by its name" in opened(written("a.csv", columns)).notes


def test_two_inputs_that_fit_are_both_named_and_none_is_taken(written, opened):
    path = written(
        "a.csv", {"question": ["how long is it"] * 4, "answer": ["as long as a rope"] * 4, "label": ["a", "b"] * 2}
    )
    with pytest.raises(BadData, match=r"a\.csv: 2 columns look like text; pass --input with one of: answer, question"):
        opened(path)
    assert opened(path, input="question").roles.input == "question"


def test_two_targets_that_fit_are_both_named_and_none_is_taken(written, opened):
    path = written("a.csv", {"text": ["some words"] * 4, "label": ["a", "b"] * 2, "category": ["c", "d"] * 2})
    with pytest.raises(BadData, match=r"2 columns could be the target; pass --target with one of: label, category"):
        opened(path)
    assert opened(path, target="category").names == ("c", "d")


def test_the_only_other_column_is_the_target_whatever_it_is_called(written, opened):
    table = opened(written("a.csv", {"": [1, 2, 3, 4], "text": ["some words"] * 4, "origin": ["a", "b"] * 2}))
    assert "target: column 'origin', the only one left - 2 classes: a, b" in table.notes


def test_without_a_target_the_line_says_what_there_is(written, opened):
    path = written("a.csv", {"text": ["some words"] * 3})
    with pytest.raises(BadData, match=r"no column is left for the target; pass --target COLUMN  columns: text"):
        opened(path)
    assert opened(path, labelled=False).targets.tolist() == [0, 0, 0]


def test_a_column_that_is_not_there_is_refused_with_the_nearest(written, opened):
    path = written("a.csv", REVIEWS)
    for option in ("input", "target", "group_on", "time_on"):
        with pytest.raises(
            BadOption, match=rf"no column 'lable' for {option}; did you mean 'label'\?  columns: review, label"
        ):
            opened(path, **{option: "lable"})


def test_a_table_without_text_has_no_text_input(written, opened):
    with pytest.raises(BadData, match=r"no column looks like text; pass --input COLUMN  columns: a, label"):
        opened(written("a.csv", {"a": [1, 2, 3], "label": ["x", "y", "x"]}))


def source(columns, nested=()):
    return Source(Path("a.csv"), "row", tuple(columns), lambda names, bad: iter(()), dict.fromkeys(nested, "a list"))


def chosen(columns, **options):
    """Return the roles of columns that each hold two numbers."""
    sampled = {name: Column(name, ("1", "2")) for name in columns}
    defaults = {option.name: option.default for option in OPTIONS}
    return choose_features(source(columns), sampled, {**defaults, **options}, labelled=True)


def test_all_columns_without_another_role_are_features():
    roles = chosen(["id", "length", "width", "species", "patient"], target="species", group_on="patient")
    assert roles.features == ("id", "length", "width") and not roles.asked
    assert roles.all == ("id", "length", "width", "species", "patient")


def test_columns_that_are_named_are_the_features():
    roles = chosen(["id", "length", "y"], input="id,length")
    assert roles.features == ("id", "length") and roles.asked


def test_a_column_that_is_left_out_is_neither_feature_nor_target():
    assert chosen(["length", "junk", "y"], target="y", leave_out="junk") == chosen(
        ["length", "y"], target="y", leave_out=""
    )
    with pytest.raises(BadOption, match="column 'y' is named by leave_out and also as input or target"):
        chosen(["length", "y"], target="y", leave_out="y")


@pytest.mark.parametrize(
    ("names", "found"),
    [("a", ("a",)), ("a,b", ("a", "b")), (" b , a ", ("b", "a")), ("c,d", ("c,d",)), ("", ())],
)
def test_names_are_parted_at_commas_unless_a_column_is_called_so(names, found):
    assert named_columns(Path("a.csv"), ["a", "b", "c,d"], names, "target") == found


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("a,,b", "a name is missing between commas"),
        ("a,b,a", "column 'a' is named twice"),
        ("a,z", "a.csv has no column 'z' for target"),
        ("x,y", "may be one column or 2; rename some in the file"),
    ],
)
def test_names_that_may_mean_several_things_are_refused(names, message):
    with pytest.raises(BadOption, match=message):
        named_columns(Path("a.csv"), ["a", "b", "x", "y", "x,y"], names, "target")


def test_of_many_names_a_message_lists_the_first_twelve():
    assert list_names("abc") == "a, b, c"
    assert list_names(map(str, range(15))) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, and 3 more"
