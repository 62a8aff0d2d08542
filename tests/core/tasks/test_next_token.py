"""Sums of rows: what telling tokens costs, counted by hand and against a plain loop."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.padded import Padded
from dl.tasks import next_token

ROWS = st.lists(st.lists(st.integers(1, 4), min_size=2, max_size=6), min_size=1, max_size=4)


def batch_of(rows, weights=None, unknown_nats=None):
    longest = max(map(len, rows))

    def side_by_side(ragged, fill):
        return torch.tensor([[*row, *[fill] * (longest - len(row))] for row in ragged])

    return Padded(
        side_by_side(rows, 0),
        torch.tensor([len(row) for row in rows]),
        None if weights is None else side_by_side(weights, 0.0),
        None if unknown_nats is None else side_by_side(unknown_nats, 0.0),
    )


def test_a_uniform_guess_over_eight_tokens_costs_three_bits_each():
    batch = batch_of([[7, 1, 2, 3]])
    (sums,) = next_token.reduce_logits(torch.zeros(1, 4, 8), batch).tolist()
    assert sums == pytest.approx([3 * math.log(8), 0, 3, 3])
    assert float(next_token.bits_per_character(torch.tensor([sums]))) == pytest.approx(3)
    assert float(next_token.perplexity(torch.tensor([sums]))) == pytest.approx(8)


def test_logits_at_a_place_tell_the_token_after_it():
    batch = batch_of([[4, 1, 2, 3]])
    sure = torch.zeros(1, 4, 5)
    sure[0, torch.arange(3), torch.tensor([1, 2, 3])] = 20
    (sums,) = next_token.reduce_logits(sure, batch).tolist()
    assert sums[0] < 1e-6 and sums[1:] == [3, 3, 3]
    assert float(next_token.token_accuracy(torch.tensor([sums]))) == 1


@given(ROWS)
def test_a_row_comes_to_the_same_alone_and_beside_others_whatever_the_padding_is_told_to_be(rows):
    logits = torch.randn(len(rows), max(map(len, rows)), 5, generator=torch.Generator().manual_seed(0))
    weights = [[0.0] + [float(1 + value % 3) for value in row[1:]] for row in rows]
    unknown_nats = [[0.0] + [0.5 * (value == 1) for value in row[1:]] for row in rows]
    together = next_token.reduce_logits(logits, batch_of(rows, weights, unknown_nats))
    for k, row in enumerate(rows):
        alone = next_token.reduce_logits(
            logits[k : k + 1, : len(row)], batch_of([row], [weights[k]], [unknown_nats[k]])
        )
        torch.testing.assert_close(alone[0], together[k])
        shares = torch.log_softmax(logits[k], dim=1)
        nats = sum(-float(shares[i, row[i + 1]]) for i in range(len(row) - 1)) + sum(unknown_nats[k])
        assert float(together[k, 0]) == pytest.approx(nats, rel=1e-4)
        assert together[k, 2:].tolist() == pytest.approx([len(row) - 1, sum(weights[k])])


@given(st.lists(st.tuples(st.floats(1, 900), st.integers(1, 300)), min_size=2, max_size=20))
def test_the_mean_score_of_rows_is_the_metric_however_long_they_are(rows):
    sums = torch.tensor([[nats, 0.0, length, length] for nats, length in rows])
    scores = next_token.example_scores(sums)
    metric = float(next_token.bits_per_character(sums))
    assert float(scores.mean()) == pytest.approx(metric, rel=1e-3, abs=1e-3)


def test_the_score_of_rows_of_one_length_is_their_own_rate():
    sums = torch.tensor([[math.log(2) * bits, 0.0, 10.0, 10.0] for bits in (10, 20, 60)])
    assert next_token.example_scores(sums).tolist() == pytest.approx([1, 2, 6])
    assert next_token.example_scores(sums[:0]).tolist() == []


def test_the_loss_moves_what_tells_wrongly_and_nothing_behind_the_end():
    logits = torch.zeros(2, 4, 5, requires_grad=True)
    batch = batch_of([[4, 1, 2, 3], [4, 1]])
    next_token.nats_a_token(next_token.reduce_logits(logits, batch), torch.empty(2, 0)).backward()
    moved = logits.grad.abs().sum(dim=2) > 0
    assert moved.tolist() == [[True, True, True, False], [True, False, False, False]]
