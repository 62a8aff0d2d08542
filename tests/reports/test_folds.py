"""The section on folds: a line on all of them, one for each, and nothing for a run of one fit."""

from dataclasses import replace

import pytest

from dl.runs.manifest import FoldScore
from dl.runs.run import Run
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
