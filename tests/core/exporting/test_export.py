"""An export is compared with its run, written whole or not at all, and never over something else."""

import json
from dataclasses import replace

import numpy as np
import pytest

import dl
from dl import files
from dl.errors import BadData, BadOption, BadRun, CannotWrite
from dl.exporting import export
from dl.exporting.agreement import Agreement
from dl.runs.run import Run
from dl.work import listening


def test_a_folder_is_written_whole_and_replaced_by_force_alone(visits, tmp_path):
    done = visits.export("huggingface", out=tmp_path / "hub")
    assert {one.name for one in done.files} == {
        "README.md",
        "SHA256SUMS",
        "model.safetensors",
        "config.json",
        "network.json",
        "load.py",
        "steps.py",
    }
    assert {one.name for one in tmp_path.iterdir()} - {"cache"} == {"hub"}
    assert json.loads((done.path / "config.json").read_text())["agreement"] == done.agreement.as_dict()
    assert f"- Agreement: {done.agreement}" in (done.path / "README.md").read_text()
    with pytest.raises(BadOption, match=r"'.*hub' is there already; nothing was written  replace it: --force"):
        dl.export(visits, "huggingface", out=tmp_path / "hub")
    assert dl.export(visits, "huggingface", out=tmp_path / "hub", force=True).path == done.path


def test_an_export_tells_how_far_it_is(visits, tmp_path):
    seen = {}

    def listen(under_way):
        seen.update({one.name: one for one in under_way})

    monotonic = iter(range(1_000_000))
    with pytest.MonkeyPatch.context() as patched, listening(listen):
        patched.setattr("dl.work.time.monotonic", lambda: float(next(monotonic)))
        patched.setattr("dl.training.scoring.EVAL_BYTES", 0)  # a single batch would be computed before anybody looks
        done = visits.export("onnx", out=tmp_path / "visits.onnx")
    assert seen.keys() >= {"computing", "tracing", "converting", "comparing"}
    for name in ("computing", "comparing"):
        assert seen[name].done == seen[name].total == done.agreement.examples


def test_a_folder_of_something_else_is_never_replaced(visits):
    with pytest.raises(BadOption, match="did not write, and --force does not replace it"):
        dl.export(visits, "folder", out=visits.path, force=True)
    assert visits.weights.exists()


def test_nothing_is_written_of_a_network_that_answers_otherwise(visits, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "measure", lambda *_: Agreement("validation", 60, 59, 0.0, "probability"))
    with pytest.raises(BadData, match=f"{visits.name} was not exported: .* 59 of 60 answers"):
        dl.export(visits, "folder", out=tmp_path / "network")
    assert [*tmp_path.iterdir()] == []


def test_a_full_disk_is_one_line_and_leaves_nothing(visits, tmp_path, monkeypatch):
    def full(path, _content):
        raise CannotWrite(f"cannot write {str(path)!r}: the disk is full")

    monkeypatch.setattr(files, "write_bytes", full)
    with pytest.raises(CannotWrite, match="the disk is full"):
        dl.export(visits, "safetensors", out=tmp_path / "network.safetensors")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    "to, out, why",
    [
        (
            "onx",
            None,
            "no format 'onx'; did you mean 'onnx'\\?  formats: onnx, torch, safetensors, huggingface, folder",
        ),
        ("onnx", "network.bin", "a file of onnx ends in .onnx"),
    ],
)
def test_a_wrong_format_or_suffix_is_one_line(visits, to, out, why):
    with pytest.raises(BadOption, match=why):
        dl.export(visits, to, out=out)


@pytest.mark.parametrize(
    "status, then", [("killed", "go on with it: dl fit --resume"), ("failed", "go on"), ("running", "dl status")]
)
def test_a_run_that_did_not_end_is_one_line(visits, status, then):
    run = Run(visits.path)
    run.__dict__["manifest"] = replace(visits.manifest, status=status)
    with pytest.raises(BadRun, match=f"{visits.name} .*, and is not exported  .*{then}"):
        dl.export(run)


def test_a_run_on_data_in_memory_is_exported_by_the_program_that_fitted_it(tmp_path, one_thread):
    images = np.random.default_rng(0).integers(0, 255, (60, 8, 8), np.uint8)
    run = dl.fit("vision", (images, images.mean(axis=(1, 2)) > 127), model="dense", epochs=1, runs=tmp_path / "runs")
    done = run.export("folder", out=tmp_path / "network")
    assert done.agreement.same == done.agreement.examples > 0
    with pytest.raises(BadRun, match=r"was fitted on data in memory, .* run\.export\(\)"):
        dl.export(run.path, "folder", out=tmp_path / "other")
