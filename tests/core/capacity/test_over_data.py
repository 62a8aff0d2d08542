"""Would more data help?"""

import numpy as np
import pytest

from dl.errors import BadData


@pytest.fixture
def ring(dataset):
    """A function that makes points labelled by their distance from the centre, or at random: ring(n, chance=False)."""

    def make(n=700, chance=False):
        rng = np.random.default_rng(2)
        inputs = rng.normal(size=(n, 4)).astype(np.float32)
        targets = (np.linalg.norm(inputs, axis=1) > 1.8).astype(int)
        return dataset(inputs, rng.integers(0, 2, n) if chance else targets, ("in", "out"))

    return make


def test_a_curve_that_still_falls_says_that_more_data_helps_and_how_much(ring, study):
    found = study("curve", ring(), over="data", epochs=12, val=200, lr=0.003)
    assert [point.train for point in found.points] == [31, 62, 125, 250, 500]
    assert [point.epochs for point in found.points] == [189, 95, 48, 24, 12]  # as many steps each
    assert found.state == "helps" and found.conclusion.endswith("more data helps")
    twice, ten = (one.score for one in found.forecasts)
    assert found.points[-1].val.value < twice.value < ten.value <= 1
    assert twice.low < twice.value < twice.high
    assert found.points[0].change is None and found.points[-1].change is not None
    assert len({found.run(fit).manifest.parts.val_fingerprint for fit in (1, 5)}) == 1
    assert found.run(1).report().answers


def test_of_labels_drawn_at_random_nothing_is_learnt(ring, study):
    found = study("curve", ring(chance=True), over="data", epochs=2, val=200)
    assert found.state == "nothing" and "nothing is learnt that holds for new examples" in found.conclusion
    assert found.forecasts == ()


def test_subsets_smaller_than_a_batch_are_left_out_and_too_few_examples_refused(blobs, study, runs):
    found = study("curve", blobs(200, spread=0.3), over="data", epochs=1, batch_size=16)
    assert len(found.points) == 4 and "smaller than a batch of 16" in found.notes[1]
    with pytest.raises(BadData, match=r"needs 256 training examples, 4 batches of 64.*found 128.*batch_size=8"):
        study("curve", blobs(160), over="data", batch_size=64)
    assert len(list(runs.iterdir())) == 1


def test_values_are_forecast_in_their_unit(dataset, study):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 5)).astype(np.float32)
    given = dataset(inputs, (inputs.sum(axis=1) + rng.normal(0, 0.2, 300)).astype(np.float64) * 10)
    found = study("curve", given, over="data", epochs=5)
    assert found.metric.name == "mae" and 0 < found.forecasts[0].score.value < 15
