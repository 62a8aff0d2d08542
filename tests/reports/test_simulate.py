"""Simulated fits: run folders that hold exactly what was asked for."""

import numpy as np
import pytest

from dl_reports.read import read
from dl_reports.simulate import SimulatedFit, simulate


def test_the_same_seed_gives_the_same_outcomes_and_another_one_others(simulated):
    first, again, other = (read(simulated(signal=[2.0], seed=seed)).val.loss for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_classes_have_exactly_their_shares(simulated):
    kept = read(simulated(signal=[2.0], shares=(0.7, 0.2, 0.1), n=200))
    assert np.bincount(kept.val.targets).tolist() == [140, 40, 20]


def test_losses_are_those_of_the_kept_logits(simulated):
    kept = read(simulated(signal=[2.0]))
    z = kept.best_logits.astype(float)
    expected = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), kept.val.targets]
    assert kept.val.loss[0] == pytest.approx(expected, abs=0.02)  # both are kept in half precision


def test_a_run_without_an_epoch_has_a_manifest_and_no_history(tmp_path):
    run = simulate(tmp_path / "0001-empty", SimulatedFit(signal=[]))
    assert run.manifest.best_epoch == 0 and len(run.history) == 0


def test_the_probe_is_as_large_as_asked_for(simulated):
    kept = read(simulated(signal=[2.0], n=100, m=300))
    assert (len(kept.val.ids), len(kept.probe.ids)) == (100, 300)
