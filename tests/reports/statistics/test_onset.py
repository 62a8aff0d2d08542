import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.moments import epoch_moments
from dl_reports.statistics.onset import critical_rise, error_rise, loss_rise

EPOCHS = 10


def test_a_rise_worked_by_hand():
    wave = np.tile([-1.0, 1.0], 50)
    losses = np.stack([2 + 0 * wave, 1 + wave, 1.13 + 0 * wave, 3 + 0 * wave])
    rise = loss_rise(losses)
    assert rise.best == 1
    # differences to the best are 0.13 - wave and 2 - wave: mean 0.2 and 2, deviation sqrt(100/99), error a tenth of it
    error = np.sqrt(100 / 99) / 10
    assert rise.z[2:] == pytest.approx([0.13 / error, 2 / error])
    assert rise.rise == pytest.approx(2.0)
    assert (rise.onset, rise.certain_from) == (2, 3)


def test_the_critical_value_of_two_epochs_is_students():
    losses = np.random.default_rng(0).normal(size=(2, 200))
    assert critical_rise(epoch_moments(losses)) == pytest.approx(1.653, abs=0.12)  # one-sided 5 %, 199 degrees


def test_the_critical_value_of_independent_epochs_is_dunnetts():
    losses = np.random.default_rng(0).normal(size=(10, 20_000))
    assert critical_rise(epoch_moments(losses)) == pytest.approx(2.42, abs=0.07)  # one-sided 5 %, nine against one


def flat_and_heavy_tailed(wander):
    return np.exp(wander(EPOCHS, 500, 0.8) - 0.5)


def falling(wander):
    return np.exp(wander(EPOCHS, 500, 0.9)) * np.linspace(1.2, 1.0, EPOCHS)[:, None]


def falling_to_a_plateau(wander):
    trend = np.exp(-np.minimum(np.arange(EPOCHS), 4))[:, None]
    return 0.1 + trend + np.exp(wander(EPOCHS, 500, 0.9) - 0.5)


def few_fall_while_many_rise(wander):
    spread = np.linspace(1.0, 0.2, EPOCHS)[:, None]
    return np.exp(spread * wander(EPOCHS, 500, 0.98) - spread**2 / 2)


def swings_that_settle(wander):
    size = np.exp(-np.arange(EPOCHS) / 3)[:, None]
    return 1 + 0.1 * (size + 0.05) * wander(EPOCHS, 500, 0.0)


@pytest.mark.parametrize(
    "null",
    [
        flat_and_heavy_tailed,
        falling,
        falling_to_a_plateau,
        few_fall_while_many_rise,
        swings_that_settle,
    ],
)
def test_a_loss_that_never_rises_is_called_rising_at_most_at_the_level(null, wander, holds_level, draws):
    alarms = sum(loss_rise(null(wander).astype(np.float16)).rises for _ in range(draws))
    assert holds_level(alarms, draws, 0.05)


@pytest.mark.parametrize("patience", [3, 5])
def test_a_fit_stopped_by_patience_is_called_rising_at_most_at_the_level(patience, wander, holds_level, draws):
    alarms = 0
    for _ in range(draws):
        losses = np.exp(wander(20, 300, 0.8) - 0.5)
        best = np.array([row.argmin() for row in np.tril(losses.mean(axis=1) - 1e6)])  # of the epochs so far
        waited = np.flatnonzero(np.arange(20) - best >= patience)
        alarms += loss_rise(losses[: waited[0] + 1 if len(waited) else 20]).rises
    assert holds_level(alarms, draws, 0.05)


def test_twenty_examples_are_called_rising_at_most_at_the_level(wander, holds_level, draws):
    alarms = sum(loss_rise(np.exp(wander(EPOCHS, 20, 0.8))).rises for _ in range(draws))
    assert holds_level(alarms, draws, 0.05)


@pytest.mark.parametrize(("bar", "correlation"), [(1.0, 0.0), (2.0, 0.9)])
def test_an_accuracy_that_never_falls_is_called_falling_at_most_at_the_level(
    bar, correlation, wander, holds_level, draws
):
    alarms = sum(error_rise(wander(EPOCHS, 500, correlation) < bar).rises for _ in range(draws))
    assert holds_level(alarms, draws, 0.05)


def overfitted(rng, wander, turn, before, slope, n=1000, epochs=20):
    """Losses whose true mean is least at ``turn`` and then rises by ``slope`` standard errors an epoch."""
    losses = np.exp(0.8 * rng.standard_normal(n) - 0.32) * np.exp(0.6 * wander(epochs, n, 0.8) - 0.18)
    error = (losses[turn + 2] - losses[turn]).std() / np.sqrt(n)
    epoch = np.arange(epochs)
    fall = np.where(epoch < turn, before(epoch) - before(turn), 0)
    return losses + error * (fall + slope * np.maximum(epoch - turn, 0))[:, None]


def within_two(turns, fits):
    onsets = [loss_rise(losses).onset for losses in fits]
    return np.mean([onset is not None and abs(onset - turn) <= 2 for turn, onset in zip(turns, onsets, strict=True)])


@pytest.mark.parametrize(
    ("turn", "before"),
    [(4, lambda t: 6 * np.exp(-t / 2)), (7, lambda t: 6 * np.exp(-t / 2)), (10, lambda t: -1.5 * t)],
    ids=["early", "middle", "straight"],
)
def test_a_rise_of_three_errors_two_epochs_on_is_dated_within_two_epochs(turn, before, rng, wander):
    fits = [overfitted(rng, wander, turn, before, slope=1.5) for _ in range(200)]
    assert within_two([turn] * 200, fits) >= 0.95


