"""The walk through the lessons: where it goes on, waits and ends."""

from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from dl.errors import BadOption
from dl.tutorial.lessons import LESSONS
from dl.tutorial.progress import Progress, read_progress
from dl.tutorial.walk import _show_command, again, default_folder, first_open, walk


@pytest.fixture
def out():
    return Console(file=StringIO(), width=80)


def test_it_goes_on_with_the_first_lesson_that_is_not_done(standing):
    assert first_open(Progress("mnist")) == 1 and first_open(standing.progress) == 6
    assert first_open(Progress("mnist", tuple(one.name for one in LESSONS))) == len(LESSONS) + 1


def test_a_reader_who_stops_is_told_how_to_go_on(course, out, tmp_path):
    assert walk(course, tmp_path, Progress("mnist"), 1, lambda: False, out) == 0
    shown = out.file.getvalue()
    assert "1/11 look at the data" in shown and "$ dl show mnist" in shown and "stopped at step 1 of 11" in shown
    assert all(line == line.rstrip() and len(line) <= 80 for line in shown.splitlines()[:12])


def test_a_long_command_is_broken_so_that_it_can_be_pasted(out):
    _show_command(("fit", "mnist", "--reg", "a=1", *(f"option{k}={k}" for k in range(8))), out)
    lines = out.file.getvalue().splitlines()[1:]
    assert (
        len(lines) == 2 and lines[0].endswith(" \\") and lines[1].startswith("        option") and len(lines[0]) <= 80
    )


def test_ctrl_c_while_it_waits_ends_with_130(course, out, tmp_path):
    def interrupted():
        raise KeyboardInterrupt

    assert walk(course, tmp_path, Progress("mnist"), 1, interrupted, out) == 130


def test_the_last_lesson_runs_nothing_and_is_kept(course, out, tmp_path):
    assert walk(course, tmp_path, Progress("mnist"), len(LESSONS), lambda: True, out) == 0
    assert "dl workflow DATA" in out.file.getvalue() and read_progress(tmp_path, "mnist").done == ("next",)


def test_a_lesson_without_the_runs_it_needs_names_the_one_that_makes_them(course, out, tmp_path):
    with pytest.raises(BadOption, match="step 6 needs the run of step 4, which is not there  begin there: --step 4"):
        walk(course, tmp_path, Progress("mnist"), 6, lambda: True, out)


@pytest.mark.check
def test_a_command_that_fails_ends_it_with_its_code_and_the_lesson_is_not_done(course, out, tmp_path):
    other = replace(course, data=str(tmp_path / "gone.csv"))
    code = walk(other, tmp_path, Progress(other.data), 1, lambda: True, out)
    assert code in (2, 3) and f"the command ended with exit code {code} at step 1" in " ".join(
        out.file.getvalue().split()
    )
    assert not (tmp_path / "tutorial.json").exists()


def test_the_command_that_goes_on_names_what_is_not_the_usual(course):
    assert again(course, default_folder(course)) == "dl tutorial"
    other = replace(course, data="wine")
    assert default_folder(other) == Path("tutorial-wine")
    assert again(other, Path("a b")) == "dl tutorial --data wine --folder 'a b'"
