"""What there is once in a process is put back as it was, and what was changed is named."""

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dl.plugins.process_state import GLOBAL_STATES, ProcessSnapshot, no_exit


@pytest.fixture(autouse=True)
def here(monkeypatch, tmp_path):
    """A folder and a variable of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEPT", "as it was")


CHANGES = {
    "the working directory": lambda: os.chdir("/"),
    "variables of the environment": lambda: os.environ.update(KEPT="otherwise", DL_NEW="1"),
    "the search path": lambda: sys.path.pop(),
    "the mask of new files": lambda: os.umask(0o777),
    "handlers of signals": lambda: signal.signal(signal.SIGTERM, signal.SIG_IGN),
    "the timer": lambda: signal.setitimer(signal.ITIMER_REAL, 600),
    "the root of logging": lambda: (logging.disable(50), logging.root.addHandler(logging.NullHandler())),
    "hooks of sys": lambda: setattr(sys, "excepthook", print),
    "the limit of recursion": lambda: sys.setrecursionlimit(sys.getrecursionlimit() + 100),
}


def test_each_thing_that_belongs_to_the_process_is_tried():
    assert list(CHANGES) == [one.name for one in GLOBAL_STATES]


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_changed_is_named_and_is_as_before(name):
    snapshot, before = ProcessSnapshot(), [one.read() for one in GLOBAL_STATES]
    CHANGES[name]()
    assert snapshot.restore() == [name]
    assert [one.read() for one in GLOBAL_STATES] == before
    assert snapshot.restore() == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(list(CHANGES))))
def test_any_set_of_changes_is_restore_at_once(names):
    snapshot, before = ProcessSnapshot(), [one.read() for one in GLOBAL_STATES]
    for name in names:
        CHANGES[name]()
    assert set(snapshot.restore()) == names
    assert [one.read() for one in GLOBAL_STATES] == before


def test_a_variable_or_a_folder_to_search_may_be_added_but_no_variable_of_dl(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "path", [*sys.path])
    snapshot = ProcessSnapshot()
    monkeypatch.setenv("ADDED", "1")
    sys.path.insert(0, str(tmp_path))
    assert snapshot.restore() == [] and os.environ["ADDED"] == "1" and sys.path[0] == str(tmp_path)
    os.environ["DL_ADDED"] = "1"
    assert snapshot.restore() == ["variables of the environment"]
    assert "DL_ADDED" not in os.environ and os.environ["ADDED"] == "1"


def test_a_folder_that_is_gone_is_no_error(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    snapshot = ProcessSnapshot()
    os.chdir(tmp_path)
    (tmp_path / "gone").rmdir()
    assert snapshot.restore() == ["the working directory"] and Path.cwd() == tmp_path


def test_a_thread_that_runs_on_is_named():
    snapshot = ProcessSnapshot()
    done = threading.Event()
    thread = threading.Thread(target=done.wait, name="left")
    thread.start()
    assert snapshot.new_threads() == ["left"]
    done.set()
    thread.join()
    assert snapshot.new_threads() == []


def test_leaving_at_once_is_an_exit_like_any_other_and_only_inside():
    leave = os._exit
    with pytest.raises(SystemExit) as caught, no_exit():
        os._exit(7)
    assert caught.value.code == 7 and os._exit is leave


def test_a_fork_ends_where_the_code_inside_ends():
    with no_exit():
        child = os.fork()
    _, status = os.waitpid(child, 0)  # the child has not come out: it would have run the rest of these tests
    assert os.waitstatus_to_exitcode(status) == 0
