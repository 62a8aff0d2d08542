from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Subset
from dl.data.ragged import as_text, ragged, texts
from dl.errors import BadData
from dl.padded import RaggedTensor
from dl.tasks.table import decide
from dl.training import batches
from dl.training.batches import (
    EVAL_BATCH,
    WIDEST,
    DeviceDataset,
    EvalBatchSampler,
    Shard,
    TrainBatchSampler,
    batch_sizes,
    bucket_by_length,
    check_width,
    epoch_permutation,
    in_pieces,
    in_windows,
)

SIZES = st.tuples(st.integers(1, 200), st.integers(1, 40), st.integers(1, 4))  # examples, batch, devices
SEEDS = st.integers(0, 2**40)


def orders(n, batch, world_size, seed=0, epoch=0, block=1):
    made = [
        TrainBatchSampler(np.arange(n) * 3, batch, seed, Shard(rank, world_size), block) for rank in range(world_size)
    ]
    for order in made:
        order.set_epoch(epoch)
    return made


@given(st.integers(1, 100), SEEDS, st.integers(0, 1000))
def test_the_order_is_a_function_of_seed_and_epoch(n, seed, epoch):
    positions = np.arange(n) * 7
    first = epoch_permutation(seed, epoch, positions)
    torch.manual_seed(epoch)
    assert np.array_equal(first, epoch_permutation(seed, epoch, positions))
    assert sorted(first.tolist()) == positions.tolist()


def test_another_seed_or_epoch_is_another_order():
    positions = np.arange(100)
    found = {tuple(epoch_permutation(seed, epoch, positions).tolist()) for seed in range(3) for epoch in range(3)}
    assert len(found) == 9


@given(st.integers(1, 500), st.integers(1, 64))
def test_batches_hold_every_example_and_none_is_of_one_unless_asked(n, batch):
    sizes = batch_sizes(n, batch)
    assert sum(sizes) == n and all(size == batch for size in sizes[:-1])
    assert n == 1 or batch == 1 or min(sizes) > 1
    assert max(sizes) <= batch + 1


def test_one_example_that_is_left_over_joins_the_batch_before():
    assert batch_sizes(9, 4) == [4, 5]
    assert batch_sizes(10, 4) == [4, 4, 2]
    assert batch_sizes(1, 4) == [1]


@given(SIZES, SEEDS, st.integers(0, 5))
def test_shares_of_all_devices_are_disjoint_and_together_the_global_batch(sizes, seed, epoch):
    n, batch, world_size = sizes
    (alone,) = orders(n, batch, 1, seed, epoch)
    together = orders(n, batch, world_size, seed, epoch)
    assert {len(order) for order in together} == {len(alone)}
    for (whole, _), *shares in zip(alone, *together, strict=True):
        real = [positions for positions, factor in shares if factor]
        assert sorted(torch.cat(real).tolist()) == sorted(whole.tolist())


