from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np

from dl.training import keeper as keeping
from dl.training.keeper import RARELY, StateKeeper


class Clock:
    """Time that passes when it is told to, and while something is saved."""

    def __init__(self, seconds):
        self.now, self.seconds = 0.0, seconds

    def monotonic(self):
        return self.now


def saves(monkeypatch, tmp_path, save_every, cost, step, steps=10_000):
    """Return at which seconds a fit with steps of this duration saves."""
    clock, at = Clock(cost), []
    monkeypatch.setattr(keeping, "time", clock)

    def save(path, weights_only):
        at.append(clock.now)
        clock.now += cost

    module = SimpleNamespace(
        steps_done=0, step_in_epoch=1, is_scored=False, automatic_optimization=False, stops=lambda: False,
        losses_are_finite=lambda: True, sampler=SimpleNamespace(steps=100_000),
        trainer=SimpleNamespace(should_stop=False, world_size=1, save_checkpoint=save),
    )  # fmt: skip
    keeper = StateKeeper(tmp_path, save_every, SimpleNamespace(sets_aside=False, outliving=nullcontext))
    keeper.begin(module)
    for _ in range(steps):
        clock.now += step
        module.steps_done += 1
        keeper.after_step(module)
    return np.array(at), clock.now


def test_a_state_is_saved_every_save_every_seconds_and_in_at_most_two_percent_of_the_time(monkeypatch, tmp_path):
    at, _ = saves(monkeypatch, tmp_path, save_every=60, cost=0.5, step=0.25)
    assert np.allclose(np.diff(at), 60.5)
    at, end = saves(monkeypatch, tmp_path, save_every=60, cost=5.0, step=0.25)
    assert at[0] == 60 and np.allclose(np.diff(at), 5 + RARELY * 5) and 5 * len(at) / end < 0.02 + 5 / end
    at, _ = saves(monkeypatch, tmp_path, save_every=0, cost=5.0, step=0.25, steps=20)
    assert len(at) == 20


def test_a_state_whose_losses_are_no_numbers_is_not_saved(monkeypatch, tmp_path):
    saved = []
    trainer = SimpleNamespace(world_size=1, save_checkpoint=lambda *_, **__: saved.append(1))
    module = SimpleNamespace(steps_done=3, is_scored=False, losses_are_finite=lambda: False, trainer=trainer)
    keeper = StateKeeper(tmp_path, 0, SimpleNamespace(sets_aside=False, outliving=nullcontext))
    keeper.save(module)
    assert saved == []
    module.losses_are_finite = lambda: True
    keeper.save(module)
    keeper.save(module)  # nothing has changed since
    assert saved == [1]
