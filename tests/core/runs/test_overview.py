"""The lines of a folder of runs: from real runs, from damaged and killed ones, from what is inside of others."""

import json
import shutil
from dataclasses import replace

import pytest

from dl.runs.notes import add_tags
from dl.runs.overview import Overview, inner_paths, is_score, list_overviews, overview
from dl.runs.run import Run


@pytest.fixture
def runs(two_runs):
    return two_runs


def rewrite(path, **changes):
    """Change fields of a manifest, and seal it anew."""
    text = replace(Run(path).manifest, **changes).to_json(sealed=True)
    (path / "run.json").write_text(text, encoding="utf-8")


def test_a_run_is_a_line_with_the_scores_of_its_best_epoch_and_its_choices(runs):
    run = Run(runs / "0001-mine")
    add_tags(run.path, ["kept"])
    found = overview(run.path)
    metric = run.manifest.task.headline.name
    assert (found.kind, found.status, found.epochs, found.notes.tags) == (
        "fit",
        "finished",
        len(run.history),
        ("kept",),
    )
    assert found.result == f"{metric} {run.best[f'val_{metric}']:.4f} at epoch {run.manifest.best_epoch}"
    assert found.value(metric) == run.best[f"val_{metric}"] and found.value("loss") == run.best["val_loss"]
    assert found.value("lr") == run.recipe.train["lr"] == found.value("train.lr")
    assert is_score([found], f"probe_{metric}") is True and is_score([found], "loss") is False
    assert is_score([found], "lr") is None and found.value("nothing") is None


def test_one_that_is_damaged_or_foreign_is_a_line_with_its_reason_and_the_others_are_listed(runs):
    (runs / "0002-mine" / "run.json").write_text('{"format": 1, "seal": "x"}')
    (runs / "0003-theirs").mkdir()
    (runs / "0003-theirs" / "study.json").write_text("[1]")
    (runs / "0004-theirs").mkdir()
    (runs / "0004-theirs" / "workflow.json").write_text("{}")
    (runs / "0005-empty").mkdir()
    (runs / "0001-mine" / "notes.json").write_text("{")
    first, *others = list_overviews(runs)
    assert first.status == "finished" and "notes.json is damaged" in first.result
    assert [one.status for one in others] == ["unreadable"] * 3
    assert all(word in one.result for word, one in zip(("damaged", "study.json", "format"), others, strict=True))


def test_what_no_process_works_on_any_more_was_killed(runs):
    rewrite(runs / "0002-mine", status="running", pid=2**22 + 1)
    assert [one.status for one in list_overviews(runs)] == ["finished", "killed"]


def test_a_history_without_the_best_epoch_is_told(runs):
    rewrite(runs / "0001-mine", best_epoch=999)
    assert "no scores of epoch 999" in overview(runs / "0001-mine").result


def test_fits_inside_of_a_run_of_folds_follow_it(runs):
    for fold in ("01", "02"):
        shutil.copytree(runs / "0002-mine", runs / "0001-mine/folds" / fold)
    names = [(one.name, one.inside and one.inside.name) for one in list_overviews(runs, inner=True)]
    assert names == [("0001-mine", None), ("01", "0001-mine"), ("02", "0001-mine"), ("0002-mine", None)]
    assert len(list_overviews(runs)) == 2 and len(inner_paths(runs / "0001-mine")) == 2


@pytest.mark.parametrize(("status", "shown"), [("finished", "finished"), ("running", "killed")])
def test_a_tuning_is_a_line_with_its_best_trial(tmp_path, status, shown):
    trials = [
        {"number": 1, "status": "finished", "score": 0.5, "loss": 0.9, "epochs": 2},
        {"number": 2, "status": "finished", "score": 0.75, "loss": 0.8, "epochs": 3},
        {"number": 3, "status": "pruned", "score": 0.2},
    ]
    metric = {"name": "accuracy", "higher": True, "perfect": 1.0, "kind": "proportion"}
    study = {"status": status, "created": "2026", "data": "mine", "val_fingerprint": "f", "metric": metric}
    (tmp_path / "0001-t").mkdir()
    (tmp_path / "0001-t/study.json").write_text(json.dumps(study | {"trials": trials, "best_number": 2}))
    found = overview(tmp_path / "0001-t")
    assert (found.kind, found.status, found.epochs) == ("tune", shown, 5)
    assert found.result == "3 trials, 1 pruned; accuracy 0.7500 in trial 2" and found.value("accuracy") == 0.75


def test_fields_that_are_unknown_are_none():
    assert Overview.__dataclass_fields__["kind"].default == ""
    from pathlib import Path

    empty = Overview(Path("0007-x"))
    assert (empty.value("number"), empty.value("data"), empty.value("tags"), empty.headline) == (7.0, None, (), None)
