import numpy as np
import pytest

from dl_reports.statistics import NotComputable, moments
from dl_reports.statistics.moments import epoch_moments, third_moments


def test_moments_are_numpys_also_across_chunks(rng, monkeypatch):
    monkeypatch.setattr(moments, "_CELLS", 70)
    values = rng.exponential(size=(4, 101)).astype(np.float32)
    found = epoch_moments(values)
    np.testing.assert_allclose(found.means, values.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found.covariance, np.cov(values), rtol=1e-4)
    difference = values[3].astype(float) - values[1]
    assert found.paired_errors()[1, 3] == pytest.approx(difference.std(ddof=1) / np.sqrt(101), rel=1e-5)
    third = ((difference - difference.mean()) ** 3).mean()
    assert third_moments(found, 1)[3] == pytest.approx(third, rel=1e-5)


def test_an_epoch_with_a_value_that_is_not_finite_is_skipped(rng):
    values = rng.random((4, 50))
    values[1, 7], values[2, 0], values[2, 1] = np.nan, np.inf, -np.inf
    found = epoch_moments(values)
    assert found.skipped == (1, 2)
    assert found.epochs.tolist() == [0, 3]


def test_the_same_network_twice_has_no_error_between_its_epochs(rng):
    row = rng.random(50)
    assert epoch_moments(np.stack([row, row])).paired_errors()[0, 1] == 0


@pytest.mark.parametrize("shape", [(5, 0), (5, 1), (5, 5), (1, 100), (0, 100)])
def test_too_little_is_said(shape):
    assert isinstance(epoch_moments(np.ones(shape)), NotComputable)
