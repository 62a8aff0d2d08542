"""Shift of targets and inputs between training and validation."""

from dl.runs.run import Run
from dl_reports.checks.shift import inputs, targets
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.statistics import NotComputable


def test_other_shares_of_classes_are_a_shift_of_targets(finding):
    found = finding(targets, shares=(0.5, 0.5), probe_shares=(0.6, 0.4), signal=[3.0] * 2)
    assert found.evidence["p"] < 0.01 and found.evidence["df"] == 1
    assert finding(targets, shares=(0.5, 0.5), signal=[3.0] * 2) is None


def test_inputs_moved_by_a_deviation_are_a_shift(finding):
    found = finding(inputs, shifted=1.0, signal=[3.0] * 2)
    assert found.evidence["auc"] > 0.9 and found.evidence["p"] == 1 / 200
    assert finding(inputs, signal=[3.0] * 2) is None


def test_without_projected_inputs_the_shift_cannot_be_checked(simulated, plugins):
    run = simulated(signal=[3.0] * 2)
    (run.path / "outcomes" / "features.npz").unlink()
    assert isinstance(inputs(Facts(read(Run(run.path)), plugins)), NotComputable)