@given(SIZES, SEEDS)
def test_the_factors_make_the_mean_over_devices_the_mean_over_the_batch(sizes, seed):
    n, batch, world_size = sizes
    loss = torch.randn(3 * n, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    (alone,) = orders(n, batch, 1, seed)
    for (whole, one), *shares in zip(alone, *orders(n, batch, world_size, seed), strict=True):
        mean = sum(factor * loss[positions].mean() for positions, factor in shares) / world_size
        assert one == 1.0 and float(mean) == pytest.approx(float(loss[whole].mean()))


@given(st.integers(1, 300), st.integers(1, 20), st.integers(1, 9))
def test_blocks_are_the_same_batches_in_the_same_order(n, batch, block):
    (steps,), (blocks,) = orders(n, batch, 1), orders(n, batch, 1, block=block)
    cut = [part.tolist() for positions, _ in blocks for part in positions.split(batch_sizes(len(positions), batch))]
    assert cut == [positions.tolist() for positions, _ in steps]
    assert len(list(blocks)) == len(blocks) == -(-steps.steps // block)


@given(st.integers(1, 3 * EVAL_BATCH), st.integers(1, 4))
def test_each_example_is_scored_on_exactly_one_device(n, world_size):
    positions = np.arange(n) * 2
    seen = [batch for rank in range(world_size) for batch in EvalBatchSampler(positions, Shard(rank, world_size))]
    assert sorted(torch.cat(seen).tolist()) == positions.tolist()
    assert max(map(len, seen)) <= EVAL_BATCH


def test_a_feed_gives_what_stands_at_the_positions(examples):
    given_examples = examples(np.arange(12, dtype=np.uint8).reshape(6, 2), np.array([0, 1, 2, 0, 1, 2]))
    feed = DeviceDataset.of(given_examples, decide(given_examples.targets, ()))
    feed.to(torch.device("cpu"))
    inputs, targets = feed.take(torch.tensor([5, 0]))
    assert inputs.tolist() == [[10, 11], [0, 1]] and inputs.dtype == torch.uint8 and targets.tolist() == [2, 0]


def test_a_feed_copies_no_input(examples):
    given_examples = examples(np.zeros((6, 2), np.uint8), np.array([0, 1, 0, 1, 0, 1]))
    feed = DeviceDataset.of(given_examples, decide(given_examples.targets, ()))
    assert feed.inputs.data_ptr() == given_examples.inputs.ctypes.data


@given(st.integers(1, 400), st.integers(1, 16), SEEDS, st.integers(0, 5))
def test_bucketing_keeps_every_example_and_the_last_batch_last(n, batch, seed, epoch):
    lengths = np.random.default_rng(seed).integers(1, 500, n)
    order = epoch_permutation(seed, epoch, np.arange(n))
    found = bucket_by_length(order, lengths, batch, np.random.default_rng(epoch))
    assert sorted(found.tolist()) == list(range(n))
    assert len(found) // batch == n // batch


def test_bucketing_leaves_little_padding():
    lengths = np.minimum(np.random.default_rng(0).lognormal(5.2, 0.6, 20_000).astype(np.int64) + 1, 500)
    order = epoch_permutation(0, 0, np.arange(20_000))

    def padded(positions):
        batches = np.split(positions, np.arange(128, len(positions), 128))
        return 1 - lengths.sum() / sum(lengths[batch].max() * len(batch) for batch in batches)

    assert padded(order) > 0.5
    assert padded(bucket_by_length(order, lengths, 128, np.random.default_rng(0))) < 0.05


def test_a_ragged_column_is_padded_to_the_longest_row_of_the_batch():
    column = ragged([np.array([5, 6, 7]), np.array([], int), np.array([8])], np.uint16)
    taken = RaggedTensor.of(column).take(torch.tensor([2, 0, 1]))
    assert taken.values.tolist() == [[8, 0, 0], [5, 6, 7], [0, 0, 0]]
    assert taken.lengths.tolist() == [1, 3, 1]
    assert taken.mask.tolist() == [[True, False, False], [True] * 3, [True, False, False]]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=20), st.data())
def test_rows_of_a_ragged_column_are_the_texts_at_their_positions(strings, data):
    column = texts(strings)
    positions = data.draw(st.lists(st.integers(0, len(strings) - 1), max_size=10))
    taken = column[np.array(positions, np.int64)]
    assert [as_text(row) for row in taken] == [strings[k] for k in positions]


