import os
import signal
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from dl.signals import SecondSignal, StopFlag


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_remembered_and_the_second_stops_at_once(number):
    flag, before = StopFlag(), signal.signal(number, signal.SIG_DFL)  # which nohup changes
    try:
        with flag.catching():
            os.kill(os.getpid(), number)
            assert flag.received == number
            with pytest.raises(SecondSignal):
                os.kill(os.getpid(), signal.SIGINT)
        assert flag.received == number
    finally:
        signal.signal(number, before)


def test_the_handlers_are_given_back_whatever_happens():
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with pytest.raises(KeyError), StopFlag().catching():
        raise KeyError
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_being_stopped_at_once_is_nothing_that_an_except_clause_swallows():
    assert not issubclass(SecondSignal, Exception)


def test_beside_the_main_thread_nothing_is_caught():
    said = []

    def look():
        with StopFlag().catching():
            said.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert said == [signal.getsignal(signal.SIGINT)]


def test_a_hang_up_that_is_ignored_as_by_nohup_stays_so():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        flag = StopFlag()
        with flag.catching():
            os.kill(os.getpid(), signal.SIGHUP)
        assert flag.received is None and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("begin", ["exit_at_once()", "end_with_stdin()"])
def test_before_a_fit_a_signal_and_the_end_of_the_one_that_watches_end_a_process(begin):
    source = f"from dl.signals import *; import time; {begin}; print('on', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", source], stdin=PIPE, stdout=PIPE) as process:
        process.stdout.readline()
        process.stdin.close() if "stdin" in begin else process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == (1 if "stdin" in begin else 143)
