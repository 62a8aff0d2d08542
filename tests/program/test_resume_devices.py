"""Fits of several processes that are killed go on with as many, and with others: to the bit, or to rounding."""

import shutil
import signal

import pytest
from safetensors.numpy import load_file

from dl.runs.run import Run, list_runs

pytestmark = pytest.mark.check

KILLER = """
import os, signal
from dl.hookspecs import hookimpl
from dl.specs import LoggerSpec, RegularizerSpec

FULL, AGAIN = map(int, os.environ.get("FULL_AT", "0 0").split())
MOMENT, AT = (os.environ.get("KILL_AT") or "never 0").split()
counts = {}

def pass_by(moment):
    counts[moment] = counts.get(moment, 0) + 1
    if moment == "step" and os.environ.get("LOCAL_RANK", "0") == "0":
        if counts[moment] == FULL:
            os.environ["DL_FAIL_AT"] = "1+:ENOSPC"
        if counts[moment] == AGAIN:
            os.environ["DL_FAIL_AT"] = ""
    if moment == MOMENT and counts[moment] == int(AT) and os.environ.get("LOCAL_RANK", "0") in os.environ["KILL_RANK"]:
        os.kill(os.getpid(), signal.SIGKILL)

def build_step(options, task):
    from dl.regularizer import Regularizer

    def batch(given, generator):
        pass_by("step")
        return given

    return Regularizer(batch=batch)

def build_scoring(options, task):
    from contextlib import contextmanager
    from dl.regularizer import Regularizer

    @contextmanager
    def scored(network):
        pass_by("validation")
        yield

    return Regularizer(scored_with=scored)

def build_logger(folder, options):
    from lightning.pytorch.loggers import CSVLogger

    class Passing(CSVLogger):
        def log_metrics(self, metrics, step=None):
            pass_by("kept")

    return Passing(folder)

@hookimpl
def register_regularizers():
    return [
        RegularizerSpec("passing", "batch", "dies at a step", build_step),
        RegularizerSpec("scoring", "training", "dies before a validation", build_scoring),
    ]

@hookimpl
def register_loggers():
    return [LoggerSpec("passing", "dies once an epoch is kept", build_logger)]
"""
PASSING, SCORING = ("--reg", "passing"), ("--reg", "scoring", "--logger", "passing")
FIT = ("--model", "dense", "width=8", "batch_size=4", "lr=0.01", "optimizer=sgd", "momentum=0.9", "val=11", "epochs=3")
FIT += ("save_every=0", "--accelerator", "cpu", "--precision", "64-true", *PASSING)
COMPARED = ("step", "lr", "train_loss", "train_score", "val_loss", "probe_loss", "val_accuracy", "grad_norm")
WITHOUT = ("seconds", "train_seconds")


@pytest.fixture
def fit(site, dl_process, images, tmp_path, monkeypatch):
    """A function that fits 18 images in five steps an epoch, or goes on with a fit: a run, killed where asked for."""
    site.add("killer", KILLER)
    monkeypatch.setenv("KILL_RANK", "0")
    folder = images(n=29)

    def start(name, devices, *words, resumed=False):
        asked = ("fit", "--resume", "last") if resumed else ("fit", "vision", folder, *FIT)
        return dl_process(*asked, *words, "--devices", devices, "--runs", tmp_path / name, "--json")

    def make(name, devices, *words, kill="", rank="0", resumed=False):
        monkeypatch.setenv("KILL_AT", kill)
        monkeypatch.setenv("KILL_RANK", rank)
        process = start(name, devices, *words, resumed=resumed)
        _, said = process.communicate(timeout=300)
        code = (-signal.SIGKILL if devices == 1 else 1) if kill else 0
        assert process.returncode == code and "Traceback" not in said, said
        (run,), make.said = list_runs(tmp_path / name), said
        assert (run.manifest.status == "finished") is not bool(kill)
        return run

    make.start = start
    return make


@pytest.fixture
def go_on(fit, tmp_path):
    """A function that goes on with a copy of a run that was killed, on so many devices."""

    def make(killed, devices, *words):
        name = f"{killed.path.parent.name}-{devices}"
        shutil.copytree(killed.path.parent, tmp_path / name)
        return fit(name, devices, "--accept-changes", *words, resumed=True)

    return make


