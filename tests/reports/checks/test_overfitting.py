"""Overfitting: rises of loss and metric, over-confidence, and epochs that were wasted."""

from dl_reports.checks.overfitting import over_confident, overfit_loss, overfit_metric, stopped_too_late

SHARPER = {"sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8], "signal": [3.5] * 8}
LEARNT = [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5]
FALLS = {"signal": [2.0, 3.0, 3.5, 3.0, 2.5, 2.0], "probe_signal": [2.0, 3.0, 4.0, 5.0, 6.0, 7.0]}


def test_a_growing_sharpness_overfits_in_loss_and_not_in_accuracy(finding):
    found = finding(overfit_loss, **SHARPER, probe_signal=LEARNT)
    assert found.severity == "issue" and found.evidence["worse"] > 0
    assert found.evidence["best_epoch"] < found.evidence["onset_epoch"] <= found.evidence["last_epoch"] == 8
    assert finding(overfit_metric, **SHARPER, probe_signal=LEARNT) is None


def test_a_falling_signal_overfits_in_accuracy(finding):
    found = finding(overfit_metric, **FALLS)
    assert found.severity == "issue" and found.message.startswith("validation accuracy falls from ")
    assert found.evidence["best_epoch"] == 3


def test_what_gets_worse_on_training_examples_as_well_is_no_overfitting(finding):
    assert finding(overfit_metric, signal=FALLS["signal"]) is None


def test_a_growing_sharpness_is_over_confidence_with_a_temperature_above_one(finding):
    found = finding(over_confident, **SHARPER, probe_signal=LEARNT)
    assert found.severity == "tip" and "loss_best" in found.evidence
    sharp = finding(over_confident, signal=[3.5] * 3, sharpness=[4.0] * 3, n=2000)
    assert sharp.evidence["temperature"] > 1 and sharp.evidence["gain"] > 0


def test_epochs_after_the_best_loss_are_counted(finding):
    found = finding(stopped_too_late, **FALLS)
    assert found.severity == "note" and found.evidence["epochs"] == 6
    assert found.evidence["wasted"] == 6 - found.evidence["best"]
