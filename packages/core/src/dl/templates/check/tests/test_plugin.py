from dl.testing import check_check
from dl_reports.build import build_report
from dl_reports.simulate import SimulatedFit, simulate

CODE = "newplugin-best-is-first"


def codes(run, plugins):
    return {finding.code for finding in build_report(run, plugins=plugins).findings}


def test_it_conforms(dl_plugins):
    check_check(dl_plugins.check(CODE), dl_plugins)


def test_a_fit_that_only_gets_worse_is_found(dl_plugins, tmp_path):
    assert CODE in codes(simulate(tmp_path / "worse", SimulatedFit(signal=(3.5, 3.0, 2.5, 2.0))), dl_plugins)


def test_a_fit_that_learns_is_not(dl_plugins, tmp_path):
    assert CODE not in codes(simulate(tmp_path / "better", SimulatedFit(signal=(1.0, 2.0, 3.0, 3.5))), dl_plugins)


def test_it_is_explained(dl_run):
    assert "The first epoch was the best" in dl_run("explain", CODE).out
