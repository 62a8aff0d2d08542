import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from dl.errors import BadOption
from dl.runs.manifest import MetricInfo
from dl.training.batches import draw_epoch
from dl_regularizers.training import (
    class_weights,
    early_stopping,
    focal,
    label_smoothing,
    max_norm,
    resample,
    weight_averaging,
)

ACCURACY, MAE = MetricInfo("accuracy", True, 1.0, "proportion"), MetricInfo("mae", False, 0.0, "mean")

# Label smoothing


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_smoothed_classes_cost_what_torch_says_they_cost(task, reduction):
    three = task("multiclass")
    logits, target = torch.randn(20, 3), torch.randint(3, (20,))
    smoothed = label_smoothing(0.1, three).loss(three.row.loss)
    wanted = F.cross_entropy(logits, target, reduction=reduction, label_smoothing=0.1)
    assert torch.allclose(smoothed(logits, target, reduction), wanted, atol=1e-6)


def test_a_smoothed_yes_asks_for_nine_tenths(task):
    binary = task("binary")
    smoothed = label_smoothing(0.2, binary).loss(binary.row.loss)
    logit = math.log(9)  # whose sigmoid is 0.9
    wanted = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert smoothed(torch.tensor([[logit]]), torch.ones(1), "mean").item() == pytest.approx(wanted, abs=1e-6)
    assert smoothed(torch.tensor([[-logit]]), torch.zeros(1), "mean").item() == pytest.approx(wanted, abs=1e-6)


def test_each_label_is_smoothed(task):
    labels = task("multilabel")
    smoothed = label_smoothing(0.2, labels).loss(labels.row.loss)
    each = -0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    logits, target = torch.tensor([[math.log(9), -math.log(9)]]), torch.tensor([[1.0, 0.0]])
    assert smoothed(logits, target, "none").tolist() == pytest.approx([2 * each], abs=1e-6)


def test_the_loss_that_is_given_is_the_one_that_is_smoothed(task):
    three = task("multiclass")
    smoothed = label_smoothing(0.5, three).loss(lambda *_: torch.tensor(10.0))
    assert smoothed(torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64), "mean").item() == pytest.approx(
        5 + math.log(3) / 2
    )


# Norms


def test_weights_into_a_unit_are_scaled_to_the_bound_and_smaller_ones_stay():
    layer = nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[3.0, 4.0], [0.3, 0.4]]))
        layer.bias.fill_(100)
    max_norm(2.5).after_step(layer)
    assert layer.weight.flatten().tolist() == pytest.approx([1.5, 2.0, 0.3, 0.4], abs=1e-5)
    assert (layer.bias == 100).all()


@given(bound=st.floats(0.01, 10), seed=st.integers(0, 100))
def test_no_unit_is_above_the_bound_after_a_step(bound, seed):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.Linear(4, 5), nn.LSTM(3, 2))
    max_norm(bound).after_step(network)
    for name, one in network.named_parameters():
        assert "bias" in name or one.flatten(1).norm(dim=1).max().item() <= bound * 1.0001


def test_a_convolution_stays_in_its_memory_format():
    layer = nn.Conv2d(2, 3, 3).to(memory_format=torch.channels_last)
    max_norm(0.1).after_step(layer)
    assert layer.weight.is_contiguous(memory_format=torch.channels_last)


def test_a_network_without_weights_into_units_is_refused():
    with pytest.raises(BadOption, match="for max-norm to bound"):
        max_norm(1.0).network(nn.Embedding(3, 2))


# Averages


@pytest.fixture
def one_weight():
    """A network of one weight, and a function that sets it."""
    network = nn.Linear(1, 1, bias=False)

    def put(value):
        nn.init.constant_(network.weight, value)
        return network

    return put


def test_the_average_moves_by_a_rising_decay(one_weight):
    averaged = weight_averaging(0.99)
    for value in (1.0, 2.0, 4.0):
        averaged.after_step(one_weight(value))
    network = one_weight(8.0)
    # begins at 1; decays of (1 + 2) / (10 + 2) = 1/4 and (1 + 3) / (10 + 3) = 4/13
    wanted = 1.75 * 4 / 13 + 4 * 9 / 13
    with averaged.scored_with(network):
        assert network.weight.item() == pytest.approx(wanted, rel=1e-6)
    assert network.weight.item() == 8.0


def test_the_decay_that_is_asked_for_is_the_largest(one_weight):
    averaged = weight_averaging(0.0)
    for value in (1.0, 2.0):
        averaged.after_step(one_weight(value))
    network = one_weight(3.0)
    with averaged.scored_with(network):
        assert network.weight.item() == 2.0


def test_before_the_first_step_the_weights_are_their_own_average(one_weight):
    network = one_weight(3.0)
    with weight_averaging(0.5).scored_with(network):
        assert network.weight.item() == 3.0


def test_the_trained_weights_come_back_after_an_error(one_weight):
    averaged = weight_averaging(0.99)
    averaged.after_step(one_weight(1.0))
    network = one_weight(8.0)
    with pytest.raises(ZeroDivisionError), averaged.scored_with(network):
        raise ZeroDivisionError
    assert network.weight.item() == 8.0


