"""Signals, kills and faults of the processes of one fit: all end, the first fault is shown, and nothing is left."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dl.runs.run import open_run

pytestmark = pytest.mark.check

FIT = ("--model", "dense", "width=8", "batch_size=4", "--accelerator", "cpu", "--devices", "2")
LONGEST = 30  # seconds until all have ended
BEGUN = "1/100000"


class Fitting:
    """A fit on two processes that would run for hours, after its first epoch."""

    def __init__(self, process):
        self.process, self.said, self.ranks = process, "", children(process.pid)
        for line in process.stderr:
            self.said += line
            if line.startswith(BEGUN):
                break
        else:
            pytest.fail("the fit did not start: " + self.said)
        self.ranks = children(process.pid)
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            self.said += line

    def end(self):
        """The exit code, once the fit has ended and none of its processes is left."""
        try:
            code, self.report = self.process.wait(timeout=LONGEST), self.process.stdout.read()
        except subprocess.TimeoutExpired:
            pytest.fail(f"after {LONGEST} seconds the fit still runs")
        self.reader.join(timeout=LONGEST)
        until = time.monotonic() + 5
        while any(map(runs_still, self.ranks)) and time.monotonic() < until:
            time.sleep(0.05)
        assert not [pid for pid in self.ranks if runs_still(pid)], "a process is left"
        return code


def children(pid):
    """The processes that a process has started."""
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def runs_still(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def fitting(dl_process, images, runs):
    made = Fitting(dl_process("fit", "vision", images(), *FIT, "epochs=100000", "--runs", runs))
    yield made
    for pid in (made.process.pid, *made.ranks):
        if runs_still(pid):
            os.kill(pid, signal.SIGKILL)
    made.reader.join()


def test_a_killed_rank_ends_all_and_is_named(fitting, runs):
    assert len(fitting.ranks) == 2
    os.kill(fitting.ranks[1], signal.SIGKILL)
    assert fitting.end() == 1
    assert f"dl: rank 1 (process {fitting.ranks[1]}) was killed by signal 9" in fitting.said
    assert "Traceback" not in fitting.said
    assert open_run("last", runs).manifest.status == "failed" and len(open_run("last", runs).history) >= 1


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_both_at_a_step_with_one_report(fitting, runs, number):
    fitting.process.send_signal(number)
    assert fitting.end() == 128 + number
    run = open_run("last", runs)
    assert (run.manifest.status, run.manifest.signal) == ("interrupted", number)
    assert run.manifest.message.startswith("stopped by a signal in epoch")
    assert fitting.report.count("interrupted") == 1 and "Traceback" not in fitting.said


@pytest.mark.slow
def test_a_signal_to_one_rank_stops_both(fitting, runs):
    os.kill(fitting.ranks[1], signal.SIGTERM)
    assert fitting.end() == 143 and open_run("last", runs).manifest.signal == signal.SIGTERM


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0, 0.1, 0.3])
def test_ctrl_c_twice_ends_both_at_once(fitting, runs, pause):
    for _ in range(2):
        fitting.process.send_signal(signal.SIGINT)
        time.sleep(pause)
    assert fitting.end() == 130 and "Traceback" not in fitting.said
    assert open_run("last", runs).manifest.best_epoch >= 1


@pytest.mark.slow
@pytest.mark.parametrize("ends", ["--max-time", "SIGTERM", "twice", "kill"])
def test_whatever_ends_a_fit_it_prints_one_document(dl_process, images, runs, ends):
    limit = ("--max-time", "3s") if ends == "--max-time" else ()
    fitting = Fitting(
        dl_process("fit", "vision", images(), *FIT, "epochs=100000", "--runs", runs, "--json", *limit),
    )
    if ends == "kill":
        os.kill(fitting.ranks[0], signal.SIGKILL)
    elif not limit:
        for number in (signal.SIGTERM,) if ends == "SIGTERM" else (signal.SIGINT, signal.SIGINT):
            fitting.process.send_signal(number)
            time.sleep(0.1)
    code = fitting.end()
    (line,) = fitting.report.splitlines()
    document = json.loads(line)
    assert code == {"--max-time": 0, "SIGTERM": 143, "twice": 130, "kill": 1}[ends]
    assert document.get("status") == {"--max-time": "finished", "SIGTERM": "interrupted"}.get(
        ends, document.get("status")
    )
    assert ends != "kill" or "was killed by signal 9" in document["error"]["line"]


@pytest.mark.slow
def test_a_kill_of_the_first_rank_ends_all_and_is_told(fitting):
    os.kill(fitting.ranks[0], signal.SIGKILL)
    assert fitting.end() == 1
    assert f"dl: rank 0 (process {fitting.ranks[0]}) was killed by signal 9" in fitting.said


@pytest.mark.slow
def test_a_kill_of_the_process_that_watches_ends_all(fitting):
    fitting.process.kill()
    assert fitting.end() == -signal.SIGKILL


@pytest.mark.slow
def test_a_rank_that_is_stopped_alone_ends_all_and_is_named(fitting):
    os.kill(fitting.ranks[1], signal.SIGSTOP)
    assert fitting.end() == 1
    assert f"dl: rank 1 (process {fitting.ranks[1]}) was stopped by a signal for 15 seconds" in fitting.said


RAISES = """
import os
from dl.hookspecs import hookimpl
from dl.specs import RegularizerSpec

