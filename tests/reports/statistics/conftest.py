"""What the tests of the statistics share: the level a simulated null may reach, and noise as networks make it."""

import math

import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(2024)


@pytest.fixture
def holds_level():
    """Whether a count of false alarms is compatible with a level: at most three binomial standard errors above."""

    def holds(alarms, draws, level):
        return alarms / draws <= level + 3 * math.sqrt(level * (1 - level) / draws)

    return holds


@pytest.fixture
def wander(rng):
    """Standard normal noise (T, n), an autoregression over the epochs, apart for each example."""

    def noise(epochs, n, correlation):
        values = rng.standard_normal((epochs, n))
        fresh = math.sqrt(1 - correlation**2)
        for t in range(1, epochs):
            values[t] = correlation * values[t - 1] + fresh * values[t]
        return values

    return noise
