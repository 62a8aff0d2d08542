"""Facts: each statistic of a run, from what it keeps or as far as the history alone allows."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dl.runs.run import Run
from dl_reports.facts import Facts, known
from dl_reports.read import read
from dl_reports.statistics import NotComputable

FIT = {"signal": [2.0, 3.0, 3.5], "probe_signal": [2.5, 4.0, 5.0]}


@pytest.fixture
def facts(simulated, plugins):
    return lambda **fit: Facts(read(simulated(**{**FIT, **fit})), plugins)


def test_the_best_epoch_is_that_of_the_manifest_or_else_of_the_history(facts):
    found = facts()
    assert found.epochs[found.best] == found.manifest.best_epoch
    lost = Facts(replace(found.kept, manifest=replace(found.manifest, best_epoch=99)), found.plugins)
    scores = found.column("val_accuracy")
    assert lost.best == scores.index(max(scores))


def test_a_column_that_the_history_does_not_have_is_not_a_number(facts):
    assert all(map(math.isnan, facts().column("nothing"))) and len(facts().column("nothing")) == 3


def test_scores_are_turned_into_errors_whichever_way_the_metric_points(facts):
    assert facts().as_error(np.array([True, False])).tolist() == [0.0, 1.0]


def test_the_gap_is_the_difference_of_the_kept_accuracies(facts):
    found = facts()
    k = found.best
    assert found.gap.train == found.kept.probe.score[k].mean() and found.gap.val == found.kept.val.score[k].mean()
    assert found.gap.gap == pytest.approx(found.gap.train - found.gap.val)


def test_without_outcomes_the_gap_and_the_changes_come_from_the_history(simulated, plugins):
    run = simulated(**FIT)
    for path in run.outcomes_folder.iterdir():
        path.unlink()
    found = Facts(read(Run(run.path)), plugins)
    assert found.gap.gap == pytest.approx(found.best_row["gap"])
    assert found.loss_change.form.startswith("unpaired")
    assert isinstance(found.luck, NotComputable) and isinstance(found.memorization, NotComputable)


def test_an_epoch_stands_where_the_history_has_it(facts):
    assert [facts().position(epoch) for epoch in (None, 1, 3)] == [None, 0, 2]


def test_predicted_classes_are_those_of_the_largest_logits_and_a_task_without_classes_has_none(facts):
    found = facts()
    assert np.array_equal(found.answers, found.kept.best_logits.argmax(axis=1))
    numbers = replace(found.manifest, task=replace(found.manifest.task, has_classes=False))
    assert Facts(replace(found.kept, manifest=numbers), found.plugins).answers == NotComputable(
        "the task has no classes"
    )


def test_what_is_not_computable_is_not_known():
    assert known(NotComputable("no reason")) is None and known(3) == 3


def test_every_statistic_counts_examples_of_one_group_once(facts):
    single, grouped = facts(n=60, m=60, seed=3), facts(n=1200, m=1200, seed=3, alike=20)
    assert grouped.val_units == 60 and grouped.val_size == "60 validation groups" and single.val_size.startswith("60 ")
    for one in (grouped.loss_change, grouped.trend, grouped.probe_rise):
        assert not isinstance(one, NotComputable)
    assert grouped.loss_change.n == 60 and grouped.loss_change.form.startswith("paired, by group")
    width = {name: found.gap.interval.high - found.gap.interval.low for name, found in (("s", single), ("g", grouped))}
    assert width["g"] == pytest.approx(width["s"], rel=0.4)
    lost = replace(
        grouped.kept, val=replace(grouped.kept.val, groups=None), probe=replace(grouped.kept.probe, groups=None)
    )
    alone = Facts(lost, grouped.plugins)
    assert alone.gap.interval.high - alone.gap.interval.low < 0.5 * width["g"]
    assert alone.calibration.gain.se < grouped.calibration.gain.se
    assert alone.luck.interval.high - alone.luck.interval.low < grouped.luck.interval.high - grouped.luck.interval.low


def test_of_five_groups_nothing_can_be_told_and_the_reason_is_their_number(facts):
    found = facts(n=500, m=500, alike=100)
    reason = "it takes 6 groups or more; found 5"
    unknown = (found.loss_change, found.metric_change, found.gap, found.luck, found.trend, found.probe_rise)
    assert [one.reason for one in unknown] == [reason] * 6
    assert not math.isfinite(found.score("val").low) and 0 < found.score("val").value < 1
