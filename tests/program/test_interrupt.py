"""Real signals to a real fit: it ends at a step boundary, with a readable run and its report."""

import json
import signal
import subprocess
import threading

import pytest

from dl.runs.run import open_run

FOREVER = ("--model", "dense", "width=8", "epochs=100000", "batch_size=4", "--accelerator", "cpu")


@pytest.fixture
def fitting(dl_process, images, runs):
    """A fit that would run for hours, after its first epoch; and the lines it says from then on."""
    process = dl_process("fit", "vision", images(), *FOREVER, "--runs", runs)
    said = []
    for line in process.stderr:
        said.append(line)
        if line.startswith("1/100000"):
            break
    else:
        pytest.fail("the fit did not start: " + "".join(said))
    reader = threading.Thread(target=lambda: said.extend(process.stderr))  # or the pipe fills up and the fit waits
    reader.start()
    yield process, said
    process.kill()
    process.wait()
    reader.join()


def end(process):
    try:
        return process.wait(timeout=30), process.stdout.read()
    except subprocess.TimeoutExpired:
        pytest.fail("the fit did not stop")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_fit_with_a_readable_run_and_its_report(fitting, runs, number, code):
    process, said = fitting
    process.send_signal(number)
    ended, report = end(process)
    assert ended == code
    run = open_run("last", runs)
    assert (run.manifest.status, run.manifest.signal) == ("interrupted", number)
    assert run.manifest.message.startswith("stopped by a signal in epoch")
    assert run.manifest.best_epoch >= 1 and (run.weights).exists()
    assert len(run.history) == run.outcomes("val").loss.shape[0] >= 1
    assert run.name in report and "interrupted" in report and "accuracy on validation" in report
    assert "Traceback" not in "".join(said)


def test_a_second_signal_stops_at_once(fitting, runs):
    process, said = fitting
    for _ in range(2):
        process.send_signal(signal.SIGINT)
    ended, _ = end(process)
    assert ended == 130 and "Traceback" not in "".join(said)
    run = open_run("last", runs)
    assert run.manifest.status == "interrupted" and len(run.history) >= 1


def test_a_kill_leaves_a_run_that_reads_up_to_the_last_epoch(fitting, runs):
    process, _ = fitting
    process.kill()
    end(process)
    run = open_run("last", runs)
    assert run.manifest.status == "killed" and run.manifest.best_epoch >= 1
    assert run.manifest.message == f"process {process.pid} ended without a word"
    assert run.outcomes("val").loss.shape[0] == len(run.history) == run.manifest.epochs >= 1


def test_a_reader_that_goes_away_is_no_error(dl_process):
    process = dl_process("ls")
    process.stdout.close()
    assert process.wait(timeout=30) == 0 and process.stderr.read() == ""


def test_a_fit_says_as_json_where_the_run_lies(dl_process, images, runs):
    words = ("fit", "vision", images(), "--model", "dense", "width=4", "epochs=1", "--accelerator", "cpu")
    out, progress = (process := dl_process(*words, "--runs", runs, "--json")).communicate(timeout=120)
    assert process.returncode == 0 and "1/1" in progress
    assert json.loads(out)["run"] == str(runs / "0001-shades-dense") and json.loads(out)["status"] == "finished"


SIGNALS_ITSELF = """
import os, time
from dl.hookspecs import hookimpl
from dl.specs import DatasetSpec

def now(where):
    if os.environ["WHERE"] == where:
        try:
            os.kill(os.getpid(), int(os.environ["NUMBER"]))
            time.sleep(60)
        except BaseException:
            if where == "import":  # swallowed
                return
            raise

now("import")

@hookimpl
def register_datasets():
    return [DatasetSpec("signals", "vision", "of a test", lambda options: now("reading"))]
"""


@pytest.fixture
def not_ignored():
    """Programs that are started here heed SIGHUP, also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(
    ("where", "verb", "number"),
    [
        ("reading", "fit", signal.SIGTERM),
        ("reading", "check", signal.SIGHUP),
        ("import", "cv", signal.SIGTERM),
        ("import", "fit", signal.SIGINT),
    ],
)
def test_a_signal_before_training_is_one_line_and_one_document(
    dl_process, site, monkeypatch, not_ignored, where, verb, number
):
    site.add("signals", SIGNALS_ITSELF)
    monkeypatch.setenv("WHERE", where)
    monkeypatch.setenv("NUMBER", str(int(number)))
    process = dl_process(verb, "vision", "signals", "--json")
    out, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number and said.strip() == "dl: stopped"
    assert json.loads(out)["error"] == {
        "code": 128 + number,
        "kind": "KeyboardInterrupt",
        "line": "stopped",
        "command": "",
    }


EXITS = """
import sys
from torch import nn

class Exits(nn.Module):
    def forward(self, inputs):
        sys.exit(0)

def build(shape, outputs):
    return Exits()
"""


def test_a_network_that_exits_has_not_worked(dl_process, images, tmp_path):
    (tmp_path / "exits.py").write_text(EXITS)
    process = dl_process("fit", "vision", images(), "--model", "exits.py:build", "epochs=1", "--json")
    out, said = process.communicate(timeout=60)
    assert process.returncode != 0 and "sys.exit(0)" in said and "Traceback" not in said
    assert json.loads(out)["error"]["code"] == process.returncode
