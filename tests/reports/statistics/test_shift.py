import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from dl.groups import Groups
from dl_reports.statistics import NotComputable
from dl_reports.statistics.shift import _areas, input_shift, target_shift


def test_the_g_test_is_scipys_up_to_williams():
    train, val = np.repeat([0, 1, 2], [300, 200, 100]), np.repeat([0, 1, 2], [40, 50, 10])
    table = np.array([[300, 200, 100], [40, 50, 10]])
    reference = stats.chi2_contingency(table, lambda_="log-likelihood")
    found = target_shift(train, val)
    q = 1 + (700 / 600 + 700 / 100 - 1) * (700 / 340 + 700 / 250 + 700 / 110 - 1) / (6 * 700 * 2)
    assert found.g == pytest.approx(reference.statistic / q)
    assert found.p == pytest.approx(stats.chi2.sf(reference.statistic / q, 2))
    assert found.cramers_v == pytest.approx(stats.contingency.association(table))


@pytest.mark.parametrize("law", ["even", "rare", "real"])
def test_targets_drawn_alike_shift_at_most_at_the_level(rng, holds_level, law):
    share = {"even": np.ones(10), "rare": 0.5 ** np.arange(10), "real": np.ones(1)}[law]
    alarms = 0
    for _ in range(2000):
        both = rng.exponential(size=500) if law == "real" else rng.choice(len(share), 500, p=share / share.sum())
        alarms += target_shift(both[:400], both[400:]).p < 0.05
    assert holds_level(alarms, 2000, 0.05)


def test_a_class_that_is_missing_in_validation_is_found(rng):
    found = target_shift(rng.integers(0, 5, 1000), rng.integers(0, 4, 300))
    assert found.p < 1e-6
    assert found.cramers_v > 0.1


def test_a_million_names_are_pooled(rng):
    names = np.array([f"name-{i}" for i in rng.integers(0, 10**6, 2000)])
    found = target_shift(names[:1500], names[1500:])
    assert isinstance(found, NotComputable) or found.pooled > 1000


def test_the_area_is_sklearns(rng):
    scores, labels = rng.standard_normal((100, 3)), np.repeat([0.0, 1.0], 50)[:, None].repeat(3, axis=1)
    assert _areas(scores, labels) == pytest.approx([roc_auc_score(labels[:, k], scores[:, k]) for k in range(3)])


def test_inputs_drawn_alike_shift_at_most_at_the_level(rng, holds_level):
    alarms = 0
    for draw in range(2000):
        features = rng.exponential(size=(80, 4))
        alarms += input_shift(features[:40], features[40:], permutations=39, seed=draw).p <= 0.05
    assert holds_level(alarms, 2000, 0.05)


def test_a_moved_feature_is_found(rng):
    train, val = rng.standard_normal((3000, 30)), rng.standard_normal((1000, 30))
    val[:, 3] += 0.3
    found = input_shift(train, val)
    assert found.p <= 0.005
    assert found.auc > 0.53
    assert found.examined == 1000


@pytest.mark.parametrize(
    "found",
    [
        target_shift(np.zeros(100), np.zeros(5)),
        target_shift(np.array([], dtype=int), np.array([1])),
        target_shift(np.array([np.nan, 1.0]), np.array([1.0])),
        target_shift(np.array([0, 1]), np.array([1])),
        input_shift(np.ones((5, 3)), np.ones((5, 3))),
        input_shift(np.ones((50, 3)), np.ones((50, 3))),
        input_shift(np.full((50, 3), np.inf), np.ones((50, 3))),
    ],
)
def test_what_cannot_be_compared_is_said(found):
    assert isinstance(found, NotComputable)


def test_targets_that_belong_to_groups_shift_at_most_at_the_level_and_without_groups_always(rng, holds_level):
    train, val = np.repeat(np.arange(48), 10), np.repeat(np.arange(12), 40)
    alarms = single = 0
    for _ in range(500):
        ours, theirs = rng.integers(0, 2, 48)[train], rng.integers(0, 2, 12)[val]
        alarms += target_shift(ours, theirs, (Groups(train), Groups(val))).p < 0.05
        single += target_shift(ours, theirs).p < 0.05
    assert holds_level(alarms, 500, 0.05) and single > 250


def test_inputs_that_belong_to_groups_shift_at_most_at_the_level(rng, holds_level):
    numbers, alarms = np.repeat(np.arange(20), 10), 0
    groups = Groups(numbers), Groups(numbers)
    for _ in range(60):
        sides = [rng.standard_normal((20, 3))[numbers] + 0.3 * rng.standard_normal((200, 3)) for _ in range(2)]
        alarms += input_shift(*sides, permutations=49, groups=groups).p <= 0.05
    assert holds_level(alarms, 60, 0.05)
