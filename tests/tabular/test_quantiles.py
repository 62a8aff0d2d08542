"""Scaling to normal quantiles, against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn.preprocessing import QuantileTransformer

from dl.data.examples import Examples, whole
from dl_tabular.prepare import learn, restore
from dl_tabular.quantiles import has_heavy_tail, learn_quantiles, to_normal
from dl_tabular.rows import rows_of

RNG = np.random.default_rng(0)


def test_ranks_are_scikit_learns_with_as_many_knots():
    values = np.append(RNG.lognormal(0, 2, 900), np.zeros(100))
    theirs = QuantileTransformer(n_quantiles=101, output_distribution="normal").fit(values[:, None])
    ours = to_normal(values, learn_quantiles(values))
    expected = theirs.transform(values[:, None])[:, 0]
    np.testing.assert_allclose(ours[np.abs(expected) < 3], expected[np.abs(expected) < 3], atol=1e-6)


def test_the_median_is_zero_and_what_lies_beyond_the_training_values_is_clipped():
    quantiles = learn_quantiles(np.arange(101.0))
    found = to_normal(np.array([50, -1e9, 0, 100, 1e9, np.nan]), quantiles)
    np.testing.assert_allclose(found, [0, -3.0902, -3.0902, 3.0902, 3.0902, np.nan], atol=1e-4)


@pytest.mark.parametrize(
    ("values", "heavy"),
    [
        (RNG.normal(size=2000), False),
        (RNG.exponential(size=300), False),
        (RNG.lognormal(0, 2, 2000), True),
        (RNG.standard_cauchy(2000), True),
        ((np.arange(2000) == 7).astype(float), False),  # a flag
        (1e-300 * RNG.normal(size=50), False),
    ],
)
def test_a_tail_is_heavy_where_the_farthest_value_is_far_beyond_the_deviation(values, heavy):
    assert has_heavy_tail(values) is heavy


def test_a_column_with_a_heavy_tail_is_scaled_by_ranks_and_kept_so():
    rows = rows_of({"money": RNG.lognormal(0, 3, 500), "plain": RNG.normal(size=500)})
    data = Examples(rows, np.zeros(500, np.int64), np.arange(500))
    preprocessor = learn(whole(data), {})
    assert [bool(column.quantiles) for column in preprocessor.columns] == [True, False]
    assert np.abs(preprocessor.encode(rows)[:, 0]).max() < 3.1
    np.testing.assert_array_equal(restore(preprocessor.settings()).encode(rows), preprocessor.encode(rows))
    assert not any(column.quantiles for column in learn(whole(data), {"scaling": "standard"}).columns)
    assert all(column.quantiles for column in learn(whole(data), {"scaling": "quantile"}).columns)
