"""The lines of long work, on a terminal and elsewhere."""

import io

import pytest
from rich.console import Console

from dl import work
from dl.terminal import console, sharing_progress
from dl.work import Progress, Work
from dl.work_display import WorkDisplay, describe


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("decoding", 12_300, 60_000, 400.0, 40.2), "  decoding    12,300 of 60,000, 40 s left"),
        (Progress("trials", 3, 0, 0.1, None), "  trials      3"),
        (Progress("tracing", 0, 0, 0.0, None), "  tracing"),
        (Progress("reading", 3 * 2**20, 10 * 2**20, 2**20, 7.0), "  reading     3 of 10 MiB, 7.0 s left"),
        (Progress("folds", 1, 4, 0.01, 8_000.0), "  folds       1 of 4, 2 h 13 min left"),
    ],
)
def test_a_line_holds_what_is_done_and_what_is_left(progress, line):
    assert describe(progress) == line


def test_without_a_terminal_there_are_few_lines_and_ever_fewer(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(work.time, "monotonic", lambda: clock[0])
    out = io.StringIO()
    display, one = WorkDisplay(Console(file=out, width=80), lambda: clock[0]), Work("decoding", 600)
    for _ in range(100):
        clock[0] += 1.0
        one.advance()
        display.update([one])
    lines = out.getvalue().splitlines()
    assert lines[0] == "  decoding    10 of 600, 10 min left"
    assert [int(line.split()[1]) for line in lines] == [10, 15, 23, 35, 53, 80]


def test_on_a_terminal_a_line_appears_after_a_while_and_leaves_nothing():
    out = io.StringIO()
    display = WorkDisplay(Console(file=out, width=80, force_terminal=True, color_system=None), lambda: clock[0])
    clock = [0.0]
    one = Work("decoding", 600)
    clock[0] = one.began + 0.1
    display.update([one])
    assert out.getvalue() == ""
    clock[0] = one.began + 1.0
    display.update([one])
    display.update([])
    assert "decoding" in out.getvalue() and out.getvalue().endswith("\x1b[2K")


def test_what_tells_nothing_until_its_end_is_shown_at_once_by_its_name():
    out = io.StringIO()
    display = WorkDisplay(Console(file=out, width=80, force_terminal=True), lambda: 0.0)
    with work.listening(display.update):
        with work.doing("tracing"):
            assert "  tracing" in out.getvalue() and "0" not in out.getvalue().split("tracing")[1].split("\x1b")[0]
        assert display._live is None


def test_all_that_is_for_progress_goes_to_one_console_meanwhile():
    with sharing_progress() as shared:
        assert console(stderr=True) is shared and console() is not shared
    assert console(stderr=True) is not shared
