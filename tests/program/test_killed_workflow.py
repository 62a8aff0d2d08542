"""A real kill in the middle of a stage: the workflow goes on, and nothing that was finished is made again."""

import json
import time

import pytest

pytestmark = pytest.mark.check

OFF = ("early-stopping", "shrink", "l1", "max-norm", "missing", "mixup", "noise", "label-smoothing", "class-weights")
WORDS = ("--trials", "2", "epochs=2", "lr=0.01", *(word for name in OFF for word in ("--reg", f"{name}=off")))


def wait_for(found, process):
    for _ in range(6_000):
        if found():
            return
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    pytest.fail("the workflow did not come that far")


def test_a_workflow_that_was_killed_in_a_stage_goes_on_there_and_ends_with_one_page(
    dl_process, dl_run, dl_table, tmp_path
):
    process = dl_process("workflow", "tabular", dl_table, "--target", "label", *WORDS, "--runs", tmp_path / "runs")
    folder = tmp_path / f"runs/0001-{dl_table.stem}-workflow"
    wait_for(lambda: len(list(folder.glob("0002-*/fits/02/run.json"))) == 1, process)
    process.kill()
    process.wait()
    killed = dl_run("status", "--json").json
    assert (killed["status"], killed["running"]) == ("killed", False)
    assert [one["status"] for one in killed["stages"]][:4] == ["finished", "finished", "finished", "running"]
    assert killed["next"] == "dl workflow --resume 1"
    before = {path: path.read_bytes() for path in sorted(folder.glob("0001-*/**/*")) if path.is_file()}
    first = {path: path.read_bytes() for path in sorted(folder.glob("0002-*/fits/01/*")) if path.is_file()}
    state = json.loads((folder / "workflow.json").read_text())
    again = dl_run("workflow", "--resume", "1", "--json")
    assert again.code == 0, again.err
    assert {path: path.read_bytes() for path in {**before, **first}} == {**before, **first}
    assert again.json["stages"][:3] == state["stages"][:3] and again.json["status"] == "finished"
    assert "goes on after 3 of 7 stages" in again.err
    page = dl_run("report", "last")
    assert page.code == 0 and f"0001-{dl_table.stem}-workflow" in page.out and "checked by ____" in page.out
    for title in ("the ladder", "capacity", "the final score", "looks at each set"):
        assert f"\n{title}\n" in page.out
    assert json.loads(dl_run("report", "1", "--json").out)["name"] == folder.name
    assert dl_run("report", "1", "--md").out.startswith(f"### {folder.name}")
    assert dl_run("report", "1", "--html", "page.html").code == 0
    assert f"<h1>{folder.name}</h1>" in (tmp_path / "page.html").read_text()
    assert [one["typed"] for one in again.json["stages"][4]["remedies"]] == [
        "--reg l2=0.0001",
        "dropout=0.5",
        "--reg focal=2 linear=no",
        "--reg resample=0.5 linear=no",
    ]
    listed = dl_run("ls", "runs", "--json").json
    assert (listed[0]["name"], listed[0]["status"]) == (folder.name, "finished")
    final = folder / again.json["stages"][-1]["run"]
    assert dl_run("report", str(final)).code == 0
