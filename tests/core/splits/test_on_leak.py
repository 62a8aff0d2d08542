"""Leaks are refused, shown or mended, and what was mended stands in the recipe as plain options."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import dl
from dl.errors import BadData, BadOption
from dl.finding import Finding
from dl.splits.on_leak import unmended
from dl.splits.remedies import leaks_among

ON_ONE = {"devices": dl.Devices("cpu", "1"), "epochs": 1, "width": 4, "model": "dense", "linear": "no"}


@pytest.fixture
def patients():
    """Twenty rows of each of thirty patients with one target each, and a column that is the target again."""
    rng = np.random.default_rng(0)
    patient = np.repeat(np.arange(30), 20)[rng.permutation(600)]
    ill = np.arange(30) % 2
    rows = {f"x{k}": rng.standard_normal(600) for k in range(3)}
    named = {"patient": [f"P{number:02d}" for number in patient], "code": np.array(["X", "Y"])[ill[patient]]}
    return pd.DataFrame({**rows, **named, "target": np.array(["well", "ill"])[ill[patient]]})


def test_a_leak_stops_the_fit_before_there_is_a_run(patients, tmp_path):
    with pytest.raises(BadData) as refused:
        dl.fit("tabular", patients, target="target", on_leak="stop", runs=tmp_path / "runs", **ON_ONE)
    assert "data-groups-in-sight (and 1 more): column 'patient' names 30 groups" in str(refused.value)
    assert str(refused.value).endswith("mend it: group_on=patient, or --on-leak fix; fit all the same: --on-leak warn")
    assert not list((tmp_path / "runs").glob("0*"))
    with pytest.raises(BadOption, match="expected one of stop, warn, fix"):
        dl.fit("tabular", patients, target="target", on_leak="fixx", runs=tmp_path / "runs", **ON_ONE)


@pytest.mark.parametrize("form", ["file", "frame"])
def test_a_fix_sets_plain_options_and_its_recipe_fits_the_same(patients, tmp_path, form):
    path, given = tmp_path / "patients.csv", {"runs": tmp_path / "runs", **ON_ONE}
    patients.to_csv(path, index=False)
    data = str(path) if form == "file" else patients
    run = dl.fit("tabular", data, target="target", on_leak="fix", **given)
    options = run.recipe.data_options
    assert (options["group_on"], options["leave_out"]) == ("patient", "code")
    assert "# group_on=patient: against data-groups-in-sight: column 'patient' names 30 groups" in (
        run.path / "recipe.toml"
    ).read_text(encoding="utf-8")
    assert not leaks_among(run.guard_findings)
    if form == "file":
        again = dl.fit(recipe=str(run.path / "recipe.toml"), runs=tmp_path / "runs", devices=ON_ONE["devices"])
        assert again.manifest.parts == run.manifest.parts and again.best["val_loss"] == run.best["val_loss"]


def test_folds_are_mended_before_they_are_made(patients, tmp_path):
    given = {"target": "target", "protocol": "kfold:2", "runs": tmp_path / "runs", **ON_ONE}
    run = dl.cv("tabular", patients, on_leak="fix", **given)
    assert run.recipe.data_options["group_on"] == "patient"
    with pytest.raises(BadData, match="data-groups-in-sight"):
        dl.cv("tabular", patients, on_leak="stop", **given)


def test_what_no_option_mends_is_named(patients, tmp_path):
    late = Finding("data-time-overlap", "tip", "")
    run = dl.fit("tabular", patients, target="target", leave_out="patient,code", runs=tmp_path / "runs", **ON_ONE)
    assert unmended(run.recipe, [late, late]) == [], "it was not asked for"
    asked = replace(run.recipe, split={**run.recipe.split, "on_leak": "fix"})
    assert unmended(asked, [late, late]) == ["data-time-overlap"]
