"""A limit of time: how it is typed, and that work ends at it as at Ctrl-C."""

import signal
import time

import pytest

from dl.errors import BadOption
from dl.limits import as_clock, cut_short, ending_after, is_time_up, parse_time, why_stopped


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20m", 1200), ("1h30m", 5400), ("90s", 90), ("2h", 7200), ("1h1m1s", 3661), ("01:00:01:05", 86_465)],
)
def test_a_time_is_hours_minutes_and_seconds(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize("text", ["20", "m", "0s", "1.5h", "30m1h", "-5m", "soon", "٣m"])
def test_what_is_no_time_is_one_line(text):
    with pytest.raises(BadOption, match="expected a time such as 20m, 1h30m or 90s"):
        parse_time(text)


def test_a_time_is_rounded_to_seconds_for_the_trainer():
    assert [as_clock(seconds) for seconds in (0.2, 61, 90_061)] == ["00:00:00:01", "00:00:01:01", "01:01:01:01"]


@pytest.fixture(params=[signal.default_int_handler, signal.SIG_IGN], ids=["heard", "ignored, as under nohup"])
def handler(request):
    """What Ctrl-C does."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


def test_at_the_limit_the_process_is_interrupted_and_told_why(handler, monkeypatch, capsys):
    monkeypatch.setattr("dl.limits.parse_time", lambda text: 0.02)
    with ending_after("1s") as limit:
        assert (is_time_up(), why_stopped(), limit.code_of(signal.SIGINT)) == (False, "stopped by a signal", 130)
        with cut_short():
            time.sleep(5)
        assert (is_time_up(), why_stopped()) == (True, "the time was up")
    assert capsys.readouterr().err == "  --max-time 1s is over\n"
    assert signal.getsignal(signal.SIGINT) == handler
    assert limit.code_of(signal.SIGINT) == 0
    assert not is_time_up()


def test_work_that_has_nothing_to_show_at_the_limit_is_refused(handler, monkeypatch):
    monkeypatch.setattr("dl.limits.parse_time", lambda text: 0.02)
    why = "--max-time 1s: the time was up before there was anything to show; give it more"
    with pytest.raises(BadOption, match=why), ending_after("1s"):
        time.sleep(5)


def test_ctrl_c_before_the_limit_passes_through():
    with pytest.raises(KeyboardInterrupt), ending_after("1h"), cut_short():
        raise KeyboardInterrupt


def test_before_the_limit_what_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with ending_after("1h"):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_work_that_ends_before_is_left_alone(monkeypatch):
    monkeypatch.setattr("dl.limits.parse_time", lambda text: 0.02)
    with ending_after("1s"):
        pass
    with ending_after(""):
        time.sleep(0.05)
