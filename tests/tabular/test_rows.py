"""Columns become numbers, dates or categories, side by side in one array."""

import numpy as np
import pytest

import dl
from dl.errors import BadData
from dl.tables.table import SkippedRows
from dl_tabular.domain import open_path, read
from dl_tabular.prepare import learn
from dl_tabular.rows import rows_of


def test_a_column_of_numbers_can_be_said_to_be_categories_and_another_left_out(table):
    text = "code,size,junk,y\n" + "".join(f"{k % 3},{k},{k * 7 % 5},{k % 2}\n" for k in range(20))
    rows = open_path(table(text), {"categories": "code", "leave_out": "junk", "target": "y"}).train.inputs
    assert rows.dtype.names == ("code", "size") and rows.dtype["code"].kind == "U"


@pytest.mark.parametrize("missing", ["", "NA", "n/a", "nan", "?", "null"])
def test_what_stands_for_nothing_among_numbers_is_missing(table, missing):
    rows = open_path(table(f"x,z,y\n1,5,a\n{missing},6,b\n3,7,a\n4,8,b\n"), {"target": "y"}).train.inputs
    assert np.isnan(rows["x"]).tolist() == [False, True, False, False]


def test_a_column_in_which_nearly_every_row_has_another_word_is_left_out_and_said(table):
    text = "name,x,y\n" + "".join(f"person {k},{k},{k % 2}\n" for k in range(20))
    dataset = open_path(table(text), {"target": "y"})
    assert dataset.train.inputs.dtype.names == ("x",)
    assert "left out, as nearly every row has another value there: 'name'" in dataset.notes


def test_a_column_of_words_that_is_left_out_says_why(table):
    rows = "".join(f"town {k * 389 % 1013},{'a' * (101 if k else 1)},{k % 9},{k % 2}\n" for k in range(2100))
    dataset = open_path(table("town,note,x,y\n" + rows), {"target": "y"})
    assert dataset.train.inputs.dtype.names == ("x",)
    assert "left out, as they have more than 1,000 different values: 'town'" in dataset.notes
    assert "left out, as a value there has more than 100 characters: 'note'" in dataset.notes


def test_what_stands_for_nothing_among_numbers_is_a_word_among_words(table):
    rows = open_path(table("c,y\n" + "NA,a\nUS,b\nnone,a\n-,b\n" * 5), {"target": "y"}).train.inputs
    assert set(rows["c"].tolist()) == {"NA", "US", "none", "-"}


def test_commas_in_numbers_are_read_where_it_is_certain_what_they_mean(table):
    text = 'big,part,y\n"1,234,567","0,5",a\n"2,000","1,25",b\n"7","2",a\n"9","3",b\n'
    dataset = open_path(table(text), {"target": "y"})
    assert dataset.train.inputs["big"].tolist() == [1234567, 2000, 7, 9]
    assert dataset.train.inputs["part"].tolist() == [0.5, 1.25, 2, 3]
    assert "commas in column 'part' taken as decimal points" in dataset.notes
    with pytest.raises(BadData, match="whose commas may separate thousands or decimals"):
        open_path(table('x,y\n"1,234",a\n"2,500",b\n"3,100",a\n"4,000",b\n'), {"target": "y"})


def test_dates_are_taken_apart_and_never_words(table):
    text = "when,y\n" + "".join(f"2024-01-{k // 2 + 1:02},{'ab'[k % 2]}\n" for k in range(20))
    dataset = open_path(table(text), {"target": "y"})
    rows = dataset.train.inputs
    assert np.diff(rows["when (days)"]).tolist() == [0, *[1, 0] * 9] and rows["when (year)"].tolist() == [2024] * 20
    assert rows["when (weekday)"][:3].tolist() == [0, 0, 1]  # a Monday, twice
    assert "dates, taken apart: 'when'; to validate on the newest rows: --time-on when" in dataset.notes


def test_a_number_too_large_is_named_and_no_prediction_is_made_of_it(flowers, table):
    preprocessor = learn(dl.data.examples.whole(open_path(flowers, {"target": "species"}).train), {})
    with pytest.raises(BadData, match="row 2: column 'width' holds numbers, but '1e308' is too large"):
        read([table("colour,width,length\nred,1e308,2\n", "w.csv")], preprocessor, {})