def test_rises_of_three_errors_or_more_of_all_shapes_are_dated_within_two_epochs(rng, wander):
    turns = rng.integers(3, 13, 200).tolist()
    fits = []
    for turn in turns:
        height, pace, slope = rng.uniform(4, 12), rng.uniform(2, 4), rng.uniform(1.5, 3)
        fits.append(overfitted(rng, wander, turn, lambda t, h=height, p=pace: h * np.exp(-t / p), slope))
    assert within_two(turns, fits) >= 0.95


def test_after_a_bottom_of_ten_equal_epochs_four_onsets_in_five_are_dated_within_two_epochs(rng, wander):
    fits = [overfitted(rng, wander, 9, np.zeros_like, slope=1.5) for _ in range(200)]
    assert within_two([9] * 200, fits) >= 0.8  # the luck of the best epoch dates some of them early


def test_a_falling_accuracy_is_found(wander):
    bar = 1.5 - 0.04 * np.maximum(np.arange(20) - 8, 0)[:, None] - 0.3 * np.exp(-np.arange(20) / 2)[:, None]
    found = [error_rise(wander(20, 2000, 0.9) < bar) for _ in range(100)]
    assert np.mean([rise.rises for rise in found]) >= 0.95


def test_a_rise_that_recovers_is_not_overfitting(wander):
    losses = 5 + wander(12, 500, 0.5)
    losses[6] += 3
    losses[11] -= 0.5
    assert not loss_rise(losses).rises


def test_the_error_form_is_mcnemars(rng):
    correct = rng.random((2, 400)) < np.array([[0.9], [0.6]])
    rise = error_rise(correct)
    b, c = (correct[0] & ~correct[1]).sum(), (~correct[0] & correct[1]).sum()
    assert rise.best == 0
    assert rise.z[1] == pytest.approx((b - c) / np.sqrt(b + c))
    assert rise.form == "McNemar"


def test_an_epoch_of_nan_is_left_out_and_named(rng):
    losses = rng.random((6, 100)) + np.array([1.0, 0, 0, 9, 1, 2])[:, None]
    losses[3, 5] = np.nan
    rise = loss_rise(losses)
    assert rise.skipped == (3,)
    assert np.isnan(rise.z[3])
    assert rise.onset == 4


def test_the_verdict_is_the_same_each_time(rng):
    losses = rng.exponential(size=(8, 300))
    first, second = loss_rise(losses), loss_rise(losses)
    assert first.critical == second.critical


def test_a_rise_that_is_the_same_on_every_example_is_certain(rng):
    losses = rng.integers(0, 5, 100) + np.array([1, 0, 2])[:, None]
    rise = loss_rise(losses.astype(np.float16))
    assert rise.z.tolist() == [np.inf, 0, np.inf]
    assert rise.onset == rise.certain_from == 2


def test_identical_epochs_do_not_rise(rng):
    rise = loss_rise(np.tile(rng.random(100), (5, 1)))
    assert not rise.rises
    assert (rise.z == 0).all()


@pytest.mark.parametrize("shape", [(1, 1000), (20, 5), (20, 1), (0, 0)])
def test_too_little_is_said(shape):
    assert isinstance(loss_rise(np.ones(shape)), NotComputable)
    assert isinstance(error_rise(np.ones(shape, dtype=bool)), NotComputable)


def test_a_fit_that_diverged_at_once_is_said():
    assert "found 0" in loss_rise(np.full((5, 100), np.nan)).reason


def test_correctness_must_be_boolean():
    with pytest.raises(ValueError, match="boolean; found float64"):
        error_rise(np.ones((3, 100)))


@settings(max_examples=50, deadline=None)
@given(arrays(np.float16, (3, 20), elements=st.floats(width=16)))
def test_no_losses_bring_it_down(losses):
    rise = loss_rise(losses)
    assert isinstance(rise, NotComputable) or rise.onset is None or rise.onset > rise.best


@pytest.mark.parametrize("count", [8, 12, 40])
def test_by_group_a_loss_that_never_rises_is_called_rising_at_most_at_the_level(count, rng, holds_level):
    numbers, alarms, single = np.repeat(np.arange(count), 10), 0, 0
    for _ in range(250):
        shared, own = rng.standard_normal((6, count))[:, numbers], rng.standard_normal((6, 10 * count))
        losses = shared + own
        alarms += loss_rise(losses, groups=Groups(numbers)).rises
        single += loss_rise(losses).rises
    assert holds_level(alarms, 250, 0.05) and single > 75


def test_by_group_an_accuracy_is_tested_by_the_shares_of_its_groups(rng):
    numbers = np.repeat(np.arange(30), 10)
    right = (rng.random((4, 30)) < np.array([0.5, 0.9, 0.6, 0.5])[:, None])[:, numbers]
    found = error_rise(right, groups=Groups(numbers))
    assert (found.form, found.n, found.best) == ("paired, by group", 30, 1) and found.rises
    assert found.z[3] < error_rise(right).z[3]


def test_by_group_it_takes_six_groups():
    losses = np.random.default_rng(0).random((3, 100))
    assert loss_rise(losses, groups=Groups(np.arange(100) // 20)).reason == "it takes 6 groups or more; found 5"
