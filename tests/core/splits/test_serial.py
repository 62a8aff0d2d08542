"""Dated rows that a random split mixes are an issue where the target depends on time, and a note elsewhere."""

import numpy as np
import pytest

from dl.data.examples import Dataset, Examples
from dl.splits.serial import centred, chance_by_permutation, check_dates, correlation_of_neighbours, without_cycles

N = 400


def dated(targets, days=None, groups=None, name="when", times=None):
    days = np.arange(len(targets)) if days is None else days
    rows = np.zeros(len(targets), [(f"{name} (days)", float), ("x", float)])
    rows[f"{name} (days)"] = days
    examples = Examples(rows, np.asarray(targets), np.arange(len(targets)), groups=groups, times=times)
    return check_dates(Dataset("sales", examples))


def severity(*given, **named):
    found = dated(*given, **named)
    return found[0].severity if found else ""


def test_ranks_that_climb_correlate_as_by_hand():
    # ranks 1 to 4, less their mean: -1.5, -0.5, 0.5, 1.5; the products 0.75 - 0.25 + 0.75 over their squares, 5
    share, deviation = correlation_of_neighbours(centred(np.array([3.0, 5.0, 6.0, 99.0])))
    assert (share, deviation) == (pytest.approx(1.25 / 5 + 1 / 4), pytest.approx(1 / 2))


def test_classes_in_two_blocks_correlate_as_by_hand():
    # as 0 and 1 less one half: of five pairs four have the product 1/4, one -1/4, over six squares of 1/4
    values = centred(np.array([0, 0, 0, 1, 1, 1]))
    assert correlation_of_neighbours(values) == (pytest.approx(3 / 6 + 1 / 6), pytest.approx(1 / np.sqrt(6)))
    # of 20 orders two are blocks, and none has a larger correlation
    assert chance_by_permutation(values, [], 3 / 6 + 1 / 6) == pytest.approx(0.1, abs=0.03)


def test_the_mean_of_each_weekday_is_subtracted():
    place = np.arange(140) % 7
    assert np.allclose(without_cycles(place[:, None] - 3.0, [place]), 0)
    assert severity(place + np.random.default_rng(0).normal(0, 1, 140)) == "note"


@pytest.mark.parametrize("seed", range(3))
def test_a_season_a_trend_and_classes_that_drift_are_an_issue_and_the_newest_rows_the_advice(seed):
    rng = np.random.default_rng(seed)
    noise, steps = rng.normal(0, 1, N), np.arange(N) / N
    for targets in (np.sin(20 * steps) + noise, 3 * steps + noise, (2 * steps + noise > 1).astype(int)):
        (found,) = dated(targets)
        assert (found.code, found.severity, found.evidence["column"]) == ("data-dates-mixed", "issue", "when")
        assert found.message.startswith("rows of a later 'when' stand among the training rows, so the score does not")
        assert found.message.endswith("--time-on when")


def test_a_date_of_no_effect_is_a_note_whatever_the_target():
    rng = np.random.default_rng(0)
    kinds = (rng.normal, rng.lognormal, lambda *_: rng.integers(0, 3, N), lambda *_: (rng.random((N, 2)) < 0.1) * 1)
    said = [severity(kind(0, 1, N)) for kind in kinds for _ in range(100)]
    assert set(said) == {"note", "issue"} - ({"issue"} if "issue" not in said else set())
    assert said.count("issue") <= 10  # of 400 at 1 %: more in 3 of 1,000


def test_what_the_rows_of_a_moment_or_a_group_share_counts_by_time_alone():
    rng = np.random.default_rng(1)
    of_group = np.repeat(rng.normal(0, 1, 100), 4)
    groups = np.repeat(np.arange(100), 4)
    assert severity(of_group) == "issue" and severity(of_group, groups=groups) == "note"
    sorted_within = np.tile(np.sort(rng.normal(0, 1, 40)), 10)  # ten days, each in the order of its target
    assert severity(sorted_within, np.repeat(np.arange(10), 40)) == "note"


def test_where_time_is_no_question_nothing_is_said():
    trend = np.arange(float(N))
    assert severity(trend, name="birth_date") == ""
    assert severity(trend, times=np.arange(N)) == ""
    assert severity(trend[:20]) == "" and severity(trend, np.arange(N) // 100) == ""
    assert severity(np.zeros(N)) == "" and severity(np.zeros(N, int)) == ""
