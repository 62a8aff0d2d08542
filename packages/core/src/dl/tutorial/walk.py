"""Walk through the lessons: show what and why, wait, run the command, read its result, keep the progress."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from dl import files
from dl.errors import BadOption, BadRun, DLError
from dl.exit_codes import STOPPED
from dl.runs.run import list_numbered
from dl.terminal import plain
from dl.tutorial.command import run_command
from dl.tutorial.course import DATA, Course
from dl.tutorial.draw import draw_digit
from dl.tutorial.lessons import LESSONS, Lesson, Words
from dl.tutorial.progress import RUNS, Progress, Standing, write_progress

WIDEST = 100  # columns; a longer line of words is hard to read
LONG = 4_000  # characters of a paragraph
Wait = Callable[[], bool]  # waits for the reader; returns whether to go on


def default_folder(course: Course) -> Path:
    """Return the folder of the tutorial on some data."""
    return Path("tutorial" if course.data == DATA else f"tutorial-{course.label}")


def first_open(progress: Progress) -> int:
    """Return the number of the first lesson that is not done, from 1; one more than there are where all are."""
    names = [lesson.name for lesson in LESSONS]
    return next((k for k, name in enumerate(names, 1) if name not in progress.done), len(names) + 1)


def walk(course: Course, folder: Path, progress: Progress, first: int, wait: Wait, out: Console) -> int:
    """Go through the lessons from one on, and return the exit code: of a command that failed, or 130 when stopped.

    Args:
        course: The data and its networks.
        folder: In which commands run.
        progress: What is done so far.
        first: Number of the lesson to begin with, from 1.
        wait: Called before each command.
        out: Where texts are printed.

    Raises:
        BadOption: If a lesson needs the run of an earlier one.
        BadRun: If another tutorial works in the folder.
    """
    files.make_folder(folder)
    with files.held_alone(folder) as alone:
        if not alone:
            raise BadRun(
                f"another dl tutorial works in {str(folder)!r}; take another folder: dl tutorial --folder NAME"
            )
        if course.has_digits:
            draw_digit(folder)
        now = Standing(course, folder.resolve(), progress)
        _greet(course, folder, first, out)
        for number, lesson in list(enumerate(LESSONS, 1))[first - 1 :]:
            try:
                code, now = _teach(lesson, number, now, wait, out)
            except KeyboardInterrupt:
                code = STOPPED
            if code is not None:
                _show_stop(number, code, again(course, folder), out)
                return code
    return 0


def again(course: Course, folder: Path) -> str:
    """Return the command that goes on with a tutorial."""
    words = ["dl", "tutorial"]
    words += [] if course.data == DATA else ["--data", course.data]
    words += [] if folder == default_folder(course) else ["--folder", str(folder)]
    return shlex.join(words)


def _teach(lesson: Lesson, number: int, now: Standing, wait: Wait, out: Console) -> tuple[int | None, Standing]:
    """Teach one lesson; the code is None where it goes on."""
    if missing := [name for name in lesson.needs if name not in now.progress.runs]:
        first = next(k for k, one in enumerate(LESSONS, 1) if one.name in missing)
        raise BadOption(f"step {number} needs the run of step {first}, which is not there  begin there: --step {first}")
    _show_head(lesson, number, out)
    made = ""
    for words in lesson.commands(now):
        _show_command(words, out)
        if not wait():
            return 0, now
        before = _runs(now.folder)
        if code := run_command(words, now.folder):
            return code, now
        made = next((name for name in reversed(_runs(now.folder)) if name not in before), made)
    now = replace(now, progress=now.progress.with_done(lesson.name, made), run=made)
    write_progress(now.folder, now.progress)
    _show_reading(lesson, now, out)
    return None, now


def _runs(folder: Path) -> list[str]:
    return [run.name for run in list_numbered(folder / RUNS)]


def _greet(course: Course, folder: Path, first: int, out: Console) -> None:
    _say(out, f"dl tutorial: the order of work, on {course.label}", "bold")
    time = "about ten minutes on two cores; " if course.data == DATA else ""
    begun = f"It goes on with step {first} of {len(LESSONS)}. " if first > 1 else ""
    _say(
        out,
        f"{begun}Real runs, {time}Ctrl-C stops at any time, and dl tutorial goes on from there. Commands run in the "
        f"folder {folder}, with their runs in {folder / RUNS}: in a terminal of your own, type cd "
        f"{shlex.quote(str(folder))} first. Remove the folder when you are done.",
    )


def _show_head(lesson: Lesson, number: int, out: Console) -> None:
    out.print()
    _say(out, f"{number}/{len(LESSONS)} {lesson.title}", "bold")
    _say(out, lesson.why, indent=2)


def _show_command(words: Words, out: Console) -> None:
    """Print a command, on several lines where it is long; it can be pasted as it stands."""
    quoted, lines = [shlex.quote(word) for word in words], ["dl"]
    for word in quoted:
        longer = f"{lines[-1]} {word}"
        if len(longer) + 6 <= min(out.width, WIDEST):  # with the prompt, and a stroke behind it
            lines[-1] = longer
        else:
            lines.append(f"    {word}")
    out.print()
    for number, line in enumerate(lines):
        shown = line + (" \\" if number < len(lines) - 1 else "")
        out.print(Text.assemble(("  $ " if not number else "    ", "dim"), (shown, "bold bright_blue")), soft_wrap=True)


def _show_reading(lesson: Lesson, now: Standing, out: Console) -> None:
    """Print what the results say; a result that cannot be read ends nothing."""
    try:
        found: Sequence[str] = lesson.read(now)
    except (DLError, OSError, ValueError, KeyError) as error:
        found = [f"The result cannot be read: {type(error).__name__}: {error}"]
    as_list = lesson.name == LESSONS[-1].name
    out.print()
    for paragraph in found:
        if as_list:
            out.print(plain(f"  {paragraph}", longest=LONG), soft_wrap=True)
        else:
            _say(out, paragraph, indent=2)


def _show_stop(number: int, code: int, command: str, out: Console) -> None:
    why = "stopped" if code in (0, STOPPED) else f"the command ended with exit code {code}"
    out.print()
    _say(out, f"{why} at step {number} of {len(LESSONS)}; go on: {command}")


def _say(out: Console, words: str, style: str = "", indent: int = 0) -> None:
    """Print a paragraph, wrapped."""
    for line in plain(words, style, longest=LONG).wrap(out, min(out.width, WIDEST) - indent):
        line.rstrip()
        out.print(Text(" " * indent).append_text(line), soft_wrap=True)
