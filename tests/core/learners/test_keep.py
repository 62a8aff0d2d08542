"""Every fit is compared with the learners of its domain, and none of them can lose it."""

import json

import numpy as np
import pytest

import dl
from dl.learners.keep import are_wanted
from dl.runs.outcomes import read_rivals

QUICK = ("--model", "dense", "linear=no", "epochs=1", "--json")


@pytest.mark.parametrize(("asked", "given", "wanted"), [(None, "", True), (None, "no", False), (True, "no", True)])
def test_a_fit_has_rivals_unless_they_are_left_out(asked, given, wanted, monkeypatch):
    monkeypatch.setenv("DL_RIVALS", given)
    assert are_wanted(asked) is wanted and are_wanted(False) is False


def test_a_fit_keeps_its_rivals_and_the_next_one_has_them_from_the_cache(dl_run, tmp_path, cache):
    fitted = dl_run("fit", "tabular", "diabetes", *QUICK, "--rivals")
    run = dl.Run(tmp_path / fitted.json["run"])
    rivals = [one for one in run.manifest.baselines if one.rival]
    assert {one.name for one in rivals} == set(read_rivals(run.outcomes_folder)) == {"linear", "boosting"}
    assert all(one.interval[0] < one.score < one.interval[1] and one.train == 282 for one in rivals)
    files = {path: path.read_bytes() for path in cache.glob("rivals/*.npz")}
    assert len(files) == 2
    second = dl.Run(tmp_path / dl_run("fit", "tabular", "diabetes", *QUICK, "--rivals").json["run"])
    assert second.manifest.baselines == run.manifest.baselines, "to the second"
    assert files == {path: path.read_bytes() for path in cache.glob("rivals/*.npz")}
    page = dl_run("report", "last")
    assert "ridge regression" in page.out and "ahead of boosting" in page.out
    shown = {row["name"]: row for row in dl_run("report", "last", "--json").json["ladder"]}
    assert shown["boosting"]["rival"] and shown["boosting"]["lead"]["low"] < shown["boosting"]["lead"]["high"]
    assert shown["dense"]["lead"] is None and not shown["mean"]["rival"]


def test_a_rival_that_fails_is_a_note_and_the_fit_is_finished(dl_run, site, tmp_path):
    site.add(
        "broken",
        "from dl.hookspecs import hookimpl\nfrom dl.specs import ModelSpec\n\n"
        "def fail(options):\n    raise RuntimeError('no learner today')\n\n"
        "@hookimpl\ndef register_models():\n"
        "    return [ModelSpec('broken', 'tabular', 'of a test', classifier=fail, regressor=fail)]\n",
    )
    fitted = dl_run("fit", "tabular", "diabetes", *QUICK, "--rivals")
    assert fitted.code == 0 and "no learner today" in " ".join(fitted.err.split()) and "dist-broken" in fitted.err
    manifest = json.loads((tmp_path / fitted.json["run"] / "run.json").read_text())
    assert manifest["status"] == "finished"
    assert [one["name"] for one in manifest["baselines"] if one["rival"]] == ["linear", "boosting"]
    assert np.isfinite([one["score"] for one in manifest["baselines"]]).all()