def build(options, task):
    from dl.regularizer import Regularizer
    steps = []

    def fail(network):
        steps.append(1)
        if len(steps) == 9 and os.environ.get("LOCAL_RANK") == "1":
            raise ZeroDivisionError("only here")

    return Regularizer(after_step=fail)

@hookimpl
def register_regularizers():
    return [RegularizerSpec("raises", "training", "fails on one device", build)]
"""


@pytest.mark.slow
def test_the_error_of_one_rank_is_shown_and_ends_all(dl_process, images, site):
    site.add("raises", RAISES)
    process = dl_process("fit", "vision", images(), *FIT, "epochs=100000", "--reg", "raises")
    _, said = process.communicate(timeout=90)
    assert process.returncode == 4
    assert re.search(r"dl: rank 1 \(process \d+\) failed with exit code 4", said)
    assert "ZeroDivisionError: only here" in said and "another process of this fit" not in said


FEWER = """
import os
import numpy as np
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

def load(options):
    from dl.data.examples import Dataset, Examples
    count = 60 if os.environ.get("LOCAL_RANK") == "1" else 64
    images = np.random.default_rng(0).integers(0, 255, (count, 1, 4, 4), dtype=np.uint8)
    return Dataset("uneven", Examples(images, np.arange(count) % 2, np.arange(count), ("even", "odd")))

@hookimpl
def register_datasets():
    return [DatasetSpec("uneven", "vision", "fewer examples on one device", load)]
"""


@pytest.mark.slow
def test_a_rank_that_reads_fewer_examples_is_refused(dl_process, site):
    site.add("uneven", FEWER)
    process = dl_process("fit", "vision", "uneven", *FIT, "epochs=2")
    _, said = process.communicate(timeout=90)
    assert process.returncode == 3 and "Traceback" not in said
    assert "this process read 60 examples" in said and "the first process of the fit 64" in said


@pytest.mark.slow
def test_a_terminal_that_is_closed_leaves_a_run_with_its_report(images, runs, tmp_path):
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(tmp_path)
        os.environ["OMP_NUM_THREADS"] = "1"
        words = ["fit", "vision", str(images()), *FIT[:-1], "1", "epochs=100000", "--runs", str(runs)]
        os.execv(sys.executable, [sys.executable, "-m", "dl", *words])
    said = b""
    while BEGUN.encode() not in said and len(said) < 1 << 20:
        said += os.read(terminal, 4096)
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 129
    run = open_run("last", runs)
    assert (run.manifest.status, run.manifest.signal) == ("interrupted", signal.SIGHUP)
    assert "interrupted" in (run.path / "report.txt").read_text()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture
def started(tmp_path, images, runs):
    """A function that starts a fit on two devices as something else than dl does: started(command, environment)."""
    words = ["fit", "vision", str(images()), *FIT, "epochs=2", "--runs", str(runs)]

    def start(command, **environment):
        known = os.environ | {"OMP_NUM_THREADS": "1"} | environment
        return subprocess.Popen(
            [*command, *words], cwd=tmp_path, env=known, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


@pytest.mark.slow
def test_torchrun_starts_the_processes_of_one_fit(started, runs):
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    process = started([*torchrun, "--master-port", str(free_port()), "-m", "dl"])
    out, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert [path.name for path in runs.iterdir()] == ["0001-shades-dense"] and out.count("finished, 2 epochs") == 1


@pytest.mark.slow
def test_srun_starts_the_processes_of_one_fit(started, runs):
    job = {"SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2", "SLURM_NNODES": "1", "SLURM_JOB_ID": "4217"}
    job |= {
        "SLURM_JOB_NAME": "fit",
        "SLURM_NODELIST": "127.0.0.1",
        "SLURM_NODEID": "0",
        "MASTER_PORT": str(free_port()),
    }
    command = [sys.executable, "-m", "dl"]
    tasks = [started(command, **job, SLURM_PROCID=str(rank), SLURM_LOCALID=str(rank)) for rank in (0, 1)]
    outs = [task.communicate(timeout=120) for task in tasks]
    assert [task.returncode for task in tasks] == [0, 0], outs
    assert [path.name for path in runs.iterdir()] == ["0001-shades-dense"]
    assert outs[0][0].count("finished, 2 epochs") == 1 and outs[1][0] == ""


@pytest.mark.slow
def test_as_many_processes_are_started_as_devices_asked_for(started, runs):
    job = {"LOCAL_RANK": "0", "RANK": "0", "WORLD_SIZE": "3"}
    process = started([sys.executable, "-m", "dl"], **job)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2 and "3 processes of this fit were started, but" in said and not runs.exists()
