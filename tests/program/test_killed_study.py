"""A real kill in the middle of a trial: the study goes on, and no finished trial is lost or fitted again."""

import json
import time

import pytest

pytestmark = pytest.mark.check

WORDS = ("--trials", "4", "--over", "lr,width", "--reg", "early-stopping=off", "epochs=10")


def wait_for(found, process):
    for _ in range(6_000):
        if found():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    pytest.fail("the study did not come that far")


def test_a_study_that_was_killed_in_a_fit_goes_on_with_that_trial(dl_process, dl_run, dl_table, tmp_path):
    process = dl_process("tune", "tabular", dl_table, "--target", "label", *WORDS, "--runs", tmp_path / "runs")
    trials = tmp_path / f"runs/0001-{dl_table.stem}-tune/trials"
    wait_for(lambda: (trials / "003/run.json").exists(), process)
    process.kill()
    process.wait()
    study = json.loads((trials.parent / "study.json").read_text())
    assert [trial["status"] == "running" for trial in study["trials"]] == [False, False, True]
    assert json.loads((trials / "003/run.json").read_text())["status"] == "running"
    with (trials.parent / "journal.log").open("ab") as stream:
        stream.write(b'{"op_code":')  # as if it had been killed while it wrote a line
    before = {path: path.read_bytes() for path in sorted(trials.glob("00[12]/**/*")) if path.is_file()}
    again = dl_run("tune", "--resume", "last", "--json")
    assert again.code == 0, again.err
    assert {path: path.read_bytes() for path in before} == before
    assert [trial["number"] for trial in again.json["trials"]] == [1, 2, 3, 4]
    assert again.json["trials"][:2] == study["trials"][:2]
    assert again.json["trials"][2]["options"] == study["trials"][2]["options"]
    assert all(trial["status"] in ("finished", "pruned") for trial in again.json["trials"])
