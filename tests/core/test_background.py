"""Calls in a thread of their own: in order, never waited for, dropped where the queue is full."""

import subprocess
import sys
import threading
import time

import pytest

from dl.background import Background, is_abandoned


def test_calls_are_made_in_order_in_another_thread():
    made, thread = [], Background("test")
    for number in range(5):
        thread.call(lambda number=number: made.append((number, threading.current_thread().name)))
    assert thread.close(5.0) and made == [(number, "dl test") for number in range(5)]


def test_a_call_that_blocks_holds_up_nobody_and_what_finds_the_queue_full_is_dropped(monkeypatch):
    monkeypatch.setattr("dl.background._abandoned", [])
    freed, thread, began = threading.Event(), Background("test", most=2), time.monotonic()
    for _ in range(5):
        thread.call(freed.wait)
        while thread.blocked_for() == 0.0:  # the first one runs, so that two wait and two are dropped
            time.sleep(0.001)
    assert thread.dropped == 2 and not is_abandoned()
    assert not thread.close(0.01) and is_abandoned()
    assert 0 < thread.blocked_for() <= time.monotonic() - began
    freed.set()


def test_nothing_is_called_after_a_failure():
    made, thread = [], Background("test")
    thread.call(lambda: 1 / 0)
    thread.call(lambda: made.append(1))
    assert thread.close(5.0) and isinstance(thread.error, ZeroDivisionError) and made == []
    thread.call(lambda: made.append(2))
    assert thread.dropped == 1 and made == []


def test_a_thread_with_a_pace_computes_for_no_larger_share_of_the_time_until_it_is_waited_for():
    def compute():
        until = time.thread_time() + 0.002
        while time.thread_time() < until:
            pass
        made.append(time.monotonic())

    made, thread = [], Background("test")
    thread.pace(0.1)
    began = time.monotonic()
    for _ in range(12):
        thread.call(compute)
    while len(made) < 4:
        time.sleep(0.001)
    assert all(at - began >= 0.02 * number for number, at in enumerate(made))
    assert thread.close(60.0) and len(made) == 12


HANGING_AT_EXIT = """
import sys, threading, time
import dl.background
from dl.cli.main import main
dl.background.LEAVING = 0.05
dl.background.Background("logger x").close(5.0)
threading.Thread(target=time.sleep, args=(3600,)).start()
main(["--version"])
"""


def test_the_program_ends_though_a_tracker_has_left_a_thread_behind():
    ended = subprocess.run([sys.executable, "-c", HANGING_AT_EXIT], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0 and ended.stdout.startswith("dl ")
    assert ended.stderr == "dl: what logger x left behind is given up after 0 s\n"


LEAVING = """
import atexit, sys, threading, time
from dl import background
background.LEAVING = 0.05
thread = background.Background("logger slow")
thread.call(int)
thread.close(1.0)
background.leave_soon(3)
time.sleep(0.2)
print("still here", flush=True)
{left}
sys.exit(3)
"""
LEFT = {
    "nothing": ("", ""),
    "a thread": ("threading.Thread(target=time.sleep, args=(600,)).start()", "left behind is given up"),
    "a function at exit": ("atexit.register(time.sleep, 600)", "left behind is given up"),
}


@pytest.mark.parametrize("left", LEFT)
def test_what_was_left_behind_holds_up_the_end_of_a_program_for_a_moment_and_never_ends_it_before(left):
    code, words = LEFT[left]
    ended = subprocess.run([sys.executable, "-c", LEAVING.format(left=code)], capture_output=True, text=True)
    assert ended.returncode == 3 and ended.stdout == "still here\n"
    assert (words in ended.stderr) if words else ended.stderr == ""
