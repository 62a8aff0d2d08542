"""Gradient boosting of xgboost is a model like any other, and says how to get it where it is missing."""

import sys

import numpy as np
import pytest

import dl
from dl.errors import BadOption
from dl.plugins.loading import load_plugins
from dl.testing import check_model
from dl_tabular.xgboost import xgboost_classifier


def test_it_keeps_the_rules_of_learners():
    plugins = load_plugins()
    assert len(check_model(plugins.model("tabular", "xgboost"), plugins)) == 9


def test_it_is_fitted_stored_without_pickle_and_answers_alike_when_loaded(tmp_path):
    from sklearn.datasets import load_wine

    frame = load_wine(as_frame=True).frame.sample(frac=1, random_state=0)
    given = {"target": "target", "test": frame[140:], "runs": tmp_path, "model": "xgboost", "iterations": 20}
    run = dl.fit("tabular", frame[:140], **given)
    assert run.manifest.learner == "xgboost" and (run.path / "learner.skops").exists()
    assert dl.evaluate(run).score.value > 0.85
    first, second = (dl.load(dl.Run(run.path))(frame[:9].drop(columns="target")) for _ in range(2))
    assert (first == second).all() and first.argmax(1).tolist() == frame["target"][:9].tolist()


def test_it_is_a_rung_of_the_ladder_of_a_set_and_stands_beside_no_fit_unasked(tmp_path):
    assert {one.baseline.name for one in dl.baseline("tabular", "wine").rivals} == {"linear", "boosting", "xgboost"}
    run = dl.fit("tabular", "wine", epochs=1, runs=tmp_path, rivals=True)
    assert {one.name for one in run.manifest.baselines if one.rival} == {"linear", "boosting"}


def test_the_same_seed_gives_the_same_trees():
    options = {"iterations": 5, "rate": 0.3, "depth": 2, "rows": 0.5, "columns": 0.5}
    x, y = np.random.default_rng(0).normal(size=(50, 4)), np.arange(50) % 2
    first, second = (xgboost_classifier(options).build().fit(x, y).predict_proba(x) for _ in range(2))
    assert (first == second).all()


def test_where_it_is_not_installed_the_line_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "xgboost", None)
    with pytest.raises(BadOption, match=r"is not installed  try: pip install 'dl-workbench-tabular\[xgboost\]'"):
        dl.fit("tabular", "wine", model="xgboost", runs=tmp_path)
