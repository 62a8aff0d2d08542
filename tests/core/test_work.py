"""The time left is right within a fifth after a tenth of the work, whatever the pace; loops report in one line."""

import random
from itertools import accumulate

import pytest

from dl import work
from dl.work import Meter, Work, doing, listening, over, reported

STEADY = [1.0] * 1000
STARTS_SLOWLY = [20.0] * 10 + [1.0] * 990  # the first hundredth takes a sixth of all the time
DRIFTS = [1.0 + 0.3 * k / 1000 for k in range(1000)]
SPEEDS_UP = list(reversed(DRIFTS))
ONE_STALL = [60.0 if k == 50 else 1.0 for k in range(1000)]
SAVES = [11.0 if k % 20 == 19 else 1.0 for k in range(1000)]  # every twentieth unit ends with a save


def noisy():
    draw = random.Random(0)
    return [draw.lognormvariate(0.0, 0.8) for _ in range(1000)]


@pytest.mark.parametrize(
    "durations", [STEADY, STARTS_SLOWLY, DRIFTS, SPEEDS_UP, ONE_STALL, SAVES, noisy(), [3.0] * 10, [1.0] * 100_000]
)
def test_the_time_left_is_right_within_a_fifth_after_a_tenth(durations):
    ends = list(accumulate(durations))
    meter, tenth = Meter(100.0), len(durations) // 10
    for done in range(1, tenth + 1):
        meter.add(done, 100.0 + ends[done - 1])
    truth = ends[-1] - ends[tenth - 1]
    assert meter.left(len(durations), 100.0 + ends[tenth - 1]) == pytest.approx(truth, rel=0.2)


def test_nothing_is_known_before_the_first_unit_and_nothing_is_left_after_the_last():
    meter = Meter(0.0)
    assert meter.left(4, 9.0) is None and meter.pace() == 0.0
    meter.add(1, 10.0)
    assert meter.left(4, 10.0) == 30.0
    assert meter.left(4, 16.0) == 24.0  # the second unit has used six seconds of its ten
    assert meter.left(4, 99.0) == 20.0  # and cannot have used more than all of them
    meter.add(4, 40.0)
    assert meter.left(4, 40.0) == 0.0


def test_work_that_goes_on_counts_what_it_does_itself():
    meter = Meter(0.0, done=50)
    meter.add(60, 10.0)
    assert meter.left(100, 10.0) == pytest.approx(40.0)


def test_a_loop_reports_its_work_and_nothing_is_left_under_way(monkeypatch):
    monkeypatch.setattr(work, "EVERY", 0.0)
    seen = []
    with listening(lambda under_way: seen.append([(one.name, one.done, one.total) for one in under_way])):
        with doing("folds", 2) as folds:
            for _ in over("ab", "decoding"):
                pass
            folds.advance()
        assert list(reported(iter("x"), "trials", 5)) == ["x"]
    assert seen == [
        [("folds", 0.0, 2), ("decoding", 1.0, 2)],
        [("folds", 0.0, 2), ("decoding", 2.0, 2)],
        [("folds", 0.0, 2)],
        [("folds", 1.0, 2)],
        [],
        [("trials", 1.0, 5)],
        [],
    ]


def test_progress_is_one_value(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(work.time, "monotonic", lambda: clock[0])
    one = Work("decoding", 100)
    for done in range(1, 11):
        clock[0] += 2.0
        one.advance()
        assert one.done == done
    assert one.progress() == work.Progress("decoding", 10.0, 100, 0.5, 180.0)
