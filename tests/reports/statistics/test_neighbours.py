import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.neighbours import BLOCKS, MIDDLE, _chance_of_ratio, near_duplicates


def test_the_chance_of_a_ratio_is_what_exponentials_do(rng):
    ordered = np.sort(rng.exponential(size=(200_000, BLOCKS)), axis=1)
    at = np.array([0.01, 0.05, 0.2, 0.6])
    seen = (ordered[:, 0] / ordered[:, MIDDLE] < at[:, None]).mean(axis=1)
    np.testing.assert_allclose(_chance_of_ratio(at), seen, atol=0.005)


@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_all_planted_duplicates_are_found(rng, noise):
    train, val = rng.standard_normal((2000, 16)), rng.standard_normal((500, 16))
    val[:60] = train[100:160] + noise * rng.standard_normal((60, 16))
    found = near_duplicates(train.astype(np.float16), val.astype(np.float16))
    assert set(range(60)) <= set(found.val.tolist())
    assert len(found.val) <= 61
    partner = dict(zip(found.val.tolist(), found.train.tolist(), strict=True))
    assert all(partner[i] == 100 + i for i in range(60))


def test_several_copies_do_not_hide_each_other(rng):
    train, val = rng.standard_normal((2000, 16)), rng.standard_normal((500, 16))
    train[:100] = np.tile(val[:20], (5, 1))
    assert set(range(20)) <= set(near_duplicates(train, val).val.tolist())


def test_half_of_the_part_may_be_duplicates(rng):
    train, val = rng.standard_normal((2000, 16)), rng.standard_normal((200, 16))
    val[:100] = train[:100]
    assert set(range(100)) <= set(near_duplicates(train, val).val.tolist())


def test_examples_drawn_alike_are_called_duplicates_at_most_at_the_level(rng, holds_level, draws):
    alarms = 0
    for draw in range(draws):
        features = rng.standard_normal((380, 3))
        alarms += len(near_duplicates(features[:300], features[300:], seed=draw).val) > 0
    assert holds_level(alarms, draws, 0.05)


def test_rectified_features_on_a_curved_sheet_are_not_duplicates(rng, holds_level):
    sheet = rng.standard_normal((6, 128))
    alarms = 0
    for draw in range(300):
        features = np.maximum(rng.standard_normal((380, 6)) @ sheet, 0)
        alarms += len(near_duplicates(features[:300], features[300:], seed=draw).val) > 0
    assert holds_level(alarms, 300, 0.05)


def test_the_dimension_is_near_the_true_one(rng):
    assert near_duplicates(rng.random((4000, 2)), rng.random((1000, 2))).dimension == pytest.approx(2, rel=0.2)


def test_very_large_parts_are_sampled(rng, monkeypatch):
    monkeypatch.setattr("dl_reports.statistics.neighbours._MULTIPLICATIONS", 1000 * 4 * 80)
    found = near_duplicates(rng.standard_normal((1000, 4)), rng.standard_normal((500, 4)))
    assert found.examined == 80


@pytest.mark.parametrize(
    ("train", "val"),
    [
        (np.ones((5, 3)), np.ones((5, 3))),
        (np.ones((200, 3)), np.ones((100, 3))),
        (np.full((200, 3), np.nan), np.ones((100, 3))),
    ],
)
def test_what_has_no_neighbours_is_said(train, val):
    assert isinstance(near_duplicates(train, val), NotComputable)
