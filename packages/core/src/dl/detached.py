"""A command that outlives its terminal: it runs again in a session of its own, and its output goes to a file.

The file begins beside the run folders, since its run is not there yet; whoever makes the run moves it there. The first
process waits for that alone.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dl import files, regular
from dl.errors import BadRun
from dl.processes import words_of_dl
from dl.signals import HANG_UP, signal_of

LOG = "fit.log"  # in the run folder
VARIABLE = "DL_DETACHED_LOG"  # the file to which a detached process writes, until its run has it
POLL = 0.05  # seconds
AGAIN = 5.0  # seconds until a process that goes on is asked to end once more
LONGEST = 20_000  # characters of a log that are shown


@dataclass(frozen=True)
class Detached:
    """A command that was detached.

    Args:
        pid: Its process.
        run: Its run folder; None where it ended before it made one.
        code: Its exit code; None while it runs.
        output: What it printed, where it ended before.
    """

    pid: int
    run: Path | None
    code: int | None = None
    output: str = ""


def detach(arguments: Sequence[str], root: Path) -> Detached:
    """Run ``dl`` with these arguments in a session of its own, and wait until its run has begun, or it has ended.

    Args:
        arguments: Of the command line.
        root: Folder of run folders.

    Raises:
        BadRun: If the log is removed before the run has begun.
        CannotWrite: If no log can be written there.
    """
    files.make_folder(root)
    log = root.resolve() / f".detached-{os.getpid()}.log"
    environment = {**os.environ, VARIABLE: str(log)}
    with files.open_log(log) as stream:
        number = os.fstat(stream.fileno()).st_ino
        process = subprocess.Popen(
            words_of_dl(arguments),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # for whoever asks later how it ended
    try:
        while log.exists():
            if (code := process.poll()) is not None and log.exists():
                output = regular.read_text(log)[-LONGEST:]
                files.remove(log)
                return Detached(process.pid, None, code, output)
            time.sleep(POLL)
    except KeyboardInterrupt as error:
        if signal_of(error) == HANG_UP:  # it outlives its terminal
            raise
        _end(process)
        files.remove(log)
        raise
    moved = [path for path in root.glob(f"*/{Path(LOG).stem}*.log") if _number(path) == number]
    if not moved:
        raise BadRun(f"the log of process {process.pid} was removed from {root}  see: dl status")
    return Detached(process.pid, moved[0].parent, process.poll())


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end until it has: Python drops a signal that it raises at some places, as in a destructor."""
    while process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(AGAIN)


def _number(path: Path) -> int:
    """Return the number of a file on its disk; 0 if it is gone."""
    try:
        return path.stat().st_ino
    except OSError:
        return 0


def take_log(folder: Path) -> None:
    """Move the log of this process, if it is detached, into the run folder that it has made or goes on with."""
    log = os.environ.pop(VARIABLE, "")
    if not log:
        return
    stem, number = Path(LOG).stem, 1
    target = folder / LOG
    while target.exists():
        number += 1
        target = folder / f"{stem}-{number}.log"
    if Path(log).exists():  # somebody may have removed it, or its folder
        files.move(Path(log), target)
