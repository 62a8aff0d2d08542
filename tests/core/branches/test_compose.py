"""A table of several kinds from the fit to the prediction: one run like any other."""

import warnings

import numpy as np
import pandas as pd
import pytest

import dl
from dl.errors import BadOption
from dl.inference.predict import UnseenValues
from dl.training.devices import Devices
from dl_reports.build import build_report


@pytest.fixture(scope="module")
def new(table, make_rows, write_rows):
    """Rows that the fit has not seen, beside its pictures."""
    return write_rows(table.with_name("new.csv"), make_rows(table.parent, 12, seed=1))


def test_a_fit_learns_from_all_branches(run):
    assert run.manifest.domain == "mixed" and run.manifest.model == "branches" and run.manifest.status == "finished"
    assert [one.name for one in run.manifest.data.branches] == ["review", "photo", "rows"]
    report = build_report(run)
    median = next(row for row in report.ladder if row.name == "median")
    assert report.scores.val.value < 0.6 * median.score.value
    sketches = np.load(run.outcomes_folder / "sketches.npz")["val_sketches"]
    assert " | photo: a picture | size " in str(sketches[0])


def test_it_predicts_new_rows_and_notes_what_is_missing(run, new, make_rows, write_rows):
    answers = dl.predict(run, new)
    actual = np.array([float(row[4]) for row in make_rows(new.parent, 12, seed=1)])
    found = np.array([float(answer.answer) for answer in answers])
    assert np.corrcoef(actual, found)[0, 1] > 0.8 and answers[0].source == "new.csv row 2"
    rows = [list(row) for row in make_rows(new.parent, 3, seed=1)]
    rows[1][1] = ""
    with pytest.warns(UnseenValues, match="review is missing, as in no training row"):
        (_, second, _) = dl.predict(run, write_rows(new.with_name("gap.csv"), rows))
    assert second.answer


def test_rows_in_memory_are_predicted_alike(run, new, monkeypatch):
    monkeypatch.chdir(new.parent)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        frame = pd.read_csv(new).drop(columns=["price", "sold"])
        assert [one.answer for one in dl.predict(run, frame)] == [one.answer for one in dl.predict(run, new)]


def test_new_data_is_read_as_the_run_read_its_own(run, new):
    found = dl.check(data=str(new), against=run, target="price")
    assert {part.name for part in found.parts} >= {"inputs", "columns"}


def test_regularizers_of_a_domain_act_on_its_branch_and_mixing_ones_are_refused(table, tmp_path):
    given = {"target": "price", "epochs": 1, "width": 4, "runs": tmp_path, "devices": Devices("cpu"), "rivals": False}
    run = dl.fit("mixed", table, reg={"random-shift": 1, "missing": 0.2, "word-dropout": 0.1}, **given)
    assert run.manifest.status == "finished" and run.recipe.data_options["gaps"] == "all"
    with pytest.raises(BadOption, match="a regularizer that mixes examples sees only the branch 'photo'"):
        dl.fit("mixed", table, reg={"cutmix": 1}, **given)
    with pytest.raises(dl.UnknownName, match="the regularizer 'mixup' is for inputs of one kind, not for mixed"):
        dl.fit("mixed", table, reg={"mixup": 0.2}, **given)


def test_rivals_read_one_branch_each(table, tmp_path):
    given = {"target": "price", "leave_out": "sold", "epochs": 1, "width": 4}
    run = dl.fit("mixed", table, runs=tmp_path, devices=Devices("cpu"), rivals=True, **given)
    names = {one.name for one in run.manifest.baselines if one.rival}
    assert names == {"tabular-boosting", "tabular-linear", "text-linear", "vision-linear", "vision-neighbours"}
