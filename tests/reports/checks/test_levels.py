"""The levels: in fits in which nothing happens but noise, a check speaks no more often than it says."""

import numpy as np
import pytest
from scipy.stats import binom

from dl_reports.checks import duplicates, health, labels, learning, overfitting, scores, shift
from dl_reports.statistics import NotComputable

LEVELS = {  # of a fit in which nothing happens
    overfitting.overfit_loss: 0.025,
    overfitting.overfit_metric: 0.025,
    overfitting.over_confident: 0.06,
    overfitting.stopped_too_late: 0.05,
    learning.not_converged: 0.01,
    scores.gap: 0.025,
    labels.memorized: 0.05,
    labels.mislabelled: 0.01,
    labels.imbalance: 0.01,
    shift.targets: 0.01,
    health.not_a_number: 0.0,
    health.lr_too_high: 0.02,
    health.lr_too_low: 0.01,
}


def speaks(check, facts):
    answer = check(facts)
    assert not isinstance(answer, NotComputable), answer
    return len(answer) > 0


def allowed(level, draws):
    """The most false words that a check at this level says in so many draws, but for one chance in a thousand."""
    return binom.ppf(0.999, draws, level)


@pytest.fixture(scope="module")
def counts(drawn, draws):
    """How often each check speaks in fits of noise, all checks on the same ones."""
    spoken = dict.fromkeys(LEVELS, 0)
    for seed in range(draws):
        facts = drawn(seed)
        for check in LEVELS:
            spoken[check] += speaks(check, facts)
    return spoken


@pytest.mark.parametrize("check", LEVELS, ids=lambda check: check.__name__)
def test_a_check_speaks_of_noise_no_more_often_than_its_level(check, counts, draws):
    assert counts[check] <= allowed(LEVELS[check], draws)


def test_a_step_that_changes_nothing_is_no_explosion(parts, plugins, draws):
    draw, facts_of = parts
    spoken = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        noise = draw(rng, 100, 4)
        spikes = {"grad_norm": [1.0] * 4, "grad_norm_max": [1.0, 500.0, 500.0, 500.0]}
        spoken += speaks(health.exploding_gradients, facts_of(noise, noise, plugins, columns=spikes))
    assert spoken <= allowed(0.01, draws)


def test_half_of_the_error_on_training_is_not_called_underfitting(plugins, parts, draws):
    draw, facts_of = parts
    spoken = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        val, probe = draw(rng, 400, 2, spread=0.0), draw(rng, 400, 2, spread=0.0)
        for part, error in ((val, 0.4), (probe, 0.2)):  # right and wrong alone count here
            wrong = rng.random(400) < error
            part.logits[:] = 0.0
            part.logits[:, np.arange(400), np.where(wrong, (part.targets + 1) % 3, part.targets)] = 1.0
        z = learning.common_error_z(facts_of(val, probe, plugins))
        spoken += z > overfitting.SURE
    assert spoken <= allowed(0.01, draws)


def test_a_network_as_good_as_the_baseline_is_seldom_taken_for_better(parts, plugins, draws):
    draw, facts_of = parts
    silent = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        blind = draw(rng, 200, 5, spread=0.0, wandering=1.0)  # five guesses, the best of them chosen
        silent += not speaks(scores.no_better_than_baseline, facts_of(blind, blind, plugins))
    assert silent <= allowed(0.025, draws)


@pytest.mark.parametrize(
    ("check", "names"), [(duplicates.near, ("val", "probe")), (shift.inputs, ("val_inputs", "train_inputs"))]
)
def test_features_drawn_alike_raise_no_word(check, names, drawn, draws):
    """At most their level; 100 draws and 500, for each is a permutation test of its own."""
    spoken, draws = 0, {250: 100}.get(draws, 500)
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        features = {name: rng.standard_normal((200, 8)).astype(np.float16) for name in names}
        features |= {"val_rows": np.arange(200), "probe_rows": np.arange(200)}
        spoken += speaks(check, drawn(seed, epochs=2, features=features))
    assert spoken <= allowed(0.01, draws)


def test_a_faint_first_layer_of_a_network_that_fits_is_left_in_peace(plugins, parts, draws):
    """Level 1 %: the harm that it takes, most of the error on training examples, is at its edge here."""
    draw, facts_of = parts
    faint = {"grad_first": [1e-5] * 2, "grad_last": [1.0] * 2}
    spoken = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        val, probe = draw(rng, 400, 2, spread=0.0), draw(rng, 400, 2, spread=0.0)
        for part, error in ((val, 0.4), (probe, 0.2)):
            wrong = rng.random(400) < error
            part.logits[:] = 0.0
            part.logits[:, np.arange(400), np.where(wrong, (part.targets + 1) % 3, part.targets)] = 1.0
        spoken += speaks(health.vanishing_gradients, facts_of(val, probe, plugins, columns=faint))
    assert spoken <= allowed(0.01, draws)


def test_units_that_fire_on_one_example_in_a_hundred_are_not_called_dead(drawn, draws):
    """Level 0: of 64 such units more than half would have to stay silent on all of 300 examples."""
    spoken = 0
    for seed in range(draws):
        silent = np.random.default_rng(seed).random((2, 64)) < 0.99**300
        facts = drawn(seed, n=300, epochs=2, columns={"dead_share": silent.mean(axis=1)})
        spoken += speaks(health.dead_units, facts)
    assert spoken == 0


def test_the_best_of_epochs_that_hardly_differ_is_seldom_called_lucky(parts, plugins, draws):
    """Level 1 %: what is left to choose among moves one answer in two hundred, far less than the interval's half."""
    draw, facts_of = parts
    spoken = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        noise = draw(rng, 200, 4, wandering=0.02)
        spoken += speaks(scores.lucky_best, facts_of(noise, noise, plugins))
    assert spoken <= allowed(0.01, draws)
