"""The five published histories whose verdicts are known, through the unpaired forms."""

import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.agreement import Agreement
from dl_reports.statistics.gap import accuracy_gap
from dl_reports.statistics.power import smallest_unpaired_accuracy
from dl_reports.statistics.published import unpaired_accuracy_fall, unpaired_loss_rise


def judge(loss, accuracy, n, epochs, loss_best, accuracy_best):
    rise, fall = unpaired_loss_rise(*loss, n, epochs), unpaired_accuracy_fall(*accuracy, n, epochs)
    return Agreement(rise.worsens, fall.worsens, loss_best, accuracy_best)


def test_imdb_dense_overfits_in_loss_and_accuracy():
    verdict = judge((0.2735, 0.6796), (0.8908, 0.8683), 10_000, 20, 4, 3)
    assert verdict.overfits_both
    assert not verdict.over_confident


def test_reuters_dense_overfits_in_loss_and_its_accuracy_is_not_distinguishable():
    verdict = judge((0.8835, 1.0707), (0.815, 0.804), 1_000, 20, 9, 10)
    assert verdict.loss_rises
    assert not verdict.metric_falls
    assert not verdict.apart
    assert smallest_unpaired_accuracy(0.815, 1_000, 1_000).difference > 0.815 - 0.804  # and could not have been


def test_imdb_lstm_disagrees_on_the_best_epoch():
    verdict = judge((0.302, 0.397), (0.8928, 0.8758), 5_000, 10, 2, 8)
    assert verdict.apart
    assert verdict.over_confident
    assert not verdict.overfits_both


def test_cats_and_dogs_memorizes_over_confidently_at_flat_accuracy():
    verdict = judge((0.5508, 1.0139), (0.731, 0.724), 1_000, 30, 10, 28)
    assert verdict.loss_rises
    assert not verdict.metric_falls
    assert verdict.over_confident


def test_mnist_dense_has_a_small_but_certain_gap():
    gap = accuracy_gap(0.9890 * 60_000, 60_000, 0.9777 * 10_000, 10_000)
    assert gap.certain
    assert 100 * gap.gap == pytest.approx(1.13)
    assert 7 < gap.z < 8


def test_the_loss_verdicts_stand_when_the_spread_is_half_as_large_again():
    for best, last, n, epochs in [
        (0.2735, 0.6796, 10_000, 20),
        (0.8835, 1.0707, 1_000, 20),
        (0.302, 0.397, 5_000, 10),
        (0.5508, 1.0139, 1_000, 30),
    ]:
        assert unpaired_loss_rise(best, last, n, epochs, 1.5 * best, 1.5 * last).worsens


def test_the_form_used_is_said():
    assert "assumed" in unpaired_loss_rise(0.3, 0.4, 1000, 10).form
    assert "as given" in unpaired_loss_rise(0.3, 0.4, 1000, 10, 0.5, 0.6).form
    assert "Newcombe" in unpaired_accuracy_fall(0.8, 0.7, 1000, 10).form


def test_the_best_of_epochs_of_equal_truth_is_not_held_against_the_last(rng, holds_level):
    accuracies = rng.binomial(1000, 0.8, (2000, 20)) / 1000
    alarms = sum(unpaired_accuracy_fall(row.max(), row[-1], 1000, 20).worsens for row in accuracies)
    assert holds_level(alarms, 2000, 0.05)
    losses = rng.gamma(1000, 0.5 / 1000, (2000, 20))  # means of 1,000 exponential losses
    alarms = sum(unpaired_loss_rise(row.min(), row[-1], 1000, 20).worsens for row in losses)
    assert holds_level(alarms, 2000, 0.05)


def test_what_is_no_history_is_said():
    assert isinstance(unpaired_loss_rise(float("nan"), 1.0, 100, 5), NotComputable)
    assert isinstance(unpaired_loss_rise(1.0, 1.0, 100, 1), NotComputable)
    assert isinstance(unpaired_accuracy_fall(89.0, 87.0, 100, 5), NotComputable)
