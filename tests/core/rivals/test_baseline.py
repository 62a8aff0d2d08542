"""The ladder of a data set, and of a run, which keeps it and compares its network with it."""

import json

import numpy as np
import pytest

import dl
from dl.runs.outcomes import read_rivals

RUNGS = {"linear", "boosting", "xgboost"}
WEAK = ("--model", "dense", "linear=no", "epochs=2", "lr=1e-6")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("tabular", "wine"), RUNGS),
        (("tabular", "diabetes"), RUNGS),
        (("vision", "digits"), {"linear", "neighbours"}),
        (("text", "valence"), {"linear"}),
    ],
)
def test_every_domain_has_rivals_better_than_the_constant_answers(words, names):
    found = dl.baseline(*words)
    sign = 1 if found.info.headline.higher else -1
    assert {one.baseline.name for one in found.rivals} == names
    assert all(np.isfinite(one.estimate).all() for one in found.rivals)
    if words[1] != "valence":
        assert (
            sign * found.rivals[-1].baseline.score > sign * max(found.constants, key=lambda one: sign * one.score).score
        )


def test_a_run_keeps_its_rivals_and_its_report_compares_with_them_example_by_example(dl_run, tmp_path):
    fitted = dl_run("fit", "tabular", "diabetes", *WEAK, "--json")
    before = dl_run("report", "last", "--json").json
    answer = dl_run("baseline", "last", "--json")
    assert answer.code == 0 and {one["name"] for one in answer.json["rivals"]} == RUNGS
    assert answer.json["rivals"][0]["name"] == "linear", "the best of them"
    run = dl.Run(tmp_path / fitted.json["run"])
    assert set(read_rivals(run.outcomes_folder)) == RUNGS
    assert read_rivals(run.outcomes_folder)["linear"].mean() == pytest.approx(
        answer.json["rivals"][0]["score"], rel=1e-4
    )
    after = dl_run("report", "last", "--json").json
    assert len(after["ladder"]) == len(before["ladder"]) + 3
    assert "ridge regression" in after["verdict"]["sentence"]
    again = dl_run("baseline", "last", "--json").json
    assert len(again["rivals"]) == 3 and len(json.loads((run.path / "run.json").read_text())["baselines"]) == 5


def test_the_rivals_of_a_cross_validated_run_are_fitted_in_its_folds(dl_run, tmp_path):
    fitted = dl_run("cv", "tabular", "wine", "--protocol", "iterated-kfold:2x2", *WEAK, "--json")
    answer = dl_run("baseline", "last", "--json")
    assert answer.code == 0, answer.err
    run = dl.Run(tmp_path / fitted.json["run"])
    val, kept = run.outcomes("val"), read_rivals(run.outcomes_folder)
    best = answer.json["rivals"][0]
    assert kept[best["name"]].shape == val.ids.shape == (288,)
    assert best["score"] == pytest.approx(kept[best["name"]].mean()) and best["score"] > 0.9
    assert 0 < best["estimate"][1] < best["score"] < best["estimate"][2] <= 1
    alone = dl_run("baseline", "runs/0001-wine-dense/folds/03", "--json").json
    third = next(one["score"] for one in alone["rivals"] if one["name"] == best["name"])
    assert kept[best["name"]][val.folds == 3].mean() == pytest.approx(third)
    assert "certainly better" in dl_run("report", "last", "--json").json["verdict"]["sentence"]
