"""What is printed inside is kept, the streams are as before, and a real Ctrl-C is told from a plugin's own."""

import os
import signal
import subprocess
import sys

import pytest

from dl.plugins.capture import capture_output, tracking_interrupts
from dl.plugins.loading import inspect_plugins
from dl.signals import Interrupted, interrupt


def test_stdout_and_stderr_are_as_before_whatever_a_plugin_does(site, good, capfd):
    site.add("rude", good("x", first="import sys\nsys.stdout = sys.stderr = None"))
    site.add("ruder", good("y", first="import sys, os\nsys.stderr.close(); os.close(1)"))
    load = inspect_plugins()
    print("still here")
    assert capfd.readouterr().out == "still here\n"
    assert {("vision", "x"), ("vision", "y")} <= set(load.datasets)


def test_where_interrupts_are_ignored_one_that_a_plugin_raises_is_its_own(site, good):
    """A shell that starts a program in the background has it ignore Ctrl-C."""
    site.add("interrupts", "raise KeyboardInterrupt")
    site.add("after", good("after"))
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from dl.plugins.loading import inspect_plugins;"
        "states = {state.name: state for state in inspect_plugins().states};"
        "print(states['interrupts'].state, states['after'].state)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "failed ok\n"


def test_what_is_printed_by_python_to_the_descriptor_and_by_a_child_is_kept_in_order(capfd):
    with capture_output() as output:
        print("python")
        print("errors", file=sys.stderr)
        os.write(1, b"raw\n")
        subprocess.run([sys.executable, "-c", "print('child')"], check=True)
        assert output.read_new() == "python\nerrors\nraw\nchild\n"
        assert output.read_new() == ""
        print("more")
        assert output.read_new() == "more\n"
    assert capfd.readouterr() == ("", "")


def test_the_streams_are_those_of_before_even_where_the_code_inside_fails():
    before = sys.stdout, sys.stderr
    with pytest.raises(ZeroDivisionError), capture_output() as output:
        assert sys.stdout is sys.stderr is not before[0] and output.stderr is before[1]
        sys.stdout.close()
        output.install()
        print("after it was closed")
        assert output.read_new() == "after it was closed\n"
        1 / 0  # noqa: B018
    assert (sys.stdout, sys.stderr) == before


@pytest.fixture
def taking_interrupts():
    """Ctrl-C raises, as in a program that a person has started; what took it before takes it again."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_real_interrupt_is_remembered_though_it_was_swallowed(taking_interrupts):
    with tracking_interrupts() as interrupts:
        assert not interrupts.real
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert interrupts.real
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_sigterm_that_is_raised_is_remembered_as_well(taking_interrupts):
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        with tracking_interrupts() as interrupts:
            with pytest.raises(Interrupted):
                signal.raise_signal(signal.SIGTERM)
            with pytest.raises(Interrupted):
                interrupts.check()
        assert signal.getsignal(signal.SIGTERM) is interrupt
    finally:
        signal.signal(signal.SIGTERM, before)


def test_an_interrupt_that_was_only_raised_is_not_real(taking_interrupts):
    with tracking_interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            raise KeyboardInterrupt
        interrupts.check()
        assert not interrupts.real


def test_where_somebody_else_takes_interrupts_each_counts_as_real(taking_interrupts):
    signal.signal(signal.SIGINT, lambda *_: None)
    handler = signal.getsignal(signal.SIGINT)
    with tracking_interrupts() as interrupts:
        assert interrupts.real and signal.getsignal(signal.SIGINT) is handler
