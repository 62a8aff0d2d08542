import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.domain import Gaps
from dl.errors import BadOption
from dl.padded import Padded
from dl.regularizer import Batch
from dl_regularizers.batches import missing, mixup, noise


def test_noise_has_the_scale_that_is_asked_for_and_is_of_each_value_its_own(generator):
    batch = Batch(torch.zeros(100, 1, 20, 20), torch.arange(100))
    noisy = noise(0.5).batch(batch, generator)
    assert noisy.inputs.std().item() == pytest.approx(0.5, rel=0.02)
    assert abs(noisy.inputs.mean().item()) < 0.01
    assert len(noisy.inputs.unique()) > 39_000
    assert not batch.inputs.any() and noisy.targets is batch.targets


def test_noise_of_no_scale_changes_nothing(generator):
    inputs = torch.rand(4, 3)
    assert torch.equal(noise(0.0).batch(Batch(inputs, torch.arange(4)), generator).inputs, inputs)


@given(alpha=st.floats(0.01, 50), count=st.integers(1, 40), seed=st.integers(0, 1000))
def test_a_mixed_example_is_its_share_of_itself_and_the_rest_of_its_partner(alpha, count, seed):
    batch = Batch(torch.eye(count), torch.arange(count))
    mixed = mixup(alpha).batch(batch, torch.Generator().manual_seed(seed))
    rows, partners = torch.arange(count), mixed.partners
    wanted = torch.zeros(count, count)
    wanted[rows, rows] += mixed.share
    wanted[rows, partners] += 1 - mixed.share
    assert torch.allclose(mixed.inputs, wanted, atol=1e-6)
    assert ((mixed.share >= 0.5) & (mixed.share <= 1)).all()
    assert sorted(partners.tolist()) == list(range(count)), "each example is a partner once"
    assert torch.equal(batch.inputs, torch.eye(count)) and torch.equal(mixed.targets, batch.targets)


def test_at_alpha_one_shares_are_uniform_so_the_larger_is_three_quarters_on_the_mean(generator):
    mixed = mixup(1.0).batch(Batch(torch.zeros(20_000, 1), torch.zeros(20_000)), generator)
    assert mixed.share.mean().item() == pytest.approx(0.75, abs=0.005)
    assert len(mixed.share.unique()) > 10_000, "each example draws its own"


def test_a_small_alpha_mixes_little(generator):
    mixed = mixup(0.01).batch(Batch(torch.zeros(10_000, 1), torch.zeros(10_000)), generator)
    assert (mixed.share > 0.99).float().mean() > 0.9


@pytest.mark.parametrize("made", [noise(0.1), mixup(0.2)])
def test_tokens_are_no_numbers(made, generator):
    tokens = Padded(torch.ones(2, 3, dtype=torch.int64), torch.tensor([3, 3]))
    with pytest.raises(BadOption, match=r"needs inputs that are numbers, not tokens; for texts use word-dropout"):
        made.batch(Batch(tokens, torch.zeros(2)), generator)


def test_missing_blanks_whole_cells_at_its_share_and_leaves_the_others(generator):
    gaps = Gaps(2, torch.tensor([0, 0, 1]), torch.tensor([0.0, 1.0, 9.0]))
    batch = Batch(torch.tensor([[5.0, 0.0, 3.0]]).repeat(20_000, 1), torch.zeros(20_000), gaps=gaps)
    found = missing(0.1).batch(batch, generator).inputs
    first, second = found[:, :2], found[:, 2]
    gone = first[:, 1] == 1
    assert first[gone].unique(dim=0).tolist() == [[0, 1]] and first[~gone].unique(dim=0).tolist() == [[5, 0]]
    assert float(gone.float().mean()) == pytest.approx(0.1, abs=0.01) == float((second == 9).float().mean())
    with pytest.raises(BadOption, match="missing needs rows of cells"):
        missing(0.1).batch(Batch(torch.zeros(3, 2), torch.zeros(3)), generator)
