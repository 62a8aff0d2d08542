"""Rows in memory: frames read as files are, arrays of numbers, and what is refused."""

import datasets
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_diabetes, load_wine

import dl
from dl.data.memory import take
from dl.errors import BadData
from dl_tabular.memory import from_memory

WINE = load_wine(as_frame=True)
PARTS_OF_DAY = [f"day ({part})" for part in ("days", "year", "month", "day", "weekday")]
ROWS = pd.DataFrame(
    {
        "size": [1.5, None, 3.0, 4.0, 5.0, 6.0],
        "kind": ["a", "b", "a", "b", "a", "b"],
        "zip": pd.Categorical([10, 20, 10, 20, 10, 20]),
        "sold": [True, False, True, False, True, True],
        "day": pd.date_range("2024-01-01", periods=6),
        "note": [f"said {k}" for k in range(6)],
    }
)


def read(data, **options):
    return from_memory(take(data), options, None)


def test_a_frame_is_read_as_the_same_file_is(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    of_file = dl.fit("tabular", tmp_path / "rows.csv", target="kind", categories="zip", runs=tmp_path / "a", epochs=1)
    run = dl.fit("tabular", ROWS, target="kind", runs=tmp_path / "b", epochs=1)
    assert (run.path / "preprocessor.json").read_text().replace("true", "True").replace("false", "False") == (
        of_file.path / "preprocessor.json"
    ).read_text().replace("true", "True").replace("false", "False")


def test_numbers_words_categories_and_dates_are_told_apart_by_their_type():
    found = read(ROWS)
    kinds = {name: found.train.array.dtype[name].kind for name in found.train.array.dtype.names}
    assert kinds == {"size": "f", "kind": "U", "zip": "U", "sold": "U"} | dict.fromkeys(PARTS_OF_DAY, "f")
    assert found.train.array["day (days)"].tolist() == [19723.0 + k for k in range(6)]
    assert found.notes == (
        "dates, taken apart: 'day'; to validate on the newest rows: --time-on day",
        "left out, as nearly every row has another value there: 'note'",
    )


@pytest.mark.parametrize("convert", [pl.from_pandas, datasets.Dataset.from_pandas, lambda frame: frame.to_dict("list")])
def test_frames_of_other_libraries_are_the_same_rows(convert):
    plain = ROWS.drop(columns="zip")
    assert read(convert(plain)).train.array.dtype.names == read(plain).train.array.dtype.names


def test_an_array_has_columns_by_number_and_a_gap_is_missing():
    rows = read(np.array([[1.0, np.nan], [2, 3]])).train
    assert rows.array.dtype.names == ("x0", "x1") and np.isnan(rows.array["x1"][0]) and rows.source(1) == "row 1"


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (
            np.zeros((2, 3, 4)),
            "tabular reads a frame, or an array (rows, columns); an array of float64 (2, 3, 4) was given",
        ),
        (["a"], "tabular reads a frame, or an array (rows, columns); a list of 1 string was given"),
        (np.array([[1, np.inf]]), "row 0 has inf in column 1; numbers are finite, and a missing one is nan"),
        (
            pd.DataFrame({"a": ["1", "2", "x"]}),
            "the frame row 2: column 'a' holds numbers, but 'x' is not a finite number (categories=a reads all cells "
            "as categories); fix it, or continue without it: bad_rows=skip",
        ),
        (pd.DataFrame({"a": [None, None]}), "the frame: no input column holds numbers or repeated words"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_what_are_no_rows_is_refused_in_one_line(data, line):
    with pytest.raises(BadData) as refused:
        read(data)
    assert str(refused.value) == line


def test_later_rows_are_found_by_their_names(tmp_path):
    run = dl.fit("tabular", WINE.frame, target="target", epochs=10, runs=tmp_path / "runs")
    shuffled = WINE.data[WINE.data.columns[::-1]]
    assert [one.values for one in dl.predict(run, shuffled[:5])] == [
        one.values for one in dl.predict(run, WINE.data[:5])
    ]
    assert dl.evaluate(run, data=WINE.frame[:20]).in_training == 20
    with pytest.raises(dl.BadOption, match=r"^the frame has no column 'hue' for input"):
        dl.predict(run, WINE.data.drop(columns="hue"))
    with pytest.raises(dl.BadData, match=r"^the run reads its columns by name: alcohol, .*; give a frame$"):
        dl.predict(run, WINE.data.to_numpy())


def test_a_regression_on_arrays_answers_in_the_target_s_units(tmp_path):
    data = load_diabetes()
    run = dl.fit("tabular", (data.data, data.target), test=(data.data[:50], data.target[:50]), runs=tmp_path / "runs")
    assert run.manifest.task.name == "regression" and 25 < dl.predict(run, data.data[:1])[0].values["target"] < 346
    assert dl.evaluate(run).in_training == 50
    with pytest.raises(dl.BadData, match=r"^the array has 3 columns; the run needs 10 or more$"):
        dl.load(run)(data.data[:, :3])


def test_several_columns_are_a_target_where_they_are_named(tmp_path):
    run = dl.fit("tabular", WINE.data, target=["alcohol", "ash"], epochs=1, runs=tmp_path / "runs")
    assert run.manifest.task.names == ("alcohol", "ash")
    assert set(dl.predict(run, WINE.data[:1])[0].values) == {"alcohol", "ash"}


def test_an_array_without_its_counter_is_what_is_learnt():
    rng = np.random.default_rng(0)
    values = np.column_stack([rng.permutation(200) + 7, rng.normal(size=200)])
    found = read(values)
    assert found.train.array.dtype.names == ("x1",)
    assert found.notes == ("left out, as they only count or number the rows: 'x0'",)
    assert read(values[:, :1]).train.array.dtype.names == ("x0",)  # where nothing else is, it may be meant