def test_a_thousand_columns_are_read(table):
    names = [f"c{k}" for k in range(1000)]
    rows = [",".join([*(str((k * 7 + row) % 11) for k in range(1000)), "ab"[row % 2]]) for row in range(8)]
    dataset = open_path(table("\n".join([",".join([*names, "y"]), *rows])), {"target": "y"})
    assert len(dataset.train.inputs.dtype.names) == 1000


def test_columns_stand_side_by_side_under_their_names_numbers_as_floats():
    rows = rows_of(
        {"age": np.array([3, 4], np.uint8), "moved": np.array([True, False]), "town": np.array(["Oslo", ""])}
    )
    assert rows.dtype.names == ("age", "moved", "town") and rows["age"].dtype == rows["moved"].dtype == np.float64
    assert rows.tolist() == [(3.0, 1.0, "Oslo"), (4.0, 0.0, "")]


def test_without_a_column_there_is_nothing_to_look_at():
    with pytest.raises(BadData, match="no input column is left"):
        rows_of({})


def test_numbers_with_a_leading_zero_are_categories(table):
    text = "zip,x,y\n" + "".join(f"{('02134', '2134', '501')[k % 3]},{k / 7:.3f},{k % 2}\n" for k in range(30))
    dataset = open_path(table(text), {"target": "y"})
    assert sorted(set(dataset.train.inputs["zip"])) == ["02134", "2134", "501"]
    assert "read as categories, for a number with a leading zero is a code: 'zip'" in dataset.notes


def test_sentinels_are_missing_and_are_so_in_a_prediction_too(table):
    text = "a,b,y\n" + "".join(f"{-999 if k % 5 == 0 else k / 7:.3f},{k * 37 % 20},{k % 2}\n" for k in range(40))
    dataset = open_path(table(text), {"target": "y"})
    assert np.isnan(dataset.train.inputs["a"]).sum() == 8 and "taken as missing: -999 in 'a'" in dataset.notes
    assert dataset.options == {"missing": "a:-999"}
    as_they_are = open_path(table(text), {"target": "y", "missing": "none"})
    assert not np.isnan(as_they_are.train.inputs["a"]).any() and as_they_are.options == {}
    preprocessor = learn(dl.data.examples.whole(dataset.train), {})
    new = read([table("a,b\n-999,-999\n", "new.csv")], preprocessor, dataset.options).inputs
    assert np.isnan(new["a"][0]) and new["b"][0] == -999


def test_dates_of_a_prediction_are_read_as_those_of_the_training(table):
    text = "when,x,y\n" + "".join(f"{k % 12 + 1:02}/{k % 28 + 1:02}/2024,{k * 7 % 11},{k % 2}\n" for k in range(60))
    dataset = open_path(table(text), {"target": "y"})
    assert dataset.options == {"dates": "month"}
    preprocessor = learn(dl.data.examples.whole(dataset.train), {})
    assert [column.name for column in preprocessor.columns if column.constant] == ["when (year)"]
    new = table("x,when\n1,02/01/2025\n2,\n", "new.csv")
    rows = read([new], preprocessor, dataset.options).inputs
    assert rows["when (month)"][0] == 2 and rows["when (day)"][0] == 1 and np.isnan(rows["when (month)"][1])
    with pytest.raises(BadData, match="column 'when' holds dates, but 'soon' is none; write 2024-02-01"):
        read([table("x,when\n1,soon\n", "new.csv")], preprocessor, dataset.options)
    with pytest.warns(SkippedRows):
        left = read(
            [table("x,when\n1,soon\n2,02/01/2024\n", "new.csv")], preprocessor, {**dataset.options, "bad_rows": "skip"}
        )
    assert left.inputs["when (day)"].tolist() == [1] and left.left_out[0].source == "new.csv row 2"


def test_a_counter_is_left_out_under_any_name_and_can_be_asked_for(table):
    text = "n,x,y\n" + "".join(f"{k + 1},{k * 37 % 100 / 7:.3f},{'ab'[k > 50]}\n" for k in range(100))
    dataset = open_path(table(text), {"target": "y"})
    assert dataset.train.inputs.dtype.names == ("x",) and not dataset.findings
    assert "left out, as they only count or number the rows: 'n'" in dataset.notes
    asked = open_path(table(text), {"target": "y", "input": "n,x"})
    assert asked.train.inputs.dtype.names == ("n", "x")
    assert [(one.code, one.severity) for one in asked.findings] == [("data-row-counter", "issue")]
