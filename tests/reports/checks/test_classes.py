"""Classes of which the network finds few."""

from dataclasses import replace

import numpy as np

from dl.recipes.resolve import resolve
from dl.runs.run import Run
from dl_reports.checks.classes import _remedy, missed
from dl_reports.facts import Facts
from dl_reports.read import read

RARE = {"shares": (0.9, 0.1), "prior": 3.0, "signal": [0.5] * 4, "n": 2000}


def test_a_class_that_is_hardly_found_is_an_issue_with_its_counts(facts, finding):
    found = finding(missed, **RARE)
    counts = facts(**RARE).class_counts
    assert found.severity == "issue" and found.evidence["classes"] == ["1"]
    assert found.evidence["found"] == [counts.right[1]] and found.evidence["examples"] == [200]
    assert f"{counts.right[1]} of 200 '1'" in found.message


def test_classes_that_are_found_alike_are_no_finding(finding):
    assert finding(missed, signal=[3.0] * 4) is None


def test_a_class_too_rare_to_tell_is_named_in_a_note(finding):
    found = finding(missed, shares=(0.9, 0.099, 0.001), prior=1.0, signal=[3.0] * 3, n=2000)
    assert found is None or found.severity in ("note", "issue")
    never = finding(missed, shares=(0.994, 0.006), prior=5.0, signal=[0.5] * 3, n=500)
    assert never.severity == "note" and "'1' (3)" in never.message


def test_the_counts_of_classes_are_those_of_the_kept_answers(facts):
    found = facts(**RARE)
    counts, targets = found.class_counts, found.kept.val.targets
    assert counts.examples.tolist() == np.bincount(targets).tolist()
    assert counts.right.sum() == (found.answers == targets).sum()


def advised(run, plugins, task="binary", **said):
    """Return the command against missed classes, of a run with another recipe."""
    recipe = resolve(plugins, "tabular", "breast-cancer", **said)
    (run.path / "recipe.toml").write_text(recipe.to_toml())
    info = replace(run.manifest.task, name=task, positive="1", probabilities="sigmoid", counts=(9, 1))
    (run.path / "run.json").write_text(replace(run.manifest, domain="tabular", task=info).to_json())
    facts = Facts(read(Run(run.path)), plugins)
    return _remedy(facts, facts.class_counts, np.array([1]))


def test_rare_classes_are_drawn_more_often_without_a_linear_path_and_then_found_from_a_lower_threshold_on(
    simulated, plugins
):
    run = simulated(**RARE)
    drawn = advised(run, plugins, options={"linear": True})
    assert "linear=yes" not in drawn and drawn.endswith("--reg resample=1")
    for said in ({"reg": {"resample": "1"}}, {"model": "boosting"}):
        assert "threshold=f1" in advised(run, plugins, **said), "what was tried, or cannot be, is not advised"
    tried = advised(run, plugins, reg={"resample": "1"}, options={"threshold": "f1"})
    assert "threshold" not in tried.replace("threshold=f1", "") and "epochs=" in tried
    assert advised(run, plugins, task="multilabel").endswith("threshold=f1"), "labels are not drawn by their class"
