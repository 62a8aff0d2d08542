"""The estimators hold to scikit-learn's contract, and work where estimators are used."""

import os
import pickle
from functools import cache

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_wine
from sklearn.model_selection import cross_val_score
from sklearn.utils.estimator_checks import check_estimator
from torch import nn

from dl.plugins.loading import load_plugins
from dl.sklearn import Classifier, Regressor

WINE = load_wine(as_frame=True)
FEW = 8  # epochs


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Hundreds of fits neither wait for the disk nor find the same plugins anew."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    monkeypatch.setattr("dl.sklearn.load_plugins", cache(load_plugins))


@pytest.mark.filterwarnings("ignore::UserWarning:sklearn")  # what scikit-learn provokes in its own checks
@pytest.mark.parametrize(
    "estimator",
    [
        pytest.param(Classifier(epochs=FEW), id="Classifier", marks=pytest.mark.check),
        pytest.param(Regressor(epochs=FEW), id="Regressor", marks=pytest.mark.slow),
    ],
)
def test_an_estimator_holds_to_the_contract_of_scikit_learn_without_an_exception(estimator):
    found = check_estimator(estimator, on_skip=None, on_fail=None)
    assert [(one["check_name"], str(one["exception"])) for one in found if one["status"] == "failed"] == []
    # what needs SCIPY_ARRAY_API=1 before scipy is imported: arrays of other libraries, which dl.fit takes by itself
    assert {one["check_name"] for one in found if one["status"] == "skipped"} == {"check_array_api_input"}
    assert len(found) > 50


def test_a_classifier_answers_in_the_classes_it_was_given():
    names = WINE.target_names[WINE.target]
    fitted = Classifier(epochs=FEW).fit(WINE.data, names)
    assert fitted.classes_.tolist() == sorted(WINE.target_names) and fitted.n_features_in_ == 13
    assert fitted.score(WINE.data, names) > 0.9
    assert fitted.predict_proba(WINE.data).sum(axis=1) == pytest.approx(1, abs=1e-6)


def test_two_classes_have_a_column_of_probabilities_each():
    fitted = Classifier(epochs=2).fit(WINE.data, WINE.target > 0)
    assert fitted.classes_.tolist() == [False, True] and fitted.predict_proba(WINE.data[:3]).shape == (3, 2)


def test_a_frame_with_words_is_read_as_a_table_is():
    frame = WINE.data.assign(colour=np.where(WINE.target == 0, "red", "white"))
    fitted = Classifier(epochs=FEW).fit(frame, WINE.target)
    assert fitted.feature_names_in_[-1] == "colour" and fitted.score(frame, WINE.target) > 0.9


def test_a_number_far_outside_is_clipped_and_noted():
    x = np.random.default_rng(0).uniform(0, 1, (200, 2))
    fitted = Regressor(epochs=FEW).fit(x, 10 * x[:, 0])
    new = np.array([[0.5, 0.5], [1e6, 0.5]])
    assert fitted.predict(new)[1] < 20
    assert fitted.notes(new)[0] == () and fitted.notes(new)[1][0].startswith("x0 1e+06 is far outside the range")


def test_a_pickled_copy_answers_alike_and_a_clone_has_learnt_nothing():
    fitted = Classifier(epochs=2, model="linear").fit(WINE.data, WINE.target)
    copy = pickle.loads(pickle.dumps(fitted))
    assert (copy.predict_proba(WINE.data) == fitted.predict_proba(WINE.data)).all()
    assert clone(fitted).get_params() == fitted.get_params() and not hasattr(clone(fitted), "classes_")


def test_a_network_of_one_s_own_can_be_cross_validated():
    estimator = Classifier(model=nn.Sequential(nn.Linear(13, 3)), epochs=40)
    assert cross_val_score(estimator, WINE.data, WINE.target, cv=2).mean() > 0.8


def test_a_regressor_predicts_several_numbers_at_once():
    both = np.stack([WINE.data.alcohol, WINE.data.proline], axis=1)
    fitted = Regressor(epochs=FEW).fit(WINE.data, both)
    assert fitted.predict(WINE.data).shape == both.shape and fitted.score(WINE.data, both) > 0.8


def test_a_fit_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Classifier(epochs=1).fit(WINE.data, WINE.target)
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == []


def test_what_cannot_be_learnt_is_a_value_error_as_scikit_learn_expects():
    with pytest.raises(ValueError, match=r"^Classifier needs 2 classes; the data holds one class, 1$"):
        Classifier().fit(WINE.data, np.ones(178, int))
