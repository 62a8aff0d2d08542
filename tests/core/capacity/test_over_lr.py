"""Which learning rate to take?"""

import numpy as np
import pytest

from dl.errors import BadOption


def test_a_rate_that_is_far_too_low_is_replaced_by_the_best(blobs, study):
    found = study("curve", blobs(spread=0.5), over="lr", lr=1e-4, epochs=4)
    assert [point.size for point in found.points][::4] == [1e-6, 1e-4, 0.01]
    assert found.state == "change" and found.conclusion.startswith("take lr=0.01: loss")
    assert found.next == "dl curve numbers given --model dense batch_size=8 lr=0.01 epochs=4 --over lr"
    assert "the range ends there" in found.conclusion
    assert all(point.epochs == 2 for point in found.points)


def test_a_good_rate_is_kept_and_the_flat_part_named(blobs, study):
    found = study("curve", blobs(400, spread=2.0), over="lr", lr=0.01, epochs=8)
    assert found.state == "keep" and found.conclusion.startswith("keep lr=0.01: it is within the flat part")
    assert found.next == ""
    best = min(found.points, key=lambda point: point.loss)
    assert best.note == "best" and best.change is None


def test_a_rate_at_which_the_loss_is_not_finite_is_a_point_that_failed(dataset, study):
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(120, 3)).astype(np.float32)
    given = dataset(inputs, 10 * inputs.sum(axis=1).astype(np.float64))
    found = study("curve", given, over="lr", model="linear", optimizer="sgd", schedule="constant", lr=0.1, epochs=4)
    last = found.points[-1]
    assert last.state == "failed" and last.note.startswith("the loss is")


def test_no_rate_has_no_curve(blobs, study):
    with pytest.raises(BadOption, match="lr=0: a curve over the learning rate"):
        study("curve", blobs(), over="lr", lr=0.0)
