import numpy as np
import pytest

from dl_sequences.season import autocorrelation, find_season

PLACES = np.arange(240)


def test_the_autocorrelation_of_a_wave_is_one_at_its_period_and_minus_one_at_half_of_it():
    found = autocorrelation(np.sin(np.arange(6000) * np.pi / 6), 12)
    assert found[[0, 6, 12]] == pytest.approx([1, -1, 1], abs=0.01)


@pytest.mark.parametrize("season", [4, 7, 12, 24])
def test_a_season_is_found_though_the_series_rises_and_values_are_missing(season):
    noise = np.random.default_rng(0).normal(0, 0.3, 240)
    values = 2 * np.sin(2 * np.pi * PLACES / season) + 0.05 * PLACES + noise
    values[::17] = np.nan
    assert find_season([values]) == season


def test_neither_noise_nor_a_random_walk_nor_a_short_series_has_a_season():
    rng = np.random.default_rng(1)
    for _ in range(20):
        noise = rng.normal(size=240)
        assert find_season([noise]) == find_season([np.ones(240)]) == find_season([noise[:20]]) == 1
    walks = [find_season([np.cumsum(rng.normal(size=240))]) > 1 for _ in range(50)]
    assert np.mean(walks) <= 0.2


def test_the_second_half_is_not_looked_at():
    still = np.concatenate([np.random.default_rng(2).normal(size=120), 9 * np.sin(np.arange(120) * np.pi / 6)])
    assert find_season([still]) == 1
