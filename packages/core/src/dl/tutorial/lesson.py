"""A lesson of the tutorial: what is done and why, the commands, and how their results are read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dl.tutorial.course import Course
from dl.tutorial.progress import Progress

Words = tuple[str, ...]  # of a command, after dl


@dataclass(frozen=True)
class Walk:
    """What a lesson knows: the course, its folder, and what was done before.

    Args:
        course: The data and its networks.
        folder: In which commands run.
        progress: Of the tutorial, after the commands of the lesson where results are read.
        run: The run that the commands of the lesson made; empty for none.
    """

    course: Course
    folder: Path
    progress: Progress
    run: str = ""


@dataclass(frozen=True)
class Lesson:
    """A step of the tutorial.

    Args:
        name: For the file of the progress.
        title: In a few words.
        why: What is done and why, in two or three sentences.
        commands: Returns the commands to run; none where there is nothing to run.
        read: Returns what the results say, a paragraph each, from the files of the runs.
        needs: Lessons whose runs the commands name.
    """

    name: str
    title: str
    why: str
    commands: Callable[[Walk], Sequence[Words]]
    read: Callable[[Walk], Sequence[str]]
    needs: tuple[str, ...] = ()
