from dataclasses import replace

import numpy as np

from dl.data.examples import whole
from dl_sequences.rules import best_season, fill_forward, rules

NAN = np.nan


def test_a_gap_is_filled_by_the_last_number_of_its_own_series():
    filled = fill_forward(np.array([1, NAN, NAN, NAN, 4, NAN]), np.array([0, 3, 6]))
    assert np.array_equal(filled, [1, 1, 1, NAN, 4, 4], equal_nan=True)


def test_the_rules_answer_with_the_last_value_and_with_those_a_season_ago(series_of):
    windows = series_of([1, 2, 3, 4, 5, 6], [9, 8, 7, 6, 5, NAN])
    last, seasonal = rules(windows, {"horizon": 4, "season": 3, "target": "x"})
    assert last.answers(windows).tolist() == [[6] * 4, [5] * 4]
    assert seasonal.answers(windows).tolist() == [[4, 5, 6, 4], [6, 5, 5, 6]]
    assert (last.answer, seasonal.answer) == ("the last value", "the value 3 steps before")


def test_without_a_forecast_there_is_no_rule_and_without_a_season_one(series_of):
    windows = series_of([1, 2])
    assert rules(windows, {"horizon": 0}) == ()
    assert [rule.name for rule in rules(windows, {"horizon": 2, "season": 1, "target": "x"})] == ["last-value"]


def test_a_forecast_begins_with_the_rule_that_is_better_in_training(series_of):
    options = {"horizon": 2, "season": 2, "target": "x"}
    windows = series_of([1, 5, 1, 5])
    for targets, season in (([[1, 5]], 2), ([[5, 5]], 1)):
        assert best_season(whole(replace(windows.examples, targets=np.array(targets, float))), options) == season
