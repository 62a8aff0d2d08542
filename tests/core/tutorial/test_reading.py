"""What results say, read from the files of simulated runs."""

from dataclasses import replace

import pytest

from dl.tutorial import reading


def read(standing, lesson):
    run = standing.progress.runs[lesson]
    function = {"fit": reading.read_small, "overfit": reading.read_large, "regularize": reading.read_regularized}[
        lesson
    ]
    return " ".join(function(replace(standing, run=run)))


def test_the_small_fit_is_read_on_both_sides_and_by_its_skill(standing):
    said = read(standing, "fit")
    assert said.startswith("Training 68.30 %, validation 65.70 %.") and "Skill: better than always" in said
    assert "underfits" in said


def test_the_large_fit_has_turned(standing):
    said = read(standing, "overfit")
    assert "was best at epoch 2 (" in said and "certainly worse: the border to overfitting is crossed" in said


def test_the_remedy_is_read_by_its_gap(standing):
    said = read(standing, "regularize")
    assert "The gap between training and validation was" in said and "It remembers less." in said


def test_the_best_on_validation_is_chosen_and_compared(standing):
    assert reading.chosen(standing).lesson == "regularize"
    first, second = reading.read_compared(standing)
    assert first.startswith("In one sentence: ") and "is run 3, of the step 'regularize'" in second


def test_what_follows_names_the_run_of_this_tutorial(standing):
    lines = reading.read_next(standing)
    assert any(line.startswith("dl report 2 ") for line in lines) and lines[0].startswith("dl fit mnist ")
    assert max(map(len, lines)) <= 76


def test_without_a_test_set_it_says_how_to_get_one(standing):
    assert "has no test set" in reading.read_tested(standing)[0]


@pytest.mark.check
def test_the_data_and_its_ladder_are_asked(standing, tmp_path):
    at = replace(standing, course=replace(standing.course, data="wine"), folder=tmp_path)
    assert "Answering always 'class_1' would be right 38 % of the time." in reading.read_look(at)[0]
    assert reading.has_test(at) and "always 'class_1', gets 37.93 % in accuracy" in reading.read_baseline(at)[0]