@given(st.integers(1, 60), SEEDS, st.integers(1, 3))
def test_very_long_rows_are_scored_few_at_once(n, seed, world_size):
    lengths = np.random.default_rng(seed).choice([10, WIDEST // 7, WIDEST // 2, 2 * WIDEST], n)
    orders = [EvalBatchSampler(np.arange(n), Shard(rank, world_size), lengths) for rank in range(world_size)]
    seen = [batch.numpy() for order in orders for batch in order]
    assert sorted(np.concatenate([np.empty(0, int), *seen]).tolist()) == list(range(n))
    assert all(len(batch) == 1 or len(batch) * lengths[batch].max() <= WIDEST for batch in seen)
    assert [len(order) for order in orders] == [len(list(order)) for order in orders]


def test_a_row_too_long_for_a_batch_of_its_size_is_named(examples):
    given_examples = examples(np.zeros((6, 2), np.uint8), np.array([0, 1, 0, 1, 0, 1]))
    lengths = np.array([5, 5, WIDEST // 2, 5, 5, WIDEST])
    train = Subset(given_examples, np.arange(5))
    check_width(train, lengths, 2)
    check_width(train, None, 3)
    with pytest.raises(BadData, match=r"#2: 16,777,216 tokens, .*batch of 3 is padded .*max_len=5000"):
        check_width(train, lengths, 3)


@pytest.mark.parametrize("world_size", [1, 2])
def test_batches_hold_whole_queries_and_every_row_once_in_as_many_steps_each_epoch(world_size):
    queries = np.random.default_rng(0).integers(0, 30, 400)  # of all rows, of which half are trained on
    positions = np.sort(np.random.default_rng(1).choice(400, 200, replace=False))
    for epoch in range(2):
        block = 2 if world_size == 1 else 1
        samplers = [
            TrainBatchSampler(positions, 32, 0, Shard(rank, world_size), block, epoch=epoch, queries=queries)
            for rank in range(world_size)
        ]
        parts = [[rows for rows, _ in one] for one in samplers]
        rows = np.concatenate([batch.numpy() for part in parts for batch in part])
        assert sorted(rows.tolist()) == positions.tolist() and all(len(part) == len(samplers[0]) for part in parts)
        batches = [
            batch.numpy()
            for block in parts[0]
            for batch in block.split(samplers[0].sizes_of(block) if world_size == 1 else len(block))
        ]
        assert sum(len(np.unique(queries[batch])) for batch in batches) == len(
            np.unique(queries[np.concatenate(batches)])
        )
        assert len(batches) == samplers[0].steps == 6


@given(st.integers(1, 400), st.integers(1, 30), st.integers(0, 400), SEEDS)
def test_windows_hold_every_position_once_and_continue_where_they_were_left(n, rows_per_block, skipped, seed):
    positions = np.flatnonzero(np.random.default_rng(n).random(3 * n) < 0.5)
    whole = np.concatenate([np.empty(0, int), *in_windows(seed, 1, positions, rows_per_block)])
    assert sorted(whole.tolist()) == positions.tolist()
    left = np.concatenate([np.empty(0, int), *in_windows(seed, 1, positions, rows_per_block, skipped)])
    assert left.tolist() == whole[skipped:].tolist()


def test_a_window_holds_the_rows_of_as_many_blocks(monkeypatch):
    monkeypatch.setattr(batches, "WINDOW", 3)
    windows = list(in_windows(0, 0, np.arange(100), 10))
    assert [len(window) for window in windows] == [30, 30, 30, 10]
    assert {len(set(window // 10)) for window in windows[:3]} == {3}
    assert windows[0].tolist() != np.sort(windows[0]).tolist()
    assert windows[0].tolist() != next(in_windows(0, 1, np.arange(100), 10)).tolist()


@given(st.lists(st.integers(0, 9)), st.integers(1, 7))
def test_pieces_of_other_sizes_hold_the_same_positions(lengths, size):
    given, n = [np.arange(length) for length in lengths], sum(lengths)
    found = list(in_pieces(given, [min(size, n - first) for first in range(0, n, size)]))
    assert all(len(piece) == size for piece in found[:-1])
    assert [k for piece in found for k in piece] == [k for piece in given for k in piece]


@pytest.mark.parametrize("kind", ["plain", "ragged", "drawn"])
def test_an_epoch_in_blocks_is_continued_with_the_steps_that_are_left(kind, monkeypatch):
    monkeypatch.setattr(batches, "WINDOW", 2)
    monkeypatch.setattr(batches, "POOL", 2)
    lengths = np.random.default_rng(0).integers(1, 9, 300) if kind == "ragged" else None
    chances = np.linspace(0.5, 2.0, 100) if kind == "drawn" else None
    asked = []

    def epoch(taken, world=(0, 1), block=4):
        made = TrainBatchSampler(np.arange(100) * 3, 8, 0, Shard(*world), block, lengths, 1, chances, taken=taken)
        made.rows_per_block, made.ahead = 7, asked.append
        return [positions.tolist() for positions, _ in made]

    whole = epoch(0)
    assert len(whole) == 4 and sum(map(len, whole)) == 100 == sum(map(len, asked))
    assert kind == "drawn" or sorted(chain(*whole)) == list(range(0, 300, 3))
    assert epoch(4) == whole[1:] and epoch(12) == whole[3:] and epoch(13) == [[]]
    steps = epoch(0, block=1)
    assert list(chain(*steps)) == list(chain(*whole))
    assert [sorted(one + other) for one, other in zip(epoch(0, (0, 2), 1), epoch(0, (1, 2), 1), strict=True)] == [
        sorted(step) for step in steps
    ]
