"""Numbers that mark a missing value are found at the edge, and nowhere else."""

import numpy as np
import pytest

from dl.errors import BadOption
from dl_tabular.sentinels import find_sentinel, parse_missing, spell_missing, without_marks


@pytest.mark.parametrize("mark", [-999.0, -9999.0, 9999.0, 999.0])
def test_a_repeated_mark_far_outside_is_missing(mark):
    values = np.random.default_rng(0).normal(15, 8, 200)
    values[::17] = mark
    assert find_sentinel(values) == mark
    values[17:] = 15.0
    assert find_sentinel(values) is None  # once


def test_numbers_of_the_column_itself_are_none():
    rng = np.random.default_rng(0)
    assert find_sentinel(rng.integers(0, 100, 500).astype(float)) is None  # 99 among 0..99
    assert find_sentinel(rng.integers(0, 1000, 5000).astype(float)) is None
    assert find_sentinel(np.array([-1.0] * 10 + list(range(90)))) is None
    assert find_sentinel(np.full(10, np.nan)) is None and find_sentinel(np.full(10, 999.0)) is None


def test_money_without_a_negative_amount_has_no_minus_999():
    values = np.random.default_rng(0).uniform(1000, 90000, 300)
    values[:5] = -999
    assert find_sentinel(values) == -999


def test_the_option_is_read_and_spelled():
    everywhere, by_column = parse_missing("-999,rain:-9999, a:b:7")
    assert everywhere == {-999} and by_column == {"rain": {-9999}, "a:b": {7}}
    assert parse_missing("auto") == parse_missing("none") == (frozenset(), {})
    assert spell_missing({"rain": -999.0, "age": 999.0}) == "rain:-999,age:999"
    assert spell_missing({"a,b": -999.0}) == "-999"
    with pytest.raises(BadOption, match="missing=rain: expected auto, none, -999 or rain:-999,age:999"):
        parse_missing("rain")


def test_marks_become_gaps():
    assert np.isnan(without_marks(np.array([1.0, -999, 2]), frozenset([-999.0]))).tolist() == [False, True, False]
