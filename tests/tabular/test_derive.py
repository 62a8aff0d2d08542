"""Columns derived by expressions: values known by hand, one line for each mistake, the same in a prediction."""

import numpy as np
import pandas as pd
import pytest

import dl
from dl.data.examples import whole
from dl.errors import BadOption
from dl_tabular.derive import derive_columns, parse_derive, with_sources
from dl_tabular.domain import open_path, read
from dl_tabular.prepare import learn

NAN = float("nan")
COLUMNS = {
    "rooms": np.array([6.0, 4.0, NAN]),
    "people": np.array([3.0, 0.0, 1.0]),
    "total rooms": np.array([1.0, 10.0, 100.0]),
    "colour": np.array(["red", "blue", "red"]),
}


def derived(option):
    return {name: values.tolist() for name, values in derive_columns(COLUMNS, parse_derive(option)).items()}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("rooms/people", [2, NAN, NAN]),
        ("-rooms + 2**people", [2, -3, NAN]),
        ("rooms > 5", [1, 0, NAN]),
        ("rooms == 4", [0, 1, NAN]),
        ("log(people)", [np.log(3), NAN, 0]),
        ("where(people > 0, rooms, -1)", [6, -1, NAN]),
        ("missing(rooms)", [0, 0, 1]),
        ("maximum(rooms, 5)", [6, 5, NAN]),
        ("'total rooms' // 10 % 10", [0, 1, 0]),
        ("exp(999) * people", [NAN, NAN, NAN]),
    ],
)
def test_an_expression_is_arithmetic_on_columns_and_missing_where_it_is_no_finite_number(expression, values):
    np.testing.assert_allclose(derived(f"x={expression}")["x"], values)


def test_several_are_separated_by_commas_and_may_name_those_before_them():
    found = derived("each=rooms/people, most=maximum(each, 3)")
    np.testing.assert_allclose([*found["each"], *found["most"]], [2, NAN, NAN, 3, NAN, NAN])


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("each=rooms/peple", "derive=each=rooms/peple: no input column 'peple' at character 7; did you mean 'people'?"),
        ("each=rooms/", "derive=each=rooms/: no expression, at character 6: invalid syntax"),
        ("each", "'each' is not of the form name=expression"),
        ("a=rooms,a=people", "'a' is derived twice"),
        ("rooms=people", "the table has a column 'rooms'; choose another name"),
        ("a=2+3", "it names no column"),
        ("a=colour*2", "column 'colour' at character 1 holds categories, not numbers"),
        ("a=rooms+len(people)", "no function 'len' at character 7"),
        ("a=log(rooms, people)", "log at character 1 takes 1 argument; 2 given"),
        ("a=rooms.real", "'rooms.real' at character 1 is not arithmetic"),
        ("a=rooms[0]", "is not arithmetic"),
        ("a=[x for x in rooms]", "is not arithmetic"),
        ("a=(lambda: 1)()", "is not arithmetic"),
        ("a=rooms and people", "is not arithmetic"),
        ("a=__import__('os')", "no function '__import__' at character 1"),
        ("a=rooms*1e999", "the number at character 7 is too large"),
        ("a=" + "(" * 400 + "rooms", "no expression"),
        ("a=" + "+".join(["rooms"] * 200), "has 1,199 characters; at most 500"),
    ],
)
def test_a_mistake_is_one_line_with_the_place(option, message):
    with pytest.raises(BadOption) as caught:
        derived(option)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_source_that_is_no_input_is_read_for_the_expression_alone():
    options = {"derive": "each=a/b", "leave_out": "a,c"}
    reading, dropped = with_sources(options, parse_derive("each=a/b"))
    assert reading["leave_out"] == "c" and dropped == ("a",)
    reading, dropped = with_sources({"input": "b,c"}, parse_derive("each=a/b"))
    assert reading["input"] == "b,c,a" and dropped == ("a",)


def test_a_prediction_derives_the_column_again_from_its_sources(table):
    lines = [f"{k % 7 + 1},{k % 5 + 1},{(k % 7 + 1) / (k % 5 + 1)}" for k in range(70)]
    options = {"target": "y", "derive": "each=rooms/people", "leave_out": "rooms,people"}
    data = open_path(table("\n".join(["rooms,people,y", *lines])), options)
    assert data.train.inputs.dtype.names == ("each",)
    assert "derived: 'each' = rooms/people" in data.notes
    preprocessor = learn(whole(data.train), options)
    again = read([table("people,rooms\n4,2\n", "new.csv")], preprocessor, options)
    assert again.inputs["each"].tolist() == [0.5]


def test_a_source_that_was_constant_in_training_is_read_as_numbers(table):
    lines = [f"{k % 7 + 1},2,{k % 7}" for k in range(70)]
    options = {"target": "y", "derive": "each=rooms/people"}
    preprocessor = learn(whole(open_path(table("\n".join(["rooms,people,y", *lines])), options).train), options)
    again = read([table("people,rooms\n4,2\n", "new.csv")], preprocessor, options)
    assert again.inputs["each"].tolist() == [0.5]


def test_a_frame_and_an_array_are_derived_like_a_table(tmp_path):
    rng = np.random.default_rng(0)
    values = rng.uniform(1, 9, (60, 2))
    target = values[:, 0] / values[:, 1]
    tiny = {"runs": tmp_path, "epochs": 1}
    frame = pd.DataFrame({"rooms": values[:, 0], "people": values[:, 1], "y": target})
    run = dl.fit("tabular", frame, target="y", derive="each=rooms/people", leave_out="rooms,people", **tiny)
    halves = frame.drop(columns="y").assign(rooms=1.0, people=2.0)
    assert set(dl.load(run).loaded.read(halves).inputs["each"].tolist()) == {0.5}
    run = dl.fit("tabular", (values, target), derive="each=x0/x1", **tiny)
    assert dl.load(run)(values).shape == (60, 1)
