"""Scores of a part: however it is cut into batches and devices, they are those of the whole."""

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dl.tasks.table import decide
from dl.training.batches import EvalBatchSampler, Shard
from dl.training.scoring import RunningMeans, merge, score

PARTS = st.tuples(st.integers(1, 40), st.integers(1, 4), st.integers(1, 7))  # examples, devices, batch size


def alone(values):
    raise AssertionError("one device gathers nothing")


def scored_on(positions, logits, world, size):
    """Return the batches of (positions, logits) that each device has scored."""
    samplers = [EvalBatchSampler(positions, Shard(rank, world), eval_batch_size=size) for rank in range(world)]
    return [[(batch, logits[batch // 3]) for batch in sampler] for sampler in samplers]


def gather(devices, n):
    """Return a gather of equally shaped tensors over all devices, as Lightning's is."""
    most = -(-n // len(devices))

    def padded(which, value):
        whole = [torch.cat([batch[which] for batch in batches]) for batches in devices]
        missing = [torch.full((most - len(one), *one.shape[1:]), value, dtype=one.dtype) for one in whole]
        return torch.stack([torch.cat(pair) for pair in zip(whole, missing, strict=True)])

    positions, logits = padded(0, -1), padded(1, 0.0)
    return lambda values: positions if values.dtype == torch.int64 else logits


@settings(max_examples=50)
@given(PARTS)
def test_logits_come_back_in_the_order_of_their_positions_whatever_scored_them(sizes):
    n, world, size = sizes
    assume(n >= world)  # a fit is refused where a device would have nothing
    positions, logits = np.arange(n) * 3, torch.arange(2.0 * n).reshape(n, 2)
    devices = scored_on(positions, logits, world, size)
    for rank, pending in enumerate(devices):
        every = gather(devices, n) if world > 1 else alone
        assert torch.equal(merge(pending, positions, Shard(rank, world), every), logits)


def test_an_example_that_is_missing_or_was_scored_twice_is_an_error():
    one = (torch.tensor([0, 1]), torch.zeros(2, 3))
    for pending, expected in (([one], [0, 1, 2]), ([one, one], [0, 1]), ([], [0])):
        with pytest.raises(RuntimeError, match=f"where {len(expected)} were expected, each once"):
            merge(pending, np.array(expected), Shard(), alone)


def test_what_is_kept_of_an_example_is_its_loss_whether_it_is_right_and_its_margin():
    task = decide(np.array([0, 1, 2, 0]), ("a", "b", "c"))
    kept = score(task, torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0]]), torch.tensor([0, 1]))
    assert kept.score.tolist() == [1, 0] and kept.margin.tolist() == [2, -3]
    assert kept.loss == pytest.approx([-np.log(np.e**2 / (np.e**2 + 2)), np.log(2 + np.e**3)])
    assert kept.logits.dtype == kept.loss.dtype == np.float32


@given(st.lists(st.lists(st.floats(0, 9), min_size=1, max_size=5), min_size=1, max_size=6), st.integers(1, 3))
def test_the_means_are_those_over_examples_however_batches_are_cut(batches, at_once):
    running, sizes = RunningMeans(), [len(batch) for batch in batches]
    losses = torch.tensor([np.mean(batch) for batch in batches], dtype=torch.float64)
    for k in range(0, len(batches), at_once):
        scores = torch.tensor([value for batch in batches[k : k + at_once] for value in batch]) * 2
        running.add(losses[k : k + at_once], sizes[k : k + at_once], scores)
    loss, mean = running.means(lambda values: values)
    whole = np.mean([value for batch in batches for value in batch])
    assert loss == pytest.approx(whole, abs=1e-5) and mean == pytest.approx(2 * whole, abs=1e-5)
    assert np.isnan(running.means(lambda values: values)).all()  # it has begun anew


def test_the_means_are_over_all_devices():
    running = RunningMeans()
    running.add(torch.tensor([1.0]), [2], torch.tensor([1.0, 0.0]))
    other = torch.tensor([8.0, 2.0, 2.0])  # losses and scores summed, and examples, of another device
    assert running.means(lambda values: values + other) == ((2 + 8) / 4, 3 / 4)
