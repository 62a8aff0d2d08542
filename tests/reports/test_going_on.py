"""The section on a fit that went on from a run: it speaks only where one did, and calls nothing certain that is not."""

from dataclasses import replace

import numpy as np
import pytest

from dl.intervals import Estimate
from dl.plugins.loading import load_plugins
from dl.recipes.recipe import PartialRecipe
from dl.runs.forgotten import Forgotten, write_forgotten
from dl.runs.manifest import AS_IT_WAS, Baseline
from dl_reports.facts import Facts
from dl_reports.going_on import show_going_on
from dl_reports.read import read
from dl_reports.simulate import SimulatedFit, simulate


@pytest.fixture
def kept(tmp_path):
    return read(simulate(tmp_path / "0002-simulated", SimulatedFit()))


def went_on(kept, right):
    """The facts of this run, with a run before it that was right where ``right`` is."""
    rung = Baseline(AS_IT_WAS, "0001-old as it was", float(right.mean()), rival=True)
    manifest = replace(kept.manifest, baselines=(*kept.manifest.baselines, rung))
    recipe = PartialRecipe(from_run="/x/0001-old")
    rivals = {AS_IT_WAS: right.astype(np.float32)}
    return Facts(replace(kept, manifest=manifest, recipe=recipe, rivals=rivals), load_plugins())


def test_a_fit_from_the_start_has_no_section(kept):
    assert show_going_on(Facts(kept, load_plugins())) == []


def test_going_on_helped_or_did_harm_or_neither_is_certain(kept):
    ours = kept.val.score[kept.manifest.best_epoch - 1].astype(bool)
    worse, better = ours.copy(), ours.copy()
    worse[np.flatnonzero(ours)[:100]] = False
    better[~ours] = True
    assert show_going_on(went_on(kept, worse))[0].startswith("going on from 0001-old helped: certainly better than")
    assert show_going_on(went_on(kept, better))[0].startswith("going on from 0001-old did harm: certainly worse than")
    assert "did not certainly change anything" in show_going_on(went_on(kept, ours))[0]
    assert "the data of 0001-old could not be read again" in show_going_on(went_on(kept, ours))[1]


def test_what_was_forgotten_is_certain_only_beyond_its_interval(kept):
    metric = kept.manifest.task.headline
    for change, ending in (
        (Estimate(-0.1, -0.15, -0.05), "a change of -10.00 points [-15.00, -5.00]; it has forgotten"),
        (Estimate(-0.1, -0.25, 0.05), "a change of -10.00 points [-25.00, 5.00], which is not certain"),
        (None, "90.0 % before, 80.0 % after"),
    ):
        write_forgotten(kept.run.path, Forgotten("0001-old", metric, 0.9, 0.8, change, 50))
        line = show_going_on(went_on(kept, kept.val.score[0].astype(bool)))[1]
        assert line.startswith("on the 50 validation examples of 0001-old: ") and line.endswith(ending)
