"""A learner of scikit-learn is fitted, tested and predicts like any network."""

import numpy as np
import pytest

import dl
from dl.errors import BadOption, BadRun


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    """A run of boosting on wines, given in memory so that it has a test set of its own."""
    from sklearn.datasets import load_wine

    frame = load_wine(as_frame=True).frame
    runs = tmp_path_factory.mktemp("runs")
    given = {"target": "target", "test": frame[140:], "runs": runs, "model": "boosting", "iterations": 20}
    return dl.fit("tabular", frame[:140].sample(frac=1, random_state=0), **given), frame


def test_its_run_has_the_files_of_any_run_with_one_epoch(wine):
    run, _ = wine
    assert (run.path / "learner.skops").exists() and not list(run.path.glob("best*"))
    assert run.manifest.status == "finished" and run.manifest.learner == "histogram boosting"
    assert run.manifest.epochs == run.manifest.best_epoch == len(run.history) == 1
    assert run.best["val_accuracy"] > 0.8 and np.isfinite([*run.best.values()]).all()
    assert run.recipe.model_options == {"iterations": 20, "rate": 0.1, "leaves": 31}
    assert run.recipe.train == dict.fromkeys(("positive", "target_scale", "threshold"), "auto")
    assert not run.recipe.regularizers
    assert "none: the model is not trained in epochs" in " ".join(str(dl.report(run)).split())


def test_it_predicts_and_is_tested_as_it_was_validated(wine):
    run, frame = wine
    network = dl.load(run)
    assert dl.evaluate(run).examples == 38
    probabilities = network(frame[:40].drop(columns="target"))
    assert probabilities.shape == (40, 3) and probabilities.sum(dim=1).numpy() == pytest.approx(1, abs=1e-5)
    assert dl.predict(run, frame[:1].drop(columns="target"))[0].answer == "0"
    (run.path / "learner.skops").rename(run.path / "moved")
    with pytest.raises(BadRun, match=r"learner\.skops is missing"):
        dl.load(run)
    (run.path / "moved").rename(run.path / "learner.skops")


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"epochs": 3}, r"epochs: the model 'boosting' is a learner .* its options: iterations, rate, leaves"),
        ({"reg": {"l2": 1e-3}}, "--reg l2: the model 'boosting' is a learner"),
        ({"optimizer": "adam"}, "optimizer: the model"),
        ({"loggers": {"csv": {}}}, "--logger csv: the model 'boosting' is not trained in epochs"),
    ],
)
def test_what_only_a_network_knows_is_refused_where_it_is_typed(choices, message, tmp_path):
    with pytest.raises(BadOption, match=message):
        dl.fit("tabular", "wine", model="boosting", runs=tmp_path, **choices)


def test_its_card_lists_what_it_takes(dl_run):
    card = dl_run("show", "tabular/boosting").out
    assert "iterations=100" in card and "positive=auto" in card and "epochs" not in card and "lr=" not in card


def test_a_task_that_it_cannot_answer_names_those_that_can(tmp_path):
    with pytest.raises(BadOption, match="'bayes' has no answer to the task regression; learners that have: linear"):
        dl.fit("text", "valence", model="bayes", runs=tmp_path)


def test_folds_are_pooled_and_one_is_refitted_on_all(tmp_path):
    run = dl.cv("tabular", "diabetes", model="linear", protocol="kfold:3", final="refit", runs=tmp_path, rivals=True)
    assert [fold.own_best for fold in run.manifest.folds] == [1, 1, 1] and run.weights.exists()
    assert [one.name for one in run.manifest.baselines if one.rival] == ["boosting"], "not the model itself"
    assert 35 < dl.evaluate(run).score.value < 60
    for verb in (dl.overfit, dl.tune):
        with pytest.raises(BadOption, match="trains networks, and the model 'linear' is a learner"):
            verb("tabular", "diabetes", model="linear", runs=tmp_path)


def test_a_threshold_is_tuned_for_it_as_for_a_network(tmp_path):
    run = dl.fit("tabular", "breast-cancer", model="linear", threshold="recall:0.95", runs=tmp_path)
    (threshold,) = run.manifest.task.decision.thresholds
    assert 0 < threshold < 1 and threshold != 0.5
