"""Run a command of dl as if it were typed in a folder, in a process of its own, and ask one for its JSON."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from dl.processes import words_of_dl
from dl.signals import CAUGHT, in_main_thread

Process = subprocess.Popen[bytes]


def run_command(words: Sequence[str], folder: Path) -> int:
    """Run ``dl`` with these words in a folder, on the terminal of this process, and return its exit code.

    Ctrl-C reaches both processes, and the command ends as it does when it is typed; this one waits for it. Other
    signals are passed on.

    Raises:
        KeyboardInterrupt: If a signal was received; after the command has ended.
    """
    sys.stdout.flush()
    with _patient() as received:
        process = subprocess.Popen(words_of_dl(words), cwd=folder, env=_environment())
        received.attach(process)
        code = process.wait()
    if received.numbers:
        raise KeyboardInterrupt
    return code if code >= 0 else 128 - code


def ask(words: Sequence[str], folder: Path) -> Any:  # Any: JSON
    """Return the JSON that a command prints with ``--json``; None if it fails."""
    asked = [*words_of_dl(words), "--json"]
    done = subprocess.run(asked, cwd=folder, env=_environment(), capture_output=True, stdin=subprocess.DEVNULL)
    try:
        return json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        return None


def _environment() -> dict[str, str]:
    """Return the environment of a command: its runs lie in its folder."""
    return {name: value for name, value in os.environ.items() if name != "DL_RUNS"}


class _Received:
    """Remember signals, and pass on those that the terminal does not send to all processes."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.process: Process | None = None

    def attach(self, process: Process) -> None:
        """Pass signals on to a process."""
        self.process = process

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        self.numbers.append(number)
        if number == signal.SIGTERM and self.process is not None:
            self.process.send_signal(number)


@contextmanager
def _patient() -> Iterator[_Received]:
    """Inside this context collect signals in place of ending."""
    received = _Received()
    before = {}
    if in_main_thread():
        before = {number: signal.signal(number, received.hear) for number in CAUGHT}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
