"""The section on folds: a line on all of them, one for each, and nothing for a run of one fit."""

from dataclasses import replace

import pytest

from dl.runs.manifest import FoldScore
from dl.runs.run import Run
from dl_reports.build import build_report
from dl_reports.facts import Facts
from dl_reports.folds import show_folds
from dl_reports.read import read


@pytest.fixture
def folded(simulated, plugins):
    """A function that gives a fit the scores of folds: folded(0.9, 0.8, ...)."""

    def make(*scores):
        run = simulated(signal=[0.2, 0.3], n=100)
        folds = tuple(FoldScore(k, 1, 75, 25, score, 0.5, 2) for k, score in enumerate(scores, start=1))
        protocol = f"kfold:{len(scores)}" if scores else ""
        manifest = replace(run.manifest, protocol=protocol, folds=folds)
        (run.path / "run.json").write_text(manifest.to_json())
        return Facts(read(Run(run.path)), plugins)

    return make


def test_a_run_of_one_fit_has_no_section(folded):
    assert show_folds(folded()) == []


def test_the_mean_stands_with_its_corrected_interval(folded):
    first, second, *each = show_folds(folded(0.8, 0.9, 0.8, 0.9))
    assert first == "4 fits of kfold:4: accuracy from 80.00 % to 90.00 %"
    # sd 0.0577, variance of the mean (1/4 + 1/3) of it, Student's quantile 3.182 of 3 degrees of freedom: 0.1403
    assert second.startswith("mean 85.00 % [70.97, 99.03]")
    assert each[0] == "fold 1: 80.00 %, loss 0.5000; 75 to train on, 25 held out"


def test_a_share_stays_a_share(folded):
    assert "100.00]" in show_folds(folded(0.9, 1.0, 1.0, 1.0))[1]


def test_folds_that_do_not_differ_give_no_interval(folded):
    second = show_folds(folded(1.0, 1.0, 1.0))[1]
    assert second == "mean 100.00 %; they do not differ, so that no interval follows from their spread"


def test_an_unfinished_run_counts_its_folds_and_names_the_command_that_goes_on(folded, plugins):
    facts = folded()
    folder = facts.kept.run.path
    manifest = replace(facts.manifest, protocol="kfold:4", status="interrupted", best_epoch=0, epochs=0)
    (folder / "run.json").write_text(manifest.to_json())
    for path in (folder / "history.csv", *(folder / "outcomes").iterdir()):
        path.unlink()
    report = build_report(Run(folder), plugins=plugins)
    assert report.verdict.sentence == "0 of 4 folds are finished, and all are needed to judge."
    assert [one.command.split()[:3] for one in report.next] == [["dl", "cv", "--resume"]]
