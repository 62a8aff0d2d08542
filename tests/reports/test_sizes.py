"""Sizes that matter, in the units of the task."""

import math
from dataclasses import replace

import pytest

from dl.runs.manifest import Baseline, MetricInfo
from dl_reports import sizes
from dl_reports.facts import Facts
from dl_reports.read import read


@pytest.fixture
def facts(simulated, plugins):
    """Facts of a fit with these baselines and this headline."""

    def make(*baselines, metric=None):
        kept = read(simulated(signal=[3.0, 3.5]))
        found = Facts(replace(kept, manifest=replace(kept.manifest, baselines=baselines)), plugins)
        found.metric = metric or found.metric
        return found

    return make


def test_what_can_be_learnt_reaches_from_the_best_constant_answer_to_perfection(facts):
    found = facts(Baseline("a", "a", 0.1), Baseline("b", "b", 0.4), Baseline("c", "c", 0.9, rival=True))
    assert sizes.learnable(found) == pytest.approx(0.6)
    assert sizes.smallest_that_matters(found) == pytest.approx(0.006)


def test_of_an_error_it_is_that_of_the_best_constant_answer(facts):
    error = MetricInfo("mae", False, 0.0, "mean")
    found = facts(Baseline("mean", "always 5", 800.0), Baseline("median", "always 4", 700.0), metric=error)
    assert (sizes.learnable(found), sizes.smallest_that_matters(found)) == (700.0, 7.0)


def test_where_no_constant_answer_is_known_everything_matters_and_a_share_can_be_learnt_whole(facts):
    assert sizes.learnable(facts()) == 1.0
    found = facts(metric=MetricInfo("mae", False, 0.0, "mean"))
    assert math.isnan(sizes.learnable(found)) and sizes.smallest_that_matters(found) == 0.0
    assert sizes.constant_loss(found) is None and sizes.smallest_loss(found) == 0.0


def test_the_loss_of_a_constant_answer_is_the_least_of_those_that_have_one(facts):
    found = facts(Baseline("a", "a", 0.1), Baseline("b", "b", 0.1, 2.3), Baseline("c", "c", 0.9, 0.2, rival=True))
    assert sizes.constant_loss(found) == 2.3 and sizes.smallest_loss(found) == pytest.approx(0.023)
