"""Residuals against predictions: bins by hand, and those of real fits."""

import numpy as np
import pytest

import dl
from dl.groups import Groups
from dl_reports.build import build_report
from dl_reports.residuals import _residuals


def test_bins_hold_equal_counts_by_prediction_with_the_mean_of_target_less_prediction():
    predicted = np.arange(48.0)[::-1]
    residual = np.where(predicted < 24, 1.0, -2.0)
    found = _residuals("price", predicted, residual, None)
    assert [one.count for one in found.bins] == [12] * 4
    assert [one.predicted for one in found.bins] == [5.5, 17.5, 29.5, 41.5]
    assert [one.residual.value for one in found.bins] == [1, 1, -2, -2]
    assert found.median == 1.5 and found.points[0] == (0.0, 1.0) and len(found.points) == 48


@pytest.mark.parametrize("size", [1, 5])
def test_intervals_of_the_bins_hold_together_where_examples_are_independent_and_where_they_share_groups(size):
    rng = np.random.default_rng(0)
    of = np.repeat(np.arange(600 // size), size)
    off = 0
    for _ in range(200):
        found = _residuals("y", rng.normal(size=600), rng.normal(size=600)[of], Groups.of(of))
        off += any(one.residual.low > 0 or one.residual.high < 0 for one in found.bins)
    assert off / 200 == pytest.approx(0.05, abs=0.04)


def test_of_bins_with_too_few_groups_the_mean_is_known_and_no_interval():
    of = np.repeat(np.arange(4), 50)
    found = _residuals("y", np.arange(200.0), np.ones(200), Groups.of(of))
    assert all(one.residual.value == 1 and np.isnan(one.residual.low) for one in found.bins)


def test_many_examples_are_thinned():
    values = np.arange(100_000.0)
    assert len(_residuals("y", values, values, None).points) == 400


def test_a_regression_has_residuals_and_classes_have_none(tmp_path):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(200, 2))
    run = dl.fit("tabular", (inputs, inputs[:, 0] + 0.1), epochs=1, runs=tmp_path)
    (found,) = build_report(run).residuals
    mean = np.average([one.residual.value for one in found.bins], weights=[one.count for one in found.bins])
    assert sum(one.count for one in found.bins) == run.manifest.parts.val and np.isfinite(mean)
    run = dl.fit("tabular", (inputs, (inputs[:, 0] > 0).astype(int)), epochs=1, runs=tmp_path)
    assert build_report(run).residuals == ()
