"""The lead over the best baseline: paired where its constant answer is known, unpaired where it is not."""

from dataclasses import replace

import pytest
from scipy.special import ndtri

from dl.runs.manifest import Baseline
from dl_reports.baseline import lead, rival_leads
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.statistics import NotComputable


@pytest.fixture
def facts(simulated, plugins):
    """Facts of a fit with these baselines, or its own."""

    def make(baselines=None, **fit):
        kept = read(simulated(**{"signal": [2.0, 3.0, 3.5], **fit}))
        manifest = kept.manifest if baselines is None else replace(kept.manifest, baselines=tuple(baselines))
        return Facts(replace(kept, manifest=manifest), plugins)

    return make


def test_the_majority_answer_is_compared_example_by_example(facts):
    found = facts()
    led = lead(found)
    assert led.form == "paired" and led.better
    assert led.lead == pytest.approx(found.kept.val.score[found.best].mean() - 0.1)


def test_the_interval_allows_for_the_choice_among_the_epochs(facts):
    found = lead(facts())
    assert 1.96 < found.critical < -ndtri(0.025 / 3), "between one epoch and three that have nothing in common"
    fixed = lead(facts(signal=[3.5]))
    assert found.lead - found.interval.low > fixed.lead - fixed.interval.low


def test_a_cheap_rival_is_no_constant_answer(facts):
    found = facts(rival=0.99)
    assert lead(found).baseline.name == "majority"
    assert [(one.baseline.name, one.worse) for one in rival_leads(found)] == [("linear", True)]


def test_the_best_of_several_baselines_counts(facts):
    found = lead(facts([Baseline("a", "a", 0.2), Baseline("b", "b", 0.4), Baseline("c", "c", float("nan"))]))
    assert found.baseline.name == "b" and found.form == "unpaired"
    assert found.lead == pytest.approx(found.score - 0.4)


def test_a_network_that_guesses_is_not_better(facts):
    assert not lead(facts(signal=[0.0, 0.0, 0.0])).better


def test_without_a_baseline_or_an_epoch_there_is_no_lead(facts):
    assert lead(facts([])) == NotComputable("the run keeps no baseline")
    assert lead(facts(signal=[])) == NotComputable("no epoch has a score")
