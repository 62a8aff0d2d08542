"""Calls in a thread of their own: in order, never waited for, dropped where the queue is full."""

import threading
import time

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
