"""A folder of runs for the board: two fits with curves, one with a hostile name, one damaged, one killed, a study."""

import json
import shutil
from dataclasses import replace

import pytest

from dl.runs.notes import add_tags, write_note
from dl.runs.run import Run
from dl.testing.fits import kept_runs

HOSTILE = "<img src=x onerror=document.title='stolen'>"


def rewrite(path, **changes):
    """Change fields of a manifest, and seal it anew."""
    (path / "run.json").write_text(replace(Run(path).manifest, **changes).to_json(sealed=True), encoding="utf-8")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The folder; tests that change it copy it."""
    root, run = tmp_path_factory.mktemp("board") / "runs", kept_runs()["is clean"]
    for name in ("0001-mine", "0002-mine", f"0003-{HOSTILE}", "0004-broken", "0005-gone"):
        shutil.copytree(run.path, root / name)
    hostile = root / f"0003-{HOSTILE}"
    parts = replace(run.manifest.parts, name=f"</script>{HOSTILE}")
    task = replace(run.manifest.task, names=(HOSTILE, "\u202eb"))
    rewrite(hostile, name=hostile.name, parts=parts, task=task, message=f"{HOSTILE}\x1b[2J")
    write_note(hostile, f"{HOSTILE}\u202e")
    add_tags(hostile, ["&amp;", "kept"])
    rewrite(root / "0002-mine", created="2030-01-01T00:00:00+00:00")
    (root / "0004-broken/run.json").write_text("{")
    rewrite(root / "0005-gone", status="running", pid=2**22 + 1)
    shutil.copytree(run.path, root / "0001-mine/folds/01")
    metric = {"name": "accuracy", "higher": True, "perfect": 1.0, "kind": "proportion"}
    point = {"label": "10 examples", "size": 10.0, "fit": 1, "epochs": 3, "note": HOSTILE}
    study = {"path": "", "verb": "curve", "over": "data", "data": "mine", "model": "plain", "metric": metric}
    sizes = {"train": 1, "val": 1, "rule": "half", "points": [point], "conclusion": "enough", "status": "finished"}
    (root / "0006-curve").mkdir()
    (root / "0006-curve/fits.json").write_text(json.dumps(study | sizes))
    return root
