"""Unigram and bigram: probabilities by hand and by brute force; each is a code for whatever may come."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dl.data.ragged import ragged
from dl.tasks.ngrams import Bigram, Unigram, neighbours

SIZE = 5
PAIRS = st.lists(st.tuples(st.integers(0, SIZE - 1), st.integers(0, SIZE - 1)), min_size=1, max_size=40)


def learnt(pairs):
    before, after = np.array(pairs, np.int64).T
    unigram = Unigram.learn(after, SIZE)
    return unigram, Bigram.learn(before, after, unigram)


def test_a_unigram_adds_one_to_every_count():
    unigram, _ = learnt([(0, 1), (0, 1), (0, 2)])
    assert unigram.shares.tolist() == pytest.approx([1 / 8, 3 / 8, 2 / 8, 1 / 8, 1 / 8])


def test_a_bigram_trusts_a_pair_by_how_many_kinds_followed():
    _, bigram = learnt([(0, 1), (0, 1), (0, 2), (3, 4)])  # after 0: 3 tokens of 2 kinds
    unigram = (np.array([0, 2, 1, 0, 1]) + 1) / 9
    nats, right = bigram.score(np.array([0, 0, 3, 2]), np.array([1, 2, 4, 0]))
    wanted = [(2 + 2 * unigram[1]) / 5, (1 + 2 * unigram[2]) / 5, (1 + unigram[4]) / 2, unigram[0]]
    assert np.exp(-nats).tolist() == pytest.approx(wanted)
    assert right.tolist() == [True, False, True, False]


@given(PAIRS)
def test_both_give_shares_that_add_up_to_one_and_know_which_is_the_largest(pairs):
    every = np.arange(SIZE)
    for model in learnt(pairs):
        for before in every:
            nats, right = model.score(np.full(SIZE, before), every)
            shares = np.exp(-nats)
            assert shares.sum() == pytest.approx(1) and (shares > 0).all()
            assert shares[right].tolist() == [pytest.approx(shares.max())]


def test_a_token_that_is_common_everywhere_may_be_the_likeliest_though_it_never_followed():
    pairs = [(0, 1)] * 20 + [(1, 0), (1, 2), (1, 3)]
    _, bigram = learnt(pairs)
    shares = np.exp(-bigram.score(np.full(SIZE, 1), np.arange(SIZE))[0])
    assert shares.argmax() == bigram.likeliest[1] == 1


def test_neighbours_do_not_reach_over_the_end_of_a_row():
    rows = ragged([np.array([9, 1, 2]), np.array([9, 3])], np.uint8)
    before, after, row = neighbours(rows)
    assert (before.tolist(), after.tolist(), row.tolist()) == ([9, 1, 9], [1, 2, 3], [0, 0, 1])
