import os
import signal
import threading

import pytest

from dl.signals import SecondSignal, StopFlag


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_is_remembered_and_the_second_stops_at_once(number):
    flag = StopFlag()
    with flag.catching():
        os.kill(os.getpid(), number)
        assert flag.received == number
        with pytest.raises(SecondSignal):
            os.kill(os.getpid(), signal.SIGINT)
    assert flag.received == number


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
