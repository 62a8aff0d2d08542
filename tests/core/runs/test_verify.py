import json
import shutil
from dataclasses import asdict
from hashlib import sha256

import pytest

from dl import sealed
from dl.errors import BadRun
from dl.runs.run import Run, open_run
from dl.runs.states import listed_states
from dl.runs.study import read_study
from dl.runs.verify import faults_inside, find_faults
from dl.runs.workflow import read_workflow
from dl.stored import seal_text
from dl.testing.fits import kept_runs
from dl.tuning.study import read_study as tuning_study


@pytest.fixture
def runs(tmp_path):
    """A folder of runs, with a copy of a known fit."""
    shutil.copytree(kept_runs()["is clean"].path, tmp_path / "runs/0001-mine")
    return tmp_path / "runs"


def flip(path):
    """Change a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 8
    path.write_bytes(content)


def test_each_file_that_differs_is_named_and_a_run_without_a_list_has_no_fault(runs):
    run = open_run(1, runs)
    assert find_faults(run) == []
    (run.outcomes_folder / "epoch-00002.npz").unlink()
    content = run.weights.read_bytes()
    run.weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    name = run.weights.name
    assert [str(one) for one in find_faults(run)] == [
        f"{name}: it is not what was written, its checksum differs",
        "outcomes/epoch-00002.npz: it is missing",
    ]
    assert [one.file for one in find_faults(run, most=0)] == ["outcomes/epoch-00002.npz"]  # of others the size alone
    (run.path / "run.json").write_text(run.manifest.to_json().replace('"files": {', '"other": {'))
    assert find_faults(Run(run.path)) == []


def test_a_report_of_folds_reads_the_files_of_each(runs):
    run = open_run(1, runs)
    for number in ("01", "02"):
        shutil.copytree(kept_runs()["is clean"].path, run.path / "folds" / number)
    assert find_faults(run) == []
    flip(run.folds[0].path / "findings.json")
    flip(run.folds[1].path / "run.json")
    assert [one.file for one in find_faults(run)] == ["folds/01/findings.json", "folds/02/run.json"]
    assert [line.partition(":")[0] for line in faults_inside(run)] == [
        str(run.path / "folds/01/findings.json"),
        str(run.path / "folds/02/run.json"),
    ]
    report = run.report()
    assert [one.code for one in report.findings if one.severity == "issue"] == ["health-damaged"]


def test_a_state_that_has_changed_is_named_and_told_whether_another_is_left(runs):
    run = open_run(1, runs)
    folder = run.path / "checkpoints"
    (newest,) = listed_states(folder)
    flip(folder / newest.file)
    assert [*faults_inside(run)] == [f"{folder / newest.file}: it is damaged or missing; the fit cannot go on"]
    (folder / "state-000099.ckpt").write_bytes(b"state")
    other = {"file": "state-000099.ckpt", "sequence": 99, "sha256": sha256(b"state").hexdigest()}
    (folder / "manifest.json").write_text(json.dumps([asdict(newest), other]))
    assert [*faults_inside(run)] == [f"{folder / newest.file}: it is damaged or missing; the other one is taken"]
    (folder / "manifest.json").write_text("[")
    assert next(iter(faults_inside(run))).startswith(f"'{folder / 'manifest.json'}' is damaged")


def test_the_doctor_names_the_files_of_a_run(dl_run, runs):
    assert dl_run("doctor", "1", "--runs", runs).out.split(maxsplit=2)[:2] == ["ok", "0001-mine"]
    path = sealed.place(runs / "0001-mine/recipe.toml")
    path.write_bytes(path.read_bytes() + b"#")
    answer = dl_run("doctor", "last", "--runs", runs)
    assert answer.code == 1 and "recipe.toml: it has" in answer.out and "restore it from a copy" in answer.out


def test_the_doctor_names_a_folder_that_was_claimed_and_a_torn_line_of_the_ledger(dl_run, runs):
    (runs / "0002-mine").mkdir()
    (runs / "test-ledger.jsonl").write_bytes(b'{"run": "0001-mi')
    assert open_run("last", runs).name == "0001-mine"
    assert [row["name"] for row in dl_run("ls", "runs", "--runs", runs, "--json").json] == ["0001-mine"]
    told = [one["message"] for one in dl_run("doctor", "--runs", runs, "--json").json if one["name"] == "runs"]
    assert any("0002-mine holds no run" in one for one in told) and any("line 1 was cut off" in one for one in told)


@pytest.mark.parametrize("name", ["outcomes/epoch-00001.npz", "best.safetensors", "preprocessor.json", "recipe.toml"])
def test_a_report_of_a_damaged_run_says_so_and_its_gate_fails(dl_run, runs, name):
    assert dl_run("report", "1", "--runs", runs, "--fail-on", "issue", "--json").code == 0
    path = sealed.place(runs / "0001-mine" / name)
    flip(path)
    answer = dl_run("report", "1", "--runs", runs, "--fail-on", "issue", "--json")
    first = answer.json["findings"][0]
    assert answer.code == 1 and first["code"] == "health-damaged" and path.name in first["message"]


@pytest.mark.parametrize("name", ["study.json", "fits.json", "workflow.json"])
def test_a_changed_byte_in_the_file_of_a_study_or_a_workflow_is_named(tmp_path, name):
    path = tmp_path / "0001-numbers-study" / name
    path.parent.mkdir()
    path.write_text(seal_text({"format": 1, "name": "0001-numbers-study"}))
    assert [*faults_inside(Run(path.parent))] == []
    path.write_text(path.read_text().replace("numbers", "members"))
    (line,) = faults_inside(Run(path.parent))
    assert line == f"{path} is damaged: it is not what was written, its checksum differs; restore it from a copy"
    read = {"study.json": tuning_study, "fits.json": read_study, "workflow.json": read_workflow}[name]
    with pytest.raises(BadRun, match="its checksum differs"):
        read(path.parent)
