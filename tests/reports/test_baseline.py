"""The lead over the best baseline: paired where its constant answer is known, unpaired where it is not."""

from dataclasses import replace

import numpy as np
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


def test_a_rival_is_compared_on_the_same_drawn_examples_in_a_metric_that_is_no_mean(simulated, plugins):
    kept = read(simulated(signal=[3.5], n=300))
    task = kept.manifest.task
    of_f1 = replace(task, metrics=(replace(task.headline, name="macro_f1", kind="confusion"),))
    rival = Baseline("linear", "a linear model", 0.9, rival=True, interval=(0.85, 0.95))
    rows = tuple({**row, "val_macro_f1": 0.9, "val_low": 0.85, "val_high": 0.95} for row in kept.rows)
    manifest = replace(kept.manifest, task=of_f1, baselines=(rival,))
    apart = replace(kept, manifest=manifest, rows=rows)
    noise = np.random.default_rng(0).normal(0, 0.3, kept.best_logits.shape)
    beside = replace(apart, rival_logits={"linear": kept.best_logits + noise})
    (paired,), (unpaired,) = (rival_leads(Facts(one, plugins)) for one in (beside, apart))
    assert (paired.form, unpaired.form) == ("paired", "unpaired")
    lengths = [one.interval.high - one.interval.low for one in (paired, unpaired)]
    assert lengths[0] < 0.7 * lengths[1]
