"""The ground of a study: what its fits share, how a signal ends it, and skill beyond a constant answer."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from dl.errors import BadDevices, BadRun
from dl.runs.study import Study
from dl.stored import from_json
from dl.training.devices import Devices

CURVE = [sys.executable, "-m", "dl", "curve", "tabular", "wine", "--over", "capacity", "width=4", "epochs=200"]


def test_the_folder_holds_the_study_as_it_was_returned(blobs, study, runs):
    found = study("curve", blobs(), over="data", epochs=1)
    folder = runs / "0001-given-curve"
    assert from_json((folder / "fits.json").read_text(), Study) == found
    assert sorted(path.name for path in (folder / "fits").iterdir()) == ["01", "02", "03", "04", "05"]
    assert (folder / "recipe.toml").exists() and found.path == str(folder)


def test_fits_share_the_validation_set_and_what_is_decided_on_all_examples(dataset, study):
    rng = np.random.default_rng(0)
    targets = (np.arange(300) % 7 == 0).astype(int)
    found = study("curve", dataset(rng.normal(size=(300, 3)).astype(np.float32), targets, ("a", "b")), epochs=1)
    manifests = [found.run(point.fit).manifest for point in found.points]
    assert len({one.parts.val_fingerprint for one in manifests}) == 1
    assert {one.task.positive for one in manifests} == {"b"}


def test_a_command_names_what_was_asked_for_with_some_of_it_changed(blobs, study):
    found = study("curve", blobs(), over="lr", lr=1e-5, epochs=2, seed=3)
    assert found.next == "dl curve numbers given --model dense --seed 3 batch_size=8 lr=0.001 epochs=2 --over lr"


def test_several_devices_are_refused(blobs, study):
    with pytest.raises(BadDevices, match="one after the other on one device, not 2"):
        study("curve", blobs(), devices=Devices("cpu", "2"))


def test_a_signal_ends_the_fit_and_resume_keeps_what_is_finished(tmp_path):
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    process = subprocess.Popen(CURVE, cwd=tmp_path, env=environment, **streams)
    fits = tmp_path / "runs/0001-wine-curve/fits"
    until = time.monotonic() + 120
    while not (fits / "02/recipe.toml").exists() and time.monotonic() < until and process.poll() is None:
        time.sleep(0.1)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out = process.communicate()[0]
    assert process.returncode == 130 and "stopped by a signal; the finished fits are kept" in out, out
    stored = json.loads((tmp_path / "runs/0001-wine-curve/fits.json").read_text())
    assert stored["status"] == "interrupted" and len(stored["points"]) == 1
    assert stored["next"].endswith("--over capacity --resume 0001-wine-curve")


def test_a_study_from_other_data_is_not_gone_on_with(blobs, study):
    study("curve", blobs(160), over="data", epochs=1)
    with pytest.raises(BadRun, match="has other choices or other data"):
        study("curve", blobs(200), over="data", epochs=1, resume="last")
