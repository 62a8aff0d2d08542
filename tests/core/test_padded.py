"""Rows of different lengths side by side: each row as it was, and padding that the lengths tell from data."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.data.ragged import Ragged, ragged
from dl.padded import Padded, RaggedTensor, masked_mean, reversed_positions

ROWS = st.lists(st.lists(st.integers(1, 99), max_size=6), min_size=1, max_size=8)


@given(ROWS, st.data())
def test_a_batch_holds_each_row_in_its_place_and_zeros_behind_it(rows, data):
    positions = data.draw(st.lists(st.integers(0, len(rows) - 1), min_size=1, max_size=8))
    column = RaggedTensor.of(ragged(map(np.array, rows), np.int32))
    batch = column.take(torch.tensor(positions))
    taken = [rows[position] for position in positions]
    width = max(1, *map(len, taken)) if len(taken) > 1 else max(1, len(taken[0]))
    assert batch.values.tolist() == [row + [0] * (width - len(row)) for row in taken]
    assert batch.lengths.tolist() == [max(len(row), 1) for row in taken] and batch.values.dtype == torch.int64


@given(ROWS)
def test_the_mask_is_true_where_there_is_data(rows):
    batch = RaggedTensor.of(ragged(map(np.array, rows), np.uint8)).take(torch.arange(len(rows)))
    assert batch.mask.sum(dim=1).tolist() == batch.lengths.tolist()
    assert not batch.values[~batch.mask].any()


def test_a_column_without_a_value_is_rows_of_one_padding_value():
    batch = RaggedTensor.of(ragged([np.array([])] * 2, np.uint8)).take(torch.tensor([0, 1]))
    assert batch.values.tolist() == [[0], [0]] and batch.lengths.tolist() == [1, 1]


def test_a_column_is_wrapped_without_being_copied():
    column = ragged([np.arange(3)], np.int32)
    wrapped = RaggedTensor.of(column)
    assert wrapped.values.data_ptr() == column.values.ctypes.data and wrapped.nbytes == 12
    assert wrapped.to(torch.device("cpu")).device.type == "cpu"


def test_each_value_counts_once_and_says_all_unless_it_is_told_otherwise():
    batch = Padded(torch.zeros(1, 2), torch.tensor([2]))
    assert batch.weights is None and batch.unknown_nats is None


def test_the_places_from_the_end_by_hand():
    mask = torch.tensor([[True, True, False], [True, True, True]])
    assert reversed_positions(mask).tolist() == [[1, 0, 2], [2, 1, 0]]


def test_the_mean_over_what_is_there_by_hand():
    states = torch.tensor([[[1.0], [3.0], [100.0]]])
    assert masked_mean(states, torch.tensor([[True, True, False]])).tolist() == [[2.0]]


def test_steps_of_several_numbers_are_padded_by_rows_of_zeros():
    steps = np.arange(10, dtype=np.float32).reshape(5, 2)
    batch = RaggedTensor.of(Ragged(steps, np.array([0, 1, 5]))).take(torch.tensor([0, 1]))
    assert batch.values.shape == (2, 4, 2) and batch.values.dtype == torch.float32
    assert batch.values[0].tolist() == [[0, 1], [0, 0], [0, 0], [0, 0]] and batch.lengths.tolist() == [1, 4]
    assert batch.mask.sum().item() == 5