def same(one: Run, other: Run) -> None:
    """Both have the same rows and the same weights, to the bit."""
    rows = [[{k: v for k, v in row.items() if k not in WITHOUT} for row in run.history.rows] for run in (one, other)]
    assert repr(rows[0]) == repr(rows[1])
    assert one.weights.read_bytes() == other.weights.read_bytes()


def near(one: Run, other: Run, abs: float = 1e-6) -> None:
    """Both have the same rows and the same weights, but for rounding."""
    assert len(one.history) == len(other.history) == 3
    for mine, theirs in zip(one.history.rows, other.history.rows, strict=True):
        for name in COMPARED:
            assert mine[name] == pytest.approx(theirs[name], rel=abs, abs=abs), name
    weights = load_file(other.weights)
    for name, value in load_file(one.weights).items():
        assert value == pytest.approx(weights[name], abs=abs), name


def test_a_job_of_two_processes_killed_in_an_epoch_goes_on_alike_on_two_and_on_one(fit, go_on):
    job = ("--resume-if-exists",)
    whole = fit("whole", 2, *job)
    killed = fit("killed", 2, *job, kill="step 8", rank="1")
    assert len(killed.history) == 1
    near(go_on(killed, 1), whole)
    same(fit("killed", 2, *job), whole)


@pytest.mark.slow
@pytest.mark.parametrize("kill", ["step 8", "validation 2", "kept 2"])
def test_a_fit_of_two_processes_killed_anywhere_goes_on_with_any_number(fit, go_on, kill):
    whole = fit("whole", 2, *SCORING)
    killed = fit("killed", 2, *SCORING, kill=kill)
    logged = ("--logger", "passing")
    same(go_on(killed, 2, *logged), whole)
    near(go_on(killed, 1, *logged), whole)
    near(go_on(killed, 4, *logged), whole)


@pytest.mark.slow
@pytest.mark.parametrize("kill", ["step 8", "validation 2"])
def test_a_fit_of_one_process_killed_in_an_epoch_or_at_its_end_goes_on_with_two(fit, go_on, kill):
    whole, killed = fit("whole", 1, *SCORING), fit("killed", 1, *SCORING, kill=kill)
    near(go_on(killed, 2), whole)


@pytest.mark.slow
def test_shares_of_weights_killed_in_an_epoch_go_on_with_other_shares(fit, go_on):
    plain = ("linear=no", "dropout=0", "--reg", "weight-averaging=off", "--strategy", "fsdp", "--precision", "32-true")
    whole, killed = fit("whole", 2, *plain), fit("killed", 2, *plain, kill="step 8", rank="1")
    same(go_on(killed, 2), whole)
    near(go_on(killed, 4), whole, 1e-5)
    near(go_on(killed, 1, "--strategy", "ddp"), whole, 1e-5)


FULL = "No space left on device"
TOLD = "the fit goes on, and tries again"


def test_a_state_that_the_first_of_two_cannot_write_stops_neither_and_is_written_later(fit, monkeypatch):
    monkeypatch.setenv("FULL_AT", "3 13")
    run = fit("full", 2)
    assert fit.said.count(TOLD) == 1 and "the disk failed for a while; everything is kept now" in fit.said
    assert len(run.history) == 3 and len([*run.path.glob("checkpoints/*.ckpt")]) == 1


@pytest.mark.slow
def test_a_disk_that_stays_full_under_the_first_of_two_is_told_at_the_end(fit, monkeypatch):
    whole = fit("whole", 2)
    monkeypatch.setenv("FULL_AT", "8 0")
    process = fit.start("full", 2)
    _, said = process.communicate(timeout=300)
    (run,) = list_runs(whole.path.parents[1] / "full")
    assert said.count(TOLD) == 1 and "1 epoch of 3 are kept, and nothing after" in said and "Traceback" not in said
    assert len(run.history) == 1 and run.history.rows[0]["val_loss"] == whole.history.rows[0]["val_loss"]
