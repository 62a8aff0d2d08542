"""Examples worth a look: the largest losses, the suspect labels, and their sketches."""

from dataclasses import replace

import numpy as np
import pytest

from dl_reports.build import build_report
from dl_reports.examples import HARDEST, SUSPECT, examples
from dl_reports.facts import Facts
from dl_reports.read import read
from dl_reports.render.phrases import where

HEALTHY = {"signal": [2.0, 3.0, *[3.5] * 6], "probe_signal": [2.1, 3.1, *[4.5] * 6]}


@pytest.fixture
def facts(simulated, plugins):
    return lambda **fit: Facts(read(simulated(**fit)), plugins)


def test_hardest_examples_are_sorted_by_loss(simulated):
    losses = [one.loss for one in build_report(simulated(**HEALTHY)).examples if one.why == "hardest"]
    assert len(losses) == 12 and losses == sorted(losses, reverse=True)


def test_only_losses_above_the_mean_are_shown_with_target_and_prediction(facts):
    found = facts(**HEALTHY)
    shown = examples(found, mislabelled=False)
    val, k = found.kept.val, found.best
    assert len(shown) == HARDEST and all(one.part == "val" and one.why == "hardest" for one in shown)
    for one in shown:
        assert one.loss > val.loss[k].astype(float).mean()
        assert one.true == str(val.targets[one.id]) and one.predicted == str(found.answers[one.id])


def test_suspect_labels_are_examples_of_the_probe_without_a_prediction(facts):
    shown = examples(facts(signal=[5.0] * 6, flipped=0.08, n=2000), mislabelled=True)
    suspects = [one for one in shown if one.why == "suspect"]
    assert len(suspects) == SUSPECT and all(one.part == "probe" and one.predicted is None for one in suspects)


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (np.full((1, 4, 4, 3), 9, np.uint8), np.full((4, 4, 3), 9, np.uint8)),
        (np.array(["a text"]), "a text"),
        (np.zeros((1, 4, 4, 2), np.uint8), None),  # two channels are no picture
        (np.zeros((1, 4, 4, 3)), None),  # neither are real numbers
        (np.zeros((0, 4, 4, 3), np.uint8), None),  # the row lies beyond what was kept
    ],
)
def test_a_sketch_is_shown_where_one_of_its_kind_is_kept(facts, kept, shown):
    found = facts(**HEALTHY)
    (first, *_) = examples(found, mislabelled=False)
    row = int(np.flatnonzero(found.kept.val.ids == first.id)[0])
    sketches = {"val_rows": np.array([row]), "val_sketches": kept}
    found = Facts(replace(found.kept, sketches=sketches), found.plugins)
    (first, *others) = examples(found, mislabelled=False)
    assert np.array_equal(first.sketch, shown) if shown is not None else first.sketch is None
    assert all(one.sketch is None for one in others)


def test_an_example_is_named_by_its_source_where_the_run_keeps_one(facts):
    found = facts(**HEALTHY)
    row = int(np.flatnonzero(found.kept.val.ids == examples(found, mislabelled=False)[0].id)[0])
    kept = {"val_rows": np.array([row]), "val_sources": np.array(["a/7.png"])}
    named = Facts(replace(found.kept, sketches=kept), found.plugins)
    first, second = examples(named, mislabelled=False)[:2]
    assert first.source == where(first) == "a/7.png" and where(second) == f"#{second.id}"
