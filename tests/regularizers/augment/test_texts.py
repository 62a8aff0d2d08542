import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.padded import Padded
from dl.regularizer import Batch
from dl_augment.texts import word_dropout
from dl_text.vocabulary import UNKNOWN


def batch_of(lengths, longest):
    """Texts whose tokens are all 7, with 0 behind their ends."""
    there = torch.arange(longest) < torch.tensor(lengths)[:, None]
    return Batch(Padded(torch.where(there, 7, 0), torch.tensor(lengths)), torch.zeros(len(lengths)))


@given(rate=st.floats(0, 1), lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), seed=st.integers(0, 100))
def test_tokens_become_unknown_and_padding_stays_padding(rate, lengths, seed):
    batch = batch_of(lengths, 9)
    after = word_dropout(rate).batch(batch, torch.Generator().manual_seed(seed)).inputs
    mask = batch.inputs.mask
    assert torch.equal(after.lengths, batch.inputs.lengths)
    assert not after.values[~mask].any()
    assert ((after.values[mask] == 7) | (after.values[mask] == UNKNOWN)).all()
    assert (batch.inputs.values[mask] == 7).all(), "what is given stays as it is"


def test_the_rate_is_the_share_of_tokens_and_each_draws_its_own():
    batch = batch_of([200] * 100, 200)
    dropped = word_dropout(0.3).batch(batch, torch.Generator().manual_seed(0)).inputs.values == UNKNOWN
    assert dropped.float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert len(dropped.unique(dim=0)) == 100
    assert not (word_dropout(0.0).batch(batch, torch.Generator()).inputs.values == UNKNOWN).any()
    assert (word_dropout(1.0).batch(batch, torch.Generator()).inputs.values == UNKNOWN).all()


def test_what_a_token_counts_stays():
    tokens = Padded(torch.full((1, 3), 7), torch.tensor([3]), torch.tensor([[1.0, 2.0, 3.0]]))
    after = word_dropout(1.0).batch(Batch(tokens, torch.zeros(1)), torch.Generator()).inputs
    assert after.weights.tolist() == [[1.0, 2.0, 3.0]]
