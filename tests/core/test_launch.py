import subprocess
import sys
import time
from subprocess import PIPE

import pytest

from dl.errors import BadDevices
from dl.exit_codes import LOST
from dl.launch import Rank, _describe, _environments, _watch, is_started_elsewhere, need_address


@pytest.fixture
def processes():
    """A function that starts a rank for each of these programs: processes("pass", "1 / 0")."""
    ranks = []

    def start(*sources):
        for number, source in enumerate(sources, len(ranks)):
            command = [sys.executable, "-S", "-c", source]
            ranks.append(Rank(number, subprocess.Popen(command, stderr=PIPE, text=True, start_new_session=True)))
            ranks[-1].read()
        return ranks[-len(sources) :]

    yield start
    for rank in ranks:
        rank.number = 1
        rank.close()


@pytest.mark.parametrize(
    ("known", "found"),
    [
        ({}, False),
        ({"LOCAL_RANK": "1"}, True),
        ({"SLURM_NTASKS": "2", "SLURM_JOB_NAME": "fit"}, True),
        ({"SLURM_NTASKS": "1", "SLURM_JOB_NAME": "interactive"}, False),
    ],
)
def test_torchrun_and_srun_start_processes_and_a_shell_of_slurm_does_not(known, found):
    assert is_started_elsewhere(known) is found


def test_the_ranks_share_an_address_and_the_cores_and_each_has_its_number(monkeypatch):
    for name in ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    first, second = _environments(2, nodes=3)
    assert [one["LOCAL_RANK"] for one in (first, second)] == ["0", "1"]
    assert first["MASTER_PORT"] == second["MASTER_PORT"] and first["MASTER_ADDR"] == "127.0.0.1"
    assert (first["WORLD_SIZE"], first["OMP_NUM_THREADS"]) == ("6", "4")


def test_several_machines_need_an_address():
    with pytest.raises(BadDevices, match="--num-nodes 2: MASTER_PORT, NODE_RANK not set"):
        need_address({"MASTER_ADDR": "node1"}, 2)
    need_address({}, 1)


def test_the_first_that_fails_is_shown_with_its_traceback_and_not_those_that_lost_it(processes):
    ranks = processes(f"raise SystemExit({LOST})", "print('before'); 1 / 0")
    code, message = _watch(ranks, [])
    assert code == 1
    assert message.startswith(f"rank 1 (process {ranks[1].process.pid}) failed with exit code 1\nTraceback")
    assert message.endswith("ZeroDivisionError: division by zero")


def test_a_process_that_was_killed_is_named_with_the_signal(processes):
    ranks = processes("pass", "import os; os.kill(os.getpid(), 9)")
    pid = ranks[1].process.pid
    assert _watch(ranks, []) == (1, f"rank 1 (process {pid}) was killed by signal 9")


def test_where_all_fail_alike_the_first_has_told_why(processes):
    assert _watch(processes("raise SystemExit(2)", "raise SystemExit(2)"), []) == (2, "")


def test_the_exit_code_is_that_of_the_first_and_after_a_signal_its_own(processes):
    assert _watch(processes("pass", "pass"), []) == (0, "")
    assert _watch(processes("raise SystemExit(143)", "pass"), []) == (143, "")
    waits = "import signal, time; signal.signal(2, lambda *_: exit(130)); time.sleep(60)"
    ranks = processes(waits, waits)
    time.sleep(0.3)
    assert _watch(ranks, [2]) == (130, "")


def test_of_a_process_without_a_traceback_the_last_lines_are_shown(processes):
    (_, rank) = processes("pass", "import sys; print(*range(9), sep=chr(10), file=sys.stderr); sys.exit(3)")
    rank.process.wait()
    assert _describe(rank).splitlines()[1:] == ["4", "5", "6", "7", "8"]


def test_the_first_is_named_where_it_alone_broke_and_not_where_all_were_asked_for_what_does_not_fit(processes):
    ranks = processes("raise SystemExit(1)", f"raise SystemExit({LOST})")
    assert _watch(ranks, []) == (1, f"rank 0 (process {ranks[0].process.pid}) failed with exit code 1")
    assert _watch(processes("raise SystemExit(2)", f"raise SystemExit({LOST})"), []) == (2, "")
    assert _watch(processes("raise SystemExit(1)", "pass"), []) == (1, "")  # its loss was no number: it has told so
