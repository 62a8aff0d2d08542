"""The check that losses are numbers."""

import numpy as np
import pytest
import torch

from dl.errors import TrainingFailed
from dl.training.loss_check import LossCheck


def check_of(*losses):
    """A check of steps of two examples each, after ten others; ids are a hundred more than positions."""
    check = LossCheck(np.arange(100, 200), lr=0.5)
    check.add(10, torch.tensor(losses), [2] * len(losses), torch.arange(2 * len(losses)))
    return check


def test_the_first_loss_that_is_no_number_is_named_with_its_step_and_its_examples():
    check = check_of(0.3, float("inf"), float("nan"))
    words = r"the loss is inf at step 12 \(epoch 3, examples #102, #103, #104, #105, …\); the weights .*try: lr=0.05"
    with pytest.raises(TrainingFailed, match=words):
        check.check(lambda bad: bad, epoch=2)


def test_losses_are_checked_once():
    check = check_of(0.3, float("nan"))
    assert not check.are_finite() and not check.are_finite()  # asking leaves them to be checked
    with pytest.raises(TrainingFailed, match="no epoch was finished"):
        check.check(lambda bad: bad, epoch=0)
    assert check.are_finite()
    check.check(lambda bad: bad, epoch=0)


def test_a_device_stops_where_another_has_a_loss_that_is_no_number():
    check = check_of(0.3)
    with pytest.raises(TrainingFailed, match="the loss on another device is not a number"):
        check.check(lambda _bad: True, epoch=0)
