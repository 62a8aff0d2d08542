"""dl check --against: new data beside what a run saw, from files and from memory."""

import numpy as np
import pytest
from PIL import Image

import dl
from dl.runs.drift import SEEN
from dl.runs.ledger import LEDGER, read_ledger


def write(path, n, seed, *, moved=0.0, turned=False, label=True):
    """A table in which x tells the target, or, turned, tells the opposite."""
    rng = np.random.default_rng(seed)
    x, z = rng.normal(size=(2, n))
    y = np.where((x > 0) != turned, "yes", "no")
    rows = [
        f"{a:.4f},{b + moved:.4f},{c},{d}" for a, b, c, d in zip(x, z, rng.choice(["red", "blue"], n), y, strict=True)
    ]
    rows = rows if label else [row.rpartition(",")[0] for row in rows]
    path.write_text("\n".join(["x,z,colour" + ",bought" * label, *rows]) + "\n")
    return path.name


@pytest.fixture
def fitted(dl_run, tmp_path):
    name = write(tmp_path / "old.csv", 400, 0)
    dl_run("fit", "tabular", name, "--target", "bought", "epochs=4", "--model", "dense", "lr=0.01", "--json")
    return tmp_path / "runs" / "0001-old-dense"


def test_a_table_is_told_from_one_that_moved_and_from_one_whose_targets_turned(dl_run, fitted, tmp_path):
    same = dl_run("check", write(tmp_path / "same.csv", 300, 1), "--against", "last", "--json")
    assert same.json["state"] == "none" and not same.json["next"] and same.json["examples"] == 300
    moved = dl_run("check", write(tmp_path / "moved.csv", 300, 2, moved=1), "--against", "last", "--fail-on", "issue")
    assert moved.code == 1 and "1 of 3 columns moved: 'z' median" in moved.out
    assert moved.out.startswith("moved, 300 examples, has drifted from what 0001-old-dense saw: inputs and columns of")
    turned = dl_run("check", write(tmp_path / "turned.csv", 300, 3, turned=True), "--against", "last", "--json").json
    scores = turned["parts"][-1]
    assert turned["state"] == "scores" and "certainly worse by" in scores["message"] and scores["change"]["high"] < 0
    assert turned["next"] == "dl fit tabular turned.csv --from runs/0001-old-dense"
    looks = read_ledger(tmp_path / "runs" / LEDGER)
    assert [(one["data"], one["look"], one["in_training"]) for one in looks] == [
        ("same", 1, 0),
        ("moved", 1, 0),
        ("turned", 1, 0),
    ]
    bare = dl_run("check", write(tmp_path / "bare.csv", 300, 4, label=False), "--against", "last", "--json").json
    assert bare["state"] == "none" and bare["parts"][-1]["message"].startswith(
        "not compared: bare.csv has no column 'bought'"
    )
    own = dl_run("check", "old.csv", "--against", "last", "--json").json
    assert own["parts"][-1]["evidence"]["seen"] == 400  # all of them, and it is said
    (fitted / "outcomes" / SEEN).unlink()
    again = dl_run("check", "moved.csv", "--against", "last", "--json").json  # the run's own data is read again
    assert again["state"] == "inputs"
    (tmp_path / "old.csv").unlink()
    gone = dl_run("check", "moved.csv", "--against", "last", "--json").json
    assert "its data cannot be read again" in gone["parts"][0]["message"]
    assert gone["parts"][-1]["state"] == "alike"  # the network is of use without its data


def test_images_of_another_size_are_read_as_the_run_reads_its_own(tmp_path):
    rng = np.random.default_rng(0)
    inputs, targets = rng.integers(0, 120, (300, 8, 8), np.uint8), np.arange(300) % 2
    inputs[targets == 1] += 60
    run = dl.fit("vision", (inputs, targets), epochs=2, runs=tmp_path / "runs", model="dense")
    assert dl.check(data=(inputs[:100], targets[:100]), against=run).state == "none"
    for k in range(60):
        path = tmp_path / "bright" / str(k % 2) / f"{k}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.kron(inputs[k], np.ones((2, 2), np.uint8)) + 60).save(path)
    found = dl.check(data=tmp_path / "bright", against=run)
    assert found.state in ("inputs", "both") and "'brightness' median" in found.parts[1].message
    assert found.parts[3].state != "unknown"


def test_what_does_not_fit_the_run_is_one_line(dl_run, fitted, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n3,4\n")
    lines = {
        ("vision", "old.csv"): "0001-old-dense reads tabular, not vision; leave the domain out",
        ("other.csv",): "columns",
        ("nosuch.csv",): "no file or folder 'nosuch.csv'",
        (
            "old.csv",
            "pieces=3",
        ): "pieces= changes how inputs are prepared, which 0001-old-dense has learnt",
        ("old.csv", "--seed", "3"): "seed= is a choice of a fit; against a run, the data is read as its own",
    }
    for words, line in lines.items():
        answer = dl_run("check", *words, "--against", "last")
        assert answer.code in (2, 3) and line in answer.err, words
