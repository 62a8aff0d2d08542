"""Training ends as it ends - finished, stopped, failed - and the run tells how, with what was good until then."""

import signal

import numpy as np
import pytest
import torch

import dl
from dl.errors import PluginFailed, TrainingFailed
from dl.inference.load import reopen
from dl.runs.history import read_history
from dl.runs.run import open_run
from dl.training.devices import Devices


def read_weights(run):
    from safetensors.numpy import load_file

    return load_file(run.weights)


def test_the_weights_of_the_last_good_epoch_are_kept_when_the_loss_is_lost(fit, line, plugins_with, runs):
    with pytest.raises(TrainingFailed) as failed:
        fit(line, lr=3.0, optimizer="sgd", epochs=1000, batch_size=48)
    run = open_run("last", runs)
    good = run.manifest.best_epoch
    assert good >= 1 and f"epoch {len(run.history) + 1}" in str(failed.value)
    assert all(np.isfinite(value).all() for value in read_weights(run).values())
    assert np.isfinite(run.history.column("val_loss")).all()
    assert reopen(run, plugins_with(given=line)).network is not None


def test_a_disk_that_fills_up_later_leaves_a_run_that_reads_and_a_fit_that_ends(fit, blobs, runs, monkeypatch):
    import os

    replace = os.replace

    def full(source, target):
        if "epoch-00003" in str(target):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr("dl.files.os.replace", full)
    with pytest.warns(UserWarning, match="the disk is full: 2 epochs of 5 are kept, and nothing after them"):
        fit(blobs(), epochs=5)
    run = open_run("last", runs)
    assert run.manifest.status == "running"  # its end could not be written
    assert len(run.history) == 2 == run.outcomes("val").loss.shape[0]


def test_a_model_that_fails_leaves_a_run_that_says_so(fit, blobs, runs, monkeypatch):
    def fail(self, *_):
        raise RuntimeError("out of something")

    monkeypatch.setattr("dl.training.module.make_optimizer", fail)
    with pytest.raises(PluginFailed, match="a run with the model 'linear' failed: RuntimeError: out of something"):
        fit(blobs())
    manifest = open_run("last", runs).manifest
    assert manifest.status == "failed"
    assert manifest.message.startswith("RuntimeError: out of something (test_train.py:")


def test_the_longest_time_is_obeyed(blobs, plugins_with, runs):
    devices = Devices("cpu", "1", max_time="00:00:00:01")
    run = dl.fit("numbers", "given", plugins=plugins_with(given=blobs()), runs=runs, devices=devices, epochs=100_000)
    assert run.manifest.status == "finished" and 1 < run.manifest.seconds < 15
    assert 1 < len(read_history(run.path / "history.csv")) < 100_000


@pytest.mark.parametrize(
    "error", [MemoryError(), torch.OutOfMemoryError("CUDA"), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_where_memory_runs_out_half_the_batch_is_offered(fit, blobs, runs, net, error):
    def fail(logits, training):
        if training:
            raise error
        return logits

    with pytest.raises(TrainingFailed, match=r"^out of memory with batches of 10  try: batch_size=5$"):
        fit(blobs(), model="net", more=[net(fail)], batch_size=10)
    assert open_run("last", runs).manifest.status == "failed"
    assert open_run("last", runs).manifest.message == "out of memory with batches of 10  try: batch_size=5"


def test_a_signal_ends_the_fit_at_a_step_with_its_scores_and_the_run_tells_where(fit, blobs, net):
    def interrupt(logits, training):
        if training and len(logits) == 2:  # the last, smaller batch of an epoch
            signal.raise_signal(signal.SIGTERM)
        return logits

    run = fit(blobs(n=90), model="net", more=[net(interrupt)], batch_size=10, epochs=5)
    assert (run.manifest.status, run.manifest.signal) == ("interrupted", signal.SIGTERM)
    assert run.manifest.message == "stopped by a signal in epoch 1, after step 8" and len(run.history) == 1
