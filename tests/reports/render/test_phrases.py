from dataclasses import replace

import pytest

from dl.intervals import Estimate
from dl.runs.manifest import MetricInfo
from dl_reports.render import phrases

NAN = float("nan")
ERROR = MetricInfo("mae", False, 0.0, "mean")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min 0 s"), (3723, "62 min 3 s"), (9000, "2 h 30 min")]
)
def test_a_duration_is_said_in_the_unit_that_suits_it(seconds, said):
    assert phrases.duration(seconds) == said


def test_a_run_that_ended_early_says_how_far_it_came(report):
    assert phrases.state(replace(report.header, status="interrupted", epochs=1)) == "interrupted, 1 of 20 epochs, 42 s"


def test_a_share_and_its_interval_have_the_same_digits():
    assert phrases.share_estimate(Estimate(0.079, 0.066, 0.092)) == "7.9 % [6.6, 9.2]"
    assert phrases.share_estimate(Estimate(0.003, 0.0, 0.0108)) == "0.30 % [0.00, 1.08]"
    assert phrases.share_estimate(Estimate(0.25, NAN, NAN)) == "25.0 %"


def test_an_interval_that_does_not_exist_is_not_said():
    assert phrases.interval(ERROR, Estimate(1.5, NAN, NAN)) == ""
    assert phrases.interval(ERROR, Estimate(1.5, 1.25, 1.75)) == "[1.25, 1.75]"


@pytest.mark.parametrize(
    ("loss", "said"), [(8.25, "8.25"), (-0.001, "0.00"), (50048.0, "50,048"), (float("inf"), "inf")]
)
def test_the_loss_of_an_example_is_short(report, loss, said):
    assert phrases.loss(replace(report.examples[0], loss=loss)) == f"loss {said}"


@pytest.mark.parametrize(
    ("temperature", "gain", "said"),
    [
        (2.0, Estimate(0.2, 0.1, 0.3), "(over-confident)"),
        (0.5, Estimate(0.2, 0.1, 0.3), "(under-confident)"),
        (1.1, Estimate(0.0, -0.1, 0.1), "Rescaling it, with temperature 1.10, has no certain effect."),
    ],
)
def test_calibration_names_the_direction_of_its_error_only_when_that_is_certain(report, temperature, gain, said):
    assert said in phrases.calibration(replace(report.calibration, temperature=temperature, gain=gain))


def test_an_error_of_confidence_that_may_be_none_is_bounded_only(report):
    card = replace(report.calibration, ece_before=Estimate(0.0, 0.0, 0.0426))
    assert phrases.calibration(card).startswith("Its confidence is off by at most 4.3 % on average")


def test_a_baseline_is_named_by_its_constant_answer(report):
    assert [phrases.baseline_name(row) for row in report.ladder] == [
        "always 'seven'",
        "each class at its share",
        "dense",
    ]


def test_a_temperature_that_makes_confidence_worse_is_not_called_a_cure(report):
    card = replace(report.calibration, ece_after=Estimate(0.09, 0.08, 0.1))
    assert "(rescaling helps its loss, not its confidence)" in phrases.calibration(card)
