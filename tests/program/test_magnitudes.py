"""A regression says the same in whatever unit its target is written: grams or tonnes, cents or billions."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes

import dl
from dl.data.examples import Dataset, Examples
from dl.errors import BadData
from dl.plugins.loading import load_plugins
from dl.runs.outcomes import read_outcomes
from dl.tasks.table import decide
from dl.testing.numbers import NumbersPlugin
from dl.training.devices import Devices
from dl_reports.build import build_report

UNITS = (1e-25, 1e-9, 1e6, 1e11, 1e27)


@pytest.fixture(scope="module", autouse=True)
def on_one_thread(one_thread):
    """Every fit here is of a few numbers."""


@pytest.fixture(scope="module")
def fit(tmp_path_factory):
    """A function that fits the progression of diabetes, counted from a far origin, in a unit: (run, report)."""
    inputs, targets = load_diabetes(return_X_y=True)
    runs = tmp_path_factory.mktemp("runs")

    def in_unit(unit):
        examples = Examples(20 * inputs.astype(np.float32), targets * unit, np.arange(len(inputs)), ())
        plugins = load_plugins([NumbersPlugin({"given": Dataset("given", examples)})])
        devices = Devices("cpu", "1")
        run = dl.fit(
            "numbers", "given", plugins=plugins, runs=runs, devices=devices, model="linear", epochs=6, task="regression"
        )
        return run, build_report(run, plugins=plugins)

    return in_unit


@pytest.fixture(scope="module")
def in_one(fit):
    return fit(1.0)


@pytest.mark.parametrize("unit", UNITS)
def test_scores_outcomes_and_findings_do_not_depend_on_the_unit(fit, in_one, unit):
    run, report = fit(unit)
    base, base_report = in_one
    for row, expected in zip(run.history.rows, base.history.rows, strict=True):
        for name in ("val_mae", "val_rmse", "probe_mae", "val_low", "val_high", "gap_low", "gap_high"):
            assert row[name] / unit == pytest.approx(expected[name], rel=1e-4), name
        assert row["val_r2"] == pytest.approx(expected["val_r2"], rel=1e-4)
    for part in ("val", "probe"):
        kept, whole = (read_outcomes(one.outcomes_folder, part) for one in (run, base))
        assert np.allclose(kept.score.astype(np.float64) / unit, whole.score, rtol=1e-3, atol=1e-2)
    assert [finding.code for finding in report.findings] == [finding.code for finding in base_report.findings]
    assert report.verdict.code == base_report.verdict.code and report.verdict.severity == base_report.verdict.severity
    best, expected = report.scores.val, base_report.scores.val
    assert best.value / unit == pytest.approx(expected.value, rel=1e-4)


@pytest.mark.parametrize("unit", [1e200, 1e-200])
def test_a_unit_in_which_errors_cannot_be_kept_is_refused(fit, unit):
    with pytest.raises(BadData, match="write the targets in another unit"):
        fit(unit)


def test_small_numbers_between_zero_and_one_are_no_shares():
    targets = load_diabetes().target
    assert decide(targets / 1e6, ()).info.name == "regression"
    assert decide(targets / targets.max(), ()).info.name == "unit-regression"
