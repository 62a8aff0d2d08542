"""The ladder of a data set, and of a run, which keeps it and compares its network with it."""

import json

import numpy as np
import pytest

import dl
from dl.errors import BadRun
from dl.runs.outcomes import read_rivals


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("tabular", "wine"), {"linear", "boosting"}),
        (("tabular", "diabetes"), {"linear", "boosting"}),
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
    fitted = dl_run("fit", "tabular", "diabetes", "epochs=2", "lr=1e-6", "--model", "dense", "--json")
    before = dl_run("report", "last", "--json").json
    answer = dl_run("baseline", "last", "--json")
    assert answer.code == 0 and [one["name"] for one in answer.json["rivals"]] == ["linear", "boosting"]
    run = dl.Run(tmp_path / fitted.json["run"])
    assert set(read_rivals(run.outcomes_folder)) == {"linear", "boosting"}
    assert read_rivals(run.outcomes_folder)["linear"].mean() == pytest.approx(
        answer.json["rivals"][0]["score"], rel=1e-4
    )
    after = dl_run("report", "last", "--json").json
    assert len(after["ladder"]) == len(before["ladder"]) + 2
    assert "ridge regression" in after["verdict"]["sentence"]
    again = dl_run("baseline", "last", "--json").json
    assert len(again["rivals"]) == 2 and len(json.loads((run.path / "run.json").read_text())["baselines"]) == 4


def test_what_has_no_split_of_its_own_is_one_line(dl_run, tmp_path):
    dl_run("cv", "tabular", "wine", "--protocol", "kfold:2", "epochs=1", "--model", "dense")
    answer = dl_run("baseline", "last")
    assert answer.code == BadRun.exit_code and "has folds, which have splits of their own" in answer.err
    assert dl_run("baseline", "runs/0001-wine-dense/folds/01").code == 0