def test_what_norm_layers_have_counted_is_averaged_too():
    network, averaged = nn.BatchNorm1d(1), weight_averaging(0.0)
    network.running_mean.fill_(1.0)
    averaged.after_step(network)
    network.running_mean.fill_(5.0)
    with averaged.scored_with(network):
        assert network.running_mean.item() == 1.0
    assert network.running_mean.item() == 5.0


# The end


def ends(values, patience, by="loss", headline=ACCURACY):
    """At which epoch a fit with these values ends; None if it goes on."""
    column = "val_loss" if by == "loss" else f"val_{headline.name}"
    rows = [{column: value} for value in values]
    asked = early_stopping(patience, by).ends
    return next((k for k in range(1, len(rows) + 1) if asked(rows[:k], headline)), None)


@pytest.mark.parametrize(
    ("values", "patience", "end"),
    [
        ([3, 2, 1, 2, 2, 2], 2, 5),
        ([3, 2, 1, 2, 2, 2], 3, 6),
        ([3, 2, 1, 2, 0.5, 2], 2, None),
        ([1, 1, 1], 2, 3),
        ([1, math.nan, math.nan], 2, 3),
        ([math.nan] * 3, 2, 3),
        ([], 1, None),
    ],
)
def test_a_fit_ends_after_so_many_epochs_without_a_better_one(values, patience, end):
    assert ends(values, patience) == end


def test_better_is_higher_or_lower_as_the_metric_has_it():
    assert ends([0.5, 0.6, 0.5], 1, "metric", ACCURACY) == 3
    assert ends([0.5, 0.6, 0.5], 1, "metric", MAE) == 2


def test_why_it_ends_names_the_best_epoch():
    rows = [{"val_loss": value} for value in (2.0, 1.0, 3.0)]
    assert early_stopping(1, "loss").ends(rows, ACCURACY) == "val_loss has not improved since epoch 2"


# Class weights


def test_class_weights_to_the_power_one_give_each_class_as_much(task):
    binary = task("binary")
    counted = replace(binary, info=replace(binary.info, counts=(90, 10)))
    logits, target = torch.randn(100, 1), torch.tensor([0.0] * 90 + [1.0] * 10)
    each = binary.row.loss(logits, target, "none")
    wanted = (each[:90].mean() + each[90:].mean()) / 2
    assert class_weights(1.0, counted).loss(binary.row.loss)(logits, target).item() == pytest.approx(float(wanted))


def test_class_weights_to_the_power_zero_change_nothing(task):
    three = task("multiclass")
    logits, target = torch.randn(20, 3), torch.randint(3, (20,))
    weighted = class_weights(0.0, three).loss(three.row.loss)
    assert torch.allclose(weighted(logits, target, "none"), three.row.loss(logits, target, "none"))


def test_resampling_to_the_power_one_draws_each_class_as_often(task):
    targets = torch.tensor([0.0] * 90 + [1.0] * 10)
    for power, shares in ((1.0, (50, 50)), (0.5, (75, 25)), (0.0, (90, 10))):  # the root of 9 is 3
        chances = resample(power, task("binary")).chances(targets)
        drawn = draw_epoch(0, 3, np.arange(100), chances.numpy())
        counts = np.bincount(targets.long().numpy()[drawn], minlength=2)
        assert np.abs(counts - shares).max() <= 1
        assert np.array_equal(drawn, draw_epoch(0, 3, np.arange(100), chances.numpy()))
    assert len(np.unique(draw_epoch(0, 0, np.arange(100), np.ones(100)))) == 100, "alike, each is drawn once"


def test_the_focal_loss_is_the_one_known_by_hand(task):
    half = 0.25 * math.log(2)  # of gamma 2, at a probability of one half
    for name, logits, target, wanted in (
        ("binary", [[0.0], [math.log(3)]], [1.0, 0.0], [half, 0.75**2 * math.log(4)]),
        ("multilabel", [[0.0, math.log(3)]], [[1.0, 1.0]], [half + 0.25**2 * -math.log(0.75)]),
        ("multiclass", [[0.0, 0.0, 0.0]], [2], [(2 / 3) ** 2 * math.log(3)]),
    ):
        one = task(name)
        focused = focal(2.0, one).loss(one.row.loss)
        given = torch.tensor(logits), torch.tensor(target)
        assert focused(*given, "none").tolist() == pytest.approx(wanted, abs=1e-6)
        assert focused(*given).item() == pytest.approx(np.mean(wanted), abs=1e-6)
        plain = focal(0.0, one).loss(one.row.loss)
        assert torch.allclose(plain(*given, "none"), one.row.loss(*given, "none"))


def test_class_weights_need_an_example_of_every_class(task):
    three = task("multiclass")
    with pytest.raises(BadOption, match="class-weights needs a training example of every class"):
        class_weights(0.5, replace(three, info=replace(three.info, counts=(3, 0, 2))))
