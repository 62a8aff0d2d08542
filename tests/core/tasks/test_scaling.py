"""The scale of a target: logarithms where it is positive and strongly skewed, and target units throughout."""

import numpy as np
import pytest
import torch
from scipy.stats import skew

from dl.errors import BadData, BadOption
from dl.tasks.baselines import constant_numbers
from dl.tasks.scaling import learn_scale, skewness_of
from dl.tasks.table import decide

RNG = np.random.default_rng(0)
PRICES = np.exp(RNG.normal(12, 1, 1000))


def test_the_skewness_that_decides_is_scipys():
    assert skewness_of(PRICES[:, None]) == pytest.approx(skew(PRICES))


@pytest.mark.parametrize(
    ("target", "logs"),
    [
        (PRICES, True),
        (PRICES * 1e-20, True),
        (PRICES[:20], False),  # too few to tell
        (PRICES - PRICES.min(), False),  # zero has no logarithm
        (RNG.normal(100, 10, 1000), False),
        (RNG.uniform(1, 100, 1000), False),
        (-PRICES, False),
        (np.append(RNG.uniform(50, 60, 1000), 1e-6), False),  # skewed to the left
        (np.stack([PRICES, RNG.normal(100, 10, 1000)], axis=1), False),  # one column is not skewed
    ],
)
def test_logarithms_are_learnt_where_a_target_is_positive_and_skewed_to_the_right(target, logs):
    assert bool(learn_scale(target, "auto").limits) is logs
    assert not learn_scale(target, "plain").limits


def test_logarithms_that_are_asked_for_need_positive_targets():
    assert learn_scale(np.array([1.0, np.e]), "log").shift == pytest.approx((0.5,))
    with pytest.raises(BadOption, match="target_scale=log: a target is 0, and only positive numbers have a logarithm"):
        learn_scale(np.array([0.0, 1.0]), "log")
    with pytest.raises(BadOption, match="target_scale=log is for regression; the task is binary"):
        decide(np.array([0, 1]), (), target_scale="log")


def test_metrics_and_answers_are_in_target_units():
    task = decide(PRICES, ("price",))
    encoded = task.encode(PRICES)
    assert float(encoded.mean()) == pytest.approx(0, abs=1e-5) and float(encoded.std()) == pytest.approx(1, rel=1e-3)
    np.testing.assert_allclose(task.decode(encoded)[:, 0], PRICES, rtol=1e-5)
    off = (torch.log(torch.from_numpy(2 * PRICES)) - task.info.shift[0]) / task.info.scale[0]
    mae = task.metrics(off[:, None], encoded)["mae"]
    capped = np.minimum(2 * PRICES, np.exp(task.info.log_limits[0][1]))
    assert mae == pytest.approx(np.abs(capped - PRICES).mean(), rel=1e-4)


def test_a_prediction_far_outside_the_training_targets_is_clipped_and_a_target_is_not():
    task = decide(PRICES, ())
    largest = float(task.preds(torch.tensor([[1000.0]])))
    assert largest == pytest.approx(PRICES.max() * (PRICES.max() / PRICES.min()) ** 0.1, rel=1e-6)
    assert float(task.decode(task.encode(np.array([1e12])))) == pytest.approx(1e12, rel=1e-4)


def test_the_baselines_are_the_mean_and_the_median_of_the_values():
    task = decide(PRICES, ())
    mean, median = constant_numbers(PRICES, task.info)
    assert float(task.preds(torch.from_numpy(mean.logits)[None])) == pytest.approx(PRICES.mean())
    assert float(task.preds(torch.from_numpy(median.logits)[None])) == pytest.approx(np.median(PRICES))


def test_a_target_of_zero_counts_as_the_least_prediction_and_one_below_is_refused():
    task = decide(PRICES, ())
    least = PRICES.min() * (PRICES.min() / PRICES.max()) ** 0.1
    assert float(task.decode(task.encode(np.array([0.0])))) == pytest.approx(least, rel=1e-4)
    with pytest.raises(BadData, match="a target is -1, and the run learnt the logarithm of positive targets"):
        task.encode(np.array([-1.0]))
