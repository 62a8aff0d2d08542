"""Figures of a report: baselines, scores at the best epoch, curves and the calibration card."""

import math

import pytest

from dl_reports.build import build_report
from dl_reports.facts import Facts
from dl_reports.figures import best_epoch_scores, calibration_card, curves, ladder
from dl_reports.read import read
from dl_reports.statistics import NotComputable

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}
OVERFIT = {
    "sharpness": [0.5, 0.8, 1.0, 1.3, 1.6, 2.0, 2.4, 2.8],
    "signal": [3.5] * 8,
    "probe_signal": [3.5, 3.7, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5],
}


@pytest.fixture
def facts(simulated, plugins):
    return lambda **fit: Facts(read(simulated(**fit)), plugins)


def test_the_ladder_has_the_network_above_the_baselines(simulated):
    report = build_report(simulated(**HEALTHY))
    assert report.ladder[-1].ours
    assert report.ladder[-1].score.low < report.ladder[-1].score.value < report.ladder[-1].score.high


def test_baselines_stand_from_worst_to_best_with_their_constant_answers(facts):
    rows = ladder(facts(**HEALTHY))
    assert [row.name for row in rows] == ["majority", "prior", "dense"]
    assert [row.answer for row in rows] == ["always '0'", "each class at its share", ""]
    assert [row.score.value for row in rows[:2]] == [0.1, 0.1]


def test_the_gap_is_the_probe_less_validation_where_more_is_better(facts):
    scores = best_epoch_scores(facts(**HEALTHY))
    assert scores.gap.value == pytest.approx(scores.probe.value - scores.val.value)
    assert scores.corrected.value <= scores.val.value


def test_bands_hold_their_curves(simulated):
    curves = build_report(simulated(**HEALTHY)).curves
    for curve in (*curves.loss, *curves.metric):
        for low, value, high in zip(curve.low, curve.values, curve.high, strict=True):
            assert math.isnan(low) or low <= value <= high


def test_the_best_epoch_and_the_least_loss_are_found_in_the_history(facts):
    found = facts(**OVERFIT)
    drawn = curves(found)
    assert drawn.epochs == (1, 2, 3, 4, 5, 6, 7, 8) and [one.part for one in drawn.loss] == ["train", "probe", "val"]
    losses = found.column("val_loss")
    assert drawn.least_loss == 1 + losses.index(min(losses))


def test_calibration_intervals_hold_their_values(simulated):
    card = build_report(simulated(**{**OVERFIT, "sharpness": [3.0] * 8})).calibration
    for one in (card.ece_before, card.ece_after, card.nll_before, card.nll_after, card.gain):
        assert one.low <= one.value <= one.high
    assert card.temperature > 1
    assert sum(one.count for one in card.bins) == 1000


def test_without_a_finished_epoch_there_is_nothing_to_draw(facts):
    empty = facts(signal=[])
    assert ladder(empty) == () and best_epoch_scores(empty) is None and curves(empty) is None
    assert isinstance(calibration_card(empty), NotComputable)
