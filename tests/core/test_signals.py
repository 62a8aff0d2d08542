import os
import signal
import subprocess
import sys
import threading
from subprocess import PIPE

import pytest

from dl.signals import Interrupted, SecondSignal, StopFlag, signal_of


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


def test_what_a_flag_around_another_has_received_the_inner_one_has_received_too():
    outer, inner = StopFlag(), StopFlag()
    with outer.catching():
        os.kill(os.getpid(), signal.SIGTERM)
        with inner.catching():
            assert inner.received == signal.SIGTERM


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


RAISED = """
import os, signal, sys
from dl.signals import raise_all, signal_of
raise_all()
if sys.argv[1] == "forked" and (child := os.fork()):
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    sys.exit()
try:
    os.kill(os.getpid(), signal.SIGTERM)
except KeyboardInterrupt as error:
    print(signal_of(error))
"""


@pytest.mark.parametrize(("process", "told"), [("itself", "15"), ("forked", "-15")])
def test_outside_of_a_fit_sigterm_is_raised_like_ctrl_c_and_ends_a_forked_process_as_ever(process, told):
    done = subprocess.run([sys.executable, "-c", RAISED, process], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"{told}\n", "")


def test_the_signal_behind_an_error_is_known():
    assert [signal_of(one) for one in (Interrupted(15), SecondSignal(1), KeyboardInterrupt(), KeyError())] == [
        15,
        1,
        2,
        0,
    ]
    try:
        try:
            raise Interrupted(signal.SIGTERM)
        except KeyboardInterrupt:
            sys.exit(1)  # as Lightning does
    except SystemExit as error:
        assert signal_of(error) == signal.SIGTERM
