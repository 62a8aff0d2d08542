import numpy as np
import pytest

from dl.options import check
from dl_sequences.learners import boosting_classifier, linear_regressor, summarize
from dl_tabular.plugin import BOOSTING, PENALTY

LEARNT = {"numbers": ["x"], "words": {}, "length": 0}


def test_a_summary_is_length_mean_deviation_least_greatest_last_and_slope(series_of):
    found = summarize(LEARNT, series_of([1, 3, 5], [4], [np.nan, np.nan]))
    assert found[0] == pytest.approx([3, 3, np.sqrt(8 / 3), 1, 5, 5, 2])
    assert found[1] == pytest.approx([1, 4, 0, 4, 4, 4, 0])
    assert found[2, 0] == 2 and np.isnan(found[2, 1:]).all()


def test_series_of_one_length_are_summarized_by_their_values_as_well(series_of):
    train = series_of([1, 2], [3, 4])
    learnt, rows = boosting_classifier(check(BOOSTING, {}, "boosting")).prepare(train)
    assert learnt["length"] == 2 and rows[:, -2:].tolist() == [[1, 2], [3, 4]]
    assert np.array_equal(summarize(learnt, series_of([7]))[0, -2:], [np.nan, 7], equal_nan=True)


def test_ridge_regression_reads_the_slope(series_of):
    slopes = np.linspace(-1, 1, 40)
    learner = linear_regressor(check((PENALTY,), {}, "linear"))
    learnt, rows = learner.prepare(train := series_of(*[[5, 5 + slope, 5 + 2 * slope] for slope in slopes]))
    fitted = learner.build().fit(rows, slopes)
    assert np.abs(fitted.predict(learner.rows(learnt, train)) - slopes).max() < 0.01
