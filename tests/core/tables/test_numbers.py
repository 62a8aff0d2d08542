"""Numbers as people write them: one rule for commas, in inputs and in targets."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.errors import BadData
from dl.tables.features import read_features
from dl.tables.numbers import MISSING, NUMBER, is_missing, matches, read_plain, without_commas


def test_decimal_commas_are_points_unless_they_may_part_thousands(target):
    values, _, note = target(["1,5", "2", "-3,25", "0,5"])
    assert values.tolist() == [1.5, 2, -3.25, 0.5] and "commas in column 'label' taken as decimal points" in note
    with pytest.raises(BadData, match=r"like '1,500', whose commas may separate .*; write .* --task multiclass"):
        target(["1,500", "2", "3,250", "5"])
    assert target(["1,500", "2,500"] * 2, target_as="classes")[1] == ("1,500", "2,500")


@pytest.mark.parametrize(
    ("cells", "values", "how"),
    [
        (["1,234", "1,234,567", "2"], [1234, 1234567, 2], "thousands separators"),
        (["1,234", "0.5", "12"], [1234, 0.5, 12], "thousands separators"),
        (["1,234.5", "-2,000", "+7"], [1234.5, -2000, 7], "thousands separators"),
        (["1,234", "0,125", "2"], [1.234, 0.125, 2], "decimal points"),
        (["1,234", "1234,5", "-7"], [1.234, 1234.5, -7], "decimal points"),
        (["1,234", "1,5e-3", "1e2"], [1.234, 0.0015, 100], "decimal points"),
    ],
)
def test_one_rule_says_what_commas_mean_in_targets_and_in_inputs(target, written, cells, values, how):
    found, _, note = target(cells, target_as="numbers")
    assert found.tolist() == values and f"commas in column 'label' taken as {how}" in note
    found, _, note = target(cells, [1, 2, 3], target_as="numbers")
    assert found[:, 0].tolist() == values and f"commas in column 't0' taken as {how}" in note
    path = written("inputs.csv", {"x": [*cells, "n/a"], "y": list("abab")})
    column = read_features(path, {"target": "y"}).columns["x"]
    plain, said = without_commas(path, "x", column)
    assert [float(cell) for cell in plain.to_pylist()[:3]] == values and said == how


def test_commas_that_say_both_are_refused_with_two_cells(target):
    for other in ("0.5", "1,234,567"):
        with pytest.raises(
            BadData, match=f"'label' holds '1,5' and '{other}', so the meaning of its commas is unclear"
        ):
            target(["1,5", other, "3"])
    assert target(["1,5", "two", "1,5", "two"])[1] == ("1,5", "two")


def cells(*words):
    return pa.chunked_array([pa.array(words, pa.string())])


@given(st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False)))
def test_every_finite_number_as_python_writes_it_is_a_number(number):
    assert matches(cells(str(number)), NUMBER).tolist() == [True]


@pytest.mark.parametrize("word", ["", ".", "-", "1,5", "1e", "e5", "0x10", "1_000", "inf", "nan", "1 2", "١", "+-1"])
def test_what_is_no_number_is_none(word):
    assert matches(cells(word), NUMBER).tolist() == [False]


def test_a_cell_stands_for_nothing_however_large_its_letters_are():
    assert is_missing(cells("", "NA", "n/a", "NaN", "None", "?", "0", "nothing")).tolist() == [True] * 6 + [False] * 2


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1))
def test_numbers_with_their_thousands_parted_are_read_as_they_were(numbers):
    column = cells(*(f"{number:,}" for number in numbers), "1,000,000")
    plain, how = without_commas(Path("a.csv"), "x", column)
    assert list(map(int, plain.to_pylist())) == [*numbers, 1_000_000] and how == "thousands separators"


@given(st.lists(st.floats(-1e6, 1e6).filter(lambda number: "e" not in str(number)), min_size=1))
def test_numbers_with_decimal_commas_are_read_as_they_were(numbers):
    column = cells(*(str(number).replace(".", ",") for number in numbers), "0,5")
    plain, how = without_commas(Path("a.csv"), "x", column)
    assert list(map(float, plain.to_pylist())) == [*numbers, 0.5] and how == "decimal points"


def test_a_column_without_a_comma_or_with_a_word_is_left_as_it_is():
    for column in (cells("1", "2.5"), cells("1,5", "two")):
        assert without_commas(Path("a.csv"), "x", column) == (column, "")


def column(cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


SPELLED = st.text("0123456789+-.eExin fNa_,d\u0661", max_size=6)


@given(st.lists(SPELLED | st.floats(allow_nan=False).map(repr) | st.integers().map(str), min_size=1, max_size=4))
def test_a_column_is_read_at_once_only_if_every_cell_is_a_finite_number_or_empty(cells):
    cells = [cell.strip() for cell in cells]
    values = read_plain(column(cells))
    plain = (matches(column(cells), NUMBER) | (np.array(cells) == "")).all()
    small = plain and all(abs(float(cell)) <= 1e100 for cell in cells if cell)
    assert (values is not None) == small
    if small:
        assert np.array_equal(values, [float(cell or "nan") for cell in cells], equal_nan=True)


@given(st.sampled_from(MISSING).flatmap(lambda word: st.tuples(*(st.sampled_from([c, c.upper()]) for c in word))))
def test_missing_values_may_have_any_capitals(letters):
    assert is_missing(column(["".join(letters), "nano"])).tolist() == [True, False]
