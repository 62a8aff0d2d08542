import math

import numpy as np
import pytest

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.calibration import binary_calibration, calibration, calibration_error


def calibrated(rng, n, classes=3):
    """Logits and the targets they promise."""
    logits = 2 * rng.standard_normal((n, classes))
    return logits, (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)


def test_a_network_twice_too_sure_gets_a_temperature_of_two(rng):
    logits, targets = calibrated(rng, 20_000)
    found = calibration(2 * logits, targets)
    assert found.temperature == pytest.approx(2, rel=0.05)
    assert found.over_confident
    assert found.nll_after < found.nll_before
    assert found.after.error < 0.02 < found.before.error


def test_one_label_is_two_classes(rng):
    logits, targets = calibrated(rng, 2000, classes=2)
    wide, narrow = calibration(3 * logits, targets), binary_calibration(3 * (logits[:, 1] - logits[:, 0]), targets)
    assert narrow.temperature == pytest.approx(wide.temperature, rel=1e-5)
    assert narrow.nll_before == pytest.approx(wide.nll_before)
    assert narrow.nll_after == pytest.approx(wide.nll_after)


def test_many_labels_sum_their_likelihood(rng):
    logits = 2 * rng.standard_normal((500, 4))
    targets = (rng.random((500, 4)) < 1 / (1 + np.exp(-logits))).astype(int)
    assert binary_calibration(0 * logits, targets).nll_before == pytest.approx(4 * math.log(2))


def test_a_calibrated_network_is_called_over_confident_at_most_at_the_level(rng, holds_level, draws):
    alarms = sum(calibration(*calibrated(rng, 200), seed=draw).over_confident for draw in range(draws))
    assert holds_level(alarms, draws, 0.025)


def test_the_calibration_error_of_a_constant_confidence_is_its_distance():
    found = calibration_error(np.full(1500, 0.9), np.arange(1500) % 2 == 0)
    assert found.raw == pytest.approx(0.4)
    assert found.by_chance == pytest.approx(math.sqrt(2 / math.pi * 0.09 / 100))
    assert found.error == pytest.approx(math.sqrt(found.raw**2 - found.by_chance**2))


def test_the_part_of_chance_is_what_calibrated_networks_show(rng):
    sure = rng.uniform(0.5, 1, 1000)
    found = [calibration_error(sure, rng.random(1000) < sure) for _ in range(2000)]
    assert found[0].by_chance == pytest.approx(np.mean([f.raw for f in found]), rel=0.02)


def test_the_corrected_error_is_near_the_true_one(rng):
    found = [calibration_error(np.full(600, 0.9), rng.random(600) < 0.8) for _ in range(500)]
    assert np.mean([f.error for f in found]) == pytest.approx(0.1, abs=0.01)
    sure = rng.uniform(0.5, 1, 600)
    calm = [calibration_error(sure, rng.random(600) < sure) for _ in range(500)]
    assert np.mean([f.error for f in calm]) < 0.4 * np.mean([f.raw for f in calm])


def test_a_perfect_network_is_not_pushed_past_the_coldest_temperature():
    logits = np.eye(3)[np.arange(60) % 3] * 9
    assert calibration(logits, np.arange(60) % 3).temperature == pytest.approx(0.05, rel=1e-3)


def test_half_precision_logits_at_their_limit_are_judged():
    logits = np.full((60, 2), 65504, dtype=np.float16)
    logits[::2] = [-65504, 65504]
    found = calibration(logits, np.arange(60) % 2)
    assert isinstance(found, NotComputable) or math.isfinite(found.nll_before)


def test_one_class_in_validation_is_no_obstacle(rng):
    found = calibration(rng.standard_normal((100, 4)), np.zeros(100, dtype=int))
    assert math.isfinite(found.temperature)


@pytest.mark.parametrize(
    ("logits", "targets", "reason"),
    [
        (np.zeros((5, 3)), np.zeros(5, int), "found 5"),
        (np.full((100, 3), np.nan), np.zeros(100, int), "not finite"),
        (np.zeros((100, 1)), np.zeros(100, int), "two classes"),
        (np.zeros((100, 3)), np.zeros(99, int), "99 targets"),
        (np.zeros((100, 3)), np.full(100, 3), "outside 0..2"),
    ],
)
def test_what_cannot_be_calibrated_is_said(logits, targets, reason):
    assert reason in calibration(logits, targets).reason


def test_confidences_that_are_nan_are_said():
    assert isinstance(calibration_error(np.full(50, np.nan), np.ones(50)), NotComputable)


def test_groups_are_not_cut_by_the_halves_and_their_examples_count_once(rng):
    logits, targets = calibrated(rng, 400)
    numbers = np.repeat(np.arange(400), 5)
    once, many = (
        calibration(2 * logits, targets),
        calibration(2 * logits[numbers], targets[numbers], groups=Groups(numbers)),
    )
    assert many.gain.n == once.gain.n == 200 and many.gain.se == pytest.approx(once.gain.se, rel=0.4)
    assert many.before.inflation == pytest.approx(5, rel=0.05)
    assert many.before.by_chance == pytest.approx(once.before.by_chance, rel=0.2)


def test_eleven_groups_are_too_few_for_two_halves(rng):
    found = calibration(*calibrated(rng, 220), groups=Groups(np.arange(220) // 20))
    assert found == NotComputable("it takes 12 groups or more; found 11")
