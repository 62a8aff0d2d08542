"""Rates are compared in pairs by their losses: the best, and the part around it that is as good."""

import numpy as np
import pytest

from dl.plugins.loading import load_plugins
from dl.recipes.resolve import resolve
from dl.training.rates import FACTORS, OWN, compare_rates, rates_around, short_recipe


def losses(means, spread=0.1, n=400):
    rng = np.random.default_rng(0)
    shared = rng.normal(0, 1, n)
    return {k: mean + shared + _centred(rng.normal(0, spread, n)) for k, mean in means.items()}


def _centred(noise):
    return noise - noise.mean()


def test_the_rates_are_half_decades_around_the_recipes_own():
    assert rates_around(0.003) == pytest.approx([3e-5, 9.5e-5, 3e-4, 9.5e-4, 3e-3, 9.5e-3, 0.03, 0.095, 0.3])
    assert len(FACTORS) == 9 and rates_around(0.0123)[OWN] == 0.0123


def test_a_small_certain_difference_ends_the_flat_part_and_noise_does_not():
    found = compare_rates(losses({0: 0.9, 1: 0.51, 2: 0.5, 3: 0.51, 4: 0.62, 5: 0.51}, 0.1), None, constant=1.0)
    assert found.best == 2 and found.flat == range(1, 4), "a rate beyond one that is worse is not part of it"
    assert found.changes[0].low > 0.3 and 2 not in found.changes


def test_a_failed_rate_ends_the_flat_part():
    found = compare_rates(losses({0: 0.5, 2: 0.5001, 3: 0.5}, spread=0.5), None, constant=1.0)
    assert 1 not in found.flat and len(found.flat) in (1, 2)


def test_a_short_fit_has_a_quarter_of_the_epochs_and_no_linear_path():
    plugins = load_plugins()
    recipe = resolve(plugins, "tabular", "wine", options={"epochs": 40, "linear": True})
    short = short_recipe(recipe, 0.1)
    assert short.train["epochs"] == 10 and short.train["lr"] == 0.1 and short.model_options["linear"] is False
    assert short_recipe(resolve(plugins, "tabular", "wine", options={"epochs": 1}), 0.1).train["epochs"] == 1
