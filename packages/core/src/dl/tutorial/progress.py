"""The progress of a tutorial, in a file in its folder: which lessons are done, and which runs they made.

tutorial/tutorial.json  runs/0001-mnist-dense/  ...
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from dl import files, regular
from dl.errors import BadRun
from dl.runs.run import Run
from dl.stored import from_json
from dl.tutorial.course import Course

NAME = "tutorial.json"
RUNS = "runs"


@dataclass(frozen=True)
class Progress:
    """What is done of a tutorial.

    Args:
        data: As in the course.
        done: Names of the lessons, in the order in which they were done.
        runs: The name of the run, or of the study, that a lesson made.
    """

    data: str
    done: tuple[str, ...] = ()
    runs: dict[str, str] = field(default_factory=dict)

    def with_done(self, lesson: str, run: str = "") -> Progress:
        """Add a lesson, and the run that it made."""
        done = (*(name for name in self.done if name != lesson), lesson)
        return replace(self, done=done, runs=self.runs | ({lesson: run} if run else {}))

    def number(self, lesson: str) -> str:
        """Return the number of the run that a lesson made, as it is typed."""
        return str(int(self.runs[lesson].split("-")[0]))


@dataclass(frozen=True)
class Standing:
    """Where a tutorial stands: what a lesson knows.

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

    @property
    def made(self) -> Run:
        """The run that the commands of the lesson made."""
        return self.run_named(self.run)

    def run_named(self, name: str) -> Run:
        """Return a run of the tutorial."""
        return Run(self.folder / RUNS / name)


def read_progress(folder: Path, data: str) -> Progress:
    """Read the progress of a tutorial in a folder; a new one where there is none.

    Raises:
        BadRun: If the file cannot be read, or the folder has a tutorial on other data.
    """
    path = folder / NAME
    if not path.exists():
        return Progress(data)
    try:
        found = from_json(regular.read_text(path), Progress)
    except (OSError, ValueError) as error:
        raise BadRun(f"{str(path)!r} cannot be read: {error}; remove it to begin anew") from error
    if found.data != data:
        raise BadRun(
            f"{str(folder)!r} has a tutorial on {found.data!r}; take another folder: dl tutorial --folder NAME"
        )
    runs = {lesson: run for lesson, run in found.runs.items() if (folder / RUNS / run).is_dir()}
    return replace(found, runs=runs)


def write_progress(folder: Path, progress: Progress) -> None:
    """Write the progress."""
    files.write_text(folder / NAME, json.dumps(asdict(progress), indent=1) + "\n")
