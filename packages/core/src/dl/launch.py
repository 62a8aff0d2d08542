"""Start the processes of a fit on several devices, one for each, and watch them: where one dies, all end.

``dl fit --devices 2`` runs itself again, once for each device. This process only watches: it passes signals on, and
says which of them ended first and why. Rank 0 writes to its terminal; of the others the last lines are kept.
Each has its own session, so that Ctrl-C in a terminal reaches them once, from here; and each ends with this process.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

from dl.errors import BadDevices
from dl.exit_codes import FAILED, LOST, PLUGIN, of_signal
from dl.processes import is_stopped, words_of_dl
from dl.signals import CAUGHT, end_with_stdin, exit_at_once, held_back, in_main_thread, let_through

WATCHED = "DL_WATCHED"  # environment variable of a process that is watched
MOST_PER_CORE = 4  # processes of a fit; more than one is slower, and for trying out alone
POLL = 0.1  # seconds
GRACE = 10.0  # seconds in which the others may end after one has died
HURRY = 5.0  # seconds in which all may end after a second signal
STOPPED = 15.0  # seconds for which one alone may be stopped
KEPT_LINES = 400  # of what a process other than the first writes
LAST_LINES = 5  # of them shown, where there is no traceback
STOP_CODES = frozenset(of_signal(number) for number in CAUGHT)  # exit codes after a signal that was handled
RANKS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID", "JSM_NAMESPACE_RANK", "OMPI_COMM_WORLD_RANK")
STARTED_ELSEWHERE = ("LOCAL_RANK", "JSM_NAMESPACE_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_RANK")


def is_started_elsewhere(environment: Mapping[str, str]) -> bool:
    """Return whether something else has started a process for each device: dl itself, torchrun, srun or mpirun."""
    by_srun = "SLURM_NTASKS" in environment and environment.get("SLURM_JOB_NAME") not in ("bash", "interactive")
    return by_srun or any(name in environment for name in STARTED_ELSEWHERE)


def is_first() -> bool:
    """Return whether this process is the first of a fit on several devices, or the only one."""
    ranks = (os.environ.get(name, "0") for name in RANKS)
    return all(rank == "0" for rank in ranks)


def need_address(environment: Mapping[str, str], nodes: int) -> None:
    """Refuse a fit on several machines that do not know where the first one listens.

    Raises:
        BadDevices: With the variables that are missing.
    """
    missing = [name for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK") if name not in environment]
    if nodes > 1 and missing:
        raise BadDevices(
            f"--num-nodes {nodes}: {', '.join(missing)} not set; start this on each machine with MASTER_ADDR and "
            "MASTER_PORT of the first one and NODE_RANK=0, 1, ..., or by torchrun or srun"
        )


def is_watched() -> bool:
    """Return whether this process was started by `launch`."""
    return WATCHED in os.environ


def follow() -> None:
    """End with the process that watches this one, if there is such, and hear the signals that it passes on."""
    if is_watched():
        end_with_stdin()
        exit_at_once()
        let_through()


@dataclass
class Rank:
    """A process of a fit.

    Args:
        number: Its rank on this machine, from 0.
        process: The process.
        lines: The last lines that it wrote to a pipe: stderr of all but the first, and its stdout where it is gathered.
        stopped: Seconds for which it has been stopped.
        reader: The thread that reads them; None where there is no pipe.
    """

    number: int
    process: subprocess.Popen[str]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    stopped: float = 0.0
    reader: threading.Thread | None = None

    def read(self) -> None:
        """Keep the last lines that the process writes to a pipe, in a thread."""
        stream = self.process.stderr or self.process.stdout
        if stream is not None:
            self.reader = threading.Thread(target=lambda: self.lines.extend(stream), daemon=True)
            self.reader.start()

    def output(self) -> tuple[str, ...]:
        """Return the last lines that it wrote, once it has ended."""
        if self.reader is not None:
            self.reader.join(timeout=1)
        return tuple(line.rstrip("\n") for line in self.lines)

    @property
    def runs(self) -> bool:
        """Whether it has not ended."""
        return self.process.poll() is None

    @property
    def is_stopped(self) -> bool:
        """Whether it is stopped by a signal, as far as this system tells."""
        return is_stopped(self.process.pid)

    def kill(self) -> None:
        """Kill the process and all that it has started."""
        if self.runs:
            with suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL) if hasattr(os, "killpg") else self.process.kill()
            self.process.wait()

    def close(self) -> None:
        """End the process, if it has not ended, and close what connects it with this one."""
        self.kill()
        self.output()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def send(self, number: int) -> None:
        """Send a signal to the process."""
        if self.runs:
            with suppress(OSError):
                self.process.send_signal(number)

    def last_words(self) -> str:
        """Return the traceback that it wrote, or else its last lines."""
        self.output()
        lines = list(self.lines)
        starts = [k for k, line in enumerate(lines) if "Traceback (most recent call last)" in line]
        return "".join(lines[starts[0] :] if starts else lines[-LAST_LINES:]).rstrip()


@dataclass(frozen=True)
class Launched:
    """How the processes of a fit ended.

    Args:
        code: The exit code.
        message: Which process died and why, with its traceback; empty without a fault, or where all failed alike.
        output: Lines that the first process wrote to stdout, where they were gathered.
        told: Whether the first process has told its own error, which the message then does not repeat.
    """

    code: int
    message: str
    output: tuple[str, ...] = ()
    told: bool = False


def launch(arguments: Sequence[str], count: int, nodes: int = 1, *, gathers: bool = False) -> Launched:
    """Run dl once for each device of this machine, until all have ended.

    Args:
        arguments: Of the command line.
        count: Of the devices of this machine.
        nodes: Number of machines, each of which runs this.
        gathers: Whether stdout of the first process is gathered, in place of being that of this one.
    """
    ranks: list[Rank] = []
    with _hearing(ranks) as received:
        try:
            for number, environment in enumerate(_environments(count, nodes)):
                ranks.append(_start(arguments, number, environment, gathers=gathers))
            code, message = _watch(ranks, received)
            told = code == ranks[0].process.returncode and code not in (LOST, *STOP_CODES)
            return Launched(code, message, ranks[0].output(), told)
        finally:
            for rank in ranks:
                rank.close()


@contextmanager
def _hearing(ranks: Sequence[Rank]) -> Iterator[list[int]]:
    """Collect the signals that are received inside this context; Ctrl-Z stops all processes until this one goes on."""
    received: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    def pause(_number: int, _frame: FrameType | None) -> None:
        for rank in ranks:
            rank.send(signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGSTOP)
        for rank in ranks:
            rank.send(signal.SIGCONT)

    handlers = dict.fromkeys(CAUGHT, hear) | ({signal.SIGTSTP: pause} if hasattr(signal, "SIGTSTP") else {})
    if not in_main_thread():
        handlers = {}
    before = {number: signal.getsignal(number) for number in handlers}
    for number, handler in handlers.items():
        if before[number] != signal.SIG_IGN:  # as a hang-up under nohup
            signal.signal(number, handler)
    try:
        yield received
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def _environments(count: int, nodes: int) -> Iterator[dict[str, str]]:
    """Yield the environment of each process: its rank, where the first one listens, and its share of the cores."""
    known = dict(os.environ)
    shared = {
        "MASTER_ADDR": known.get("MASTER_ADDR", "127.0.0.1"),
        "MASTER_PORT": known.get("MASTER_PORT") or str(_free_port()),
        "NODE_RANK": known.get("NODE_RANK", "0"),
        "WORLD_SIZE": str(count * nodes),
        "OMP_NUM_THREADS": known.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // count)),
        WATCHED: "1",
    }
    for number in range(count):
        yield known | shared | {"LOCAL_RANK": str(number)}


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _start(arguments: Sequence[str], number: int, environment: Mapping[str, str], *, gathers: bool) -> Rank:
    first = number == 0
    shown = subprocess.PIPE if gathers else None
    with held_back():
        process = subprocess.Popen(
            words_of_dl(arguments),
            env=environment,
            stdin=subprocess.PIPE,  # ends with this process
            stdout=shown if first else subprocess.DEVNULL,
            stderr=None if first else subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    rank = Rank(number, process)
    rank.read()
    return rank


def _watch(ranks: Sequence[Rank], received: list[int]) -> tuple[int, str]:
    """Wait until all have ended; after a death or a second signal, not for ever."""
    passed, culprit, until = 0, None, float("inf")
    while any(rank.runs for rank in ranks):
        time.sleep(POLL)
        for number in received[passed:2]:  # the first stops at the next step, the second at once
            passed += 1
            for rank in ranks:
                rank.send(number)
        if passed > 1:
            until = min(until, time.monotonic() + HURRY)
        if culprit is None and (culprit := _first_to_die(ranks)):
            until = min(until, time.monotonic() + GRACE)
        if time.monotonic() > until:
            for rank in ranks:
                rank.kill()
    culprit = culprit or _first_to_die(ranks)
    codes = [rank.process.returncode for rank in ranks]
    if received:
        return (0 if not any(codes) else of_signal(received[0])), ""
    if culprit is not None and codes[0] == culprit.process.returncode > 0:  # the first has told why
        broke = codes[0] in (FAILED, PLUGIN) and any(code == LOST or code < 0 for code in codes[1:])
        return codes[0], _name(culprit) if broke else ""
    if culprit is not None:
        return _code_of(culprit), _describe(culprit)
    if LOST in codes:
        return 1, "a process of this fit lost the connection to another, which ended without an error"
    return codes[0], ""


def _first_to_die(ranks: Sequence[Rank]) -> Rank | None:
    """Return the process that is to blame for the end of the others; None while there is none."""
    for rank in ranks:
        code = rank.process.poll()
        if code is not None and code not in (0, LOST) and code not in STOP_CODES:
            return rank
    stopped = [rank for rank in ranks if rank.runs and rank.is_stopped]
    for rank in ranks:
        rank.stopped = rank.stopped + POLL if rank in stopped and len(stopped) < len(ranks) else 0.0
        if rank.stopped > STOPPED:
            return rank
    return None


def _code_of(rank: Rank) -> int:
    return max(rank.process.returncode, 0) or 1


def _describe(rank: Rank) -> str:
    """Return what became of a process, with what it wrote last; the first has written that itself."""
    if rank.stopped > STOPPED:
        return f"{_who(rank)} was stopped by a signal for {STOPPED:.0f} seconds; all have ended"
    words = rank.last_words() if rank.number else ""
    if rank.process.returncode < 0 and "Traceback" not in words:
        words = ""
    return f"{_name(rank)}\n{words}" if words else _name(rank)


def _name(rank: Rank) -> str:
    """Return which process failed, and how, in one line."""
    code = rank.process.returncode
    how = f"was killed by signal {-code}" if code < 0 else f"failed with exit code {code}"
    return f"{_who(rank)} {how}"


def _who(rank: Rank) -> str:
    return f"rank {rank.number} (process {rank.process.pid})"
