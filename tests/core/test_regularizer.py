"""A batch of mixed examples, and a regularizer that does nothing unless it is told what."""

from dataclasses import replace

import pytest
import torch

from dl.errors import BadOption
from dl.regularizer import FUNCTIONS, Batch, Regularizer, fault_of_place
from dl.specs import PLACES
from dl.tasks.losses import squared_error


def test_the_loss_of_mixed_examples_is_the_loss_against_both_targets_by_their_shares():
    batch = Batch(torch.zeros(2, 1), torch.tensor([[0.0], [4.0]]))
    mixed = batch.mixed(batch.inputs, torch.tensor([1, 0]), torch.tensor([0.75, 0.5]))
    # 0.75 * 0 + 0.25 * 16 = 4 and 0.5 * 16 + 0.5 * 0 = 8
    assert mixed.loss(squared_error, torch.zeros(2, 1)) == 6.0
    assert batch.loss(squared_error, torch.zeros(2, 1)) == 8.0


def test_examples_are_mixed_once_at_most():
    batch = Batch(torch.zeros(2, 1), torch.zeros(2))
    mixed = batch.mixed(batch.inputs, torch.tensor([1, 0]), torch.ones(2))
    with pytest.raises(BadOption, match="take one of them, like mixup or cutmix"):
        mixed.mixed(mixed.inputs, torch.tensor([1, 0]), torch.ones(2))


def test_a_batch_without_shares_is_not_mixed_and_keeps_its_targets():
    batch = Batch(torch.zeros(3, 1), torch.tensor([1, 2, 3]))
    mixed = batch.mixed(torch.ones(3, 1), torch.tensor([2, 0, 1]), torch.full((3,), 0.5))
    assert batch.partners is batch.share is None and mixed.targets is batch.targets
    assert mixed.partners.tolist() == [3, 1, 2] and mixed.inputs.tolist() == [[1.0]] * 3


def test_each_part_of_a_regularizer_may_be_left_out():
    assert set(vars(Regularizer()).values()) == {None}


def test_the_functions_of_all_places_are_those_that_act():
    acting = [name for functions in FUNCTIONS.values() for name in functions]
    assert tuple(FUNCTIONS) == PLACES and len(set(acting)) == len(acting)
    assert {*acting, "state_dict", "load_state_dict"} == set(Regularizer.__dataclass_fields__)


@pytest.mark.parametrize("place", PLACES)
def test_a_function_of_its_place_is_enough(place):
    for name in FUNCTIONS[place]:
        assert fault_of_place(place, Regularizer(**{name: lambda *_: None}, state_dict=dict)) == ""
    assert fault_of_place(place, Regularizer(state_dict=dict)) == "it does nothing: each of its functions is left out"


def test_what_is_to_be_told_is_what_was_not_corrupted_but_moves_with_the_inputs():
    first = Batch(torch.zeros(2, 3), torch.empty(2, 0))
    moved = replace(first, inputs=first.inputs + 1)
    noisy = moved.corrupted(moved.inputs + 5).corrupted(moved.inputs + 7)
    assert torch.equal(moved.truth, moved.inputs) and torch.equal(noisy.truth, moved.inputs)
    assert torch.equal(noisy.inputs, first.inputs + 8)


def of_examples(*ids, draws=7):
    return Batch(torch.zeros(len(ids), 1), torch.zeros(len(ids)), ids=torch.tensor(ids), draws=draws)


def test_draws_by_example_are_the_same_in_any_batch_and_others_for_another_step_or_regularizer():
    generator = torch.Generator()
    together = of_examples(3, 1, 1 << 40, 2).uniform(5, generator)
    assert torch.equal(together[1::2], of_examples(1, 2).uniform(5, generator))
    assert torch.equal(together, of_examples(3, 1, 1 << 40, 2).uniform(9, generator)[:, :5])
    assert not (of_examples(3, draws=8).uniform(5, generator) == together[0]).any()
    named = {name: of_examples(3).drawing(7, name).uniform(5, generator) for name in ("flip", "shift")}
    assert not (named["flip"] == named["shift"]).any() and not (named["flip"] == together[0]).any()


def test_draws_by_example_are_uniform_and_independent_of_each_other():
    drawn = of_examples(*range(4000)).uniform(8, torch.Generator()).double()
    assert drawn.min() >= 0 and drawn.max() < 1
    counts = torch.histc(drawn, bins=20, min=0, max=1)  # 1,600 each, with a deviation of 39
    assert (counts - 1600).abs().max() < 4 * 39
    steps = of_examples(*range(4000), draws=8).uniform(8, torch.Generator()).double()
    shifted = drawn.roll(1, dims=0)
    several = torch.cat([drawn, steps, shifted], dim=1).T
    apart = torch.corrcoef(several) - torch.eye(24)
    assert apart.abs().max() < 5 / 4000**0.5


def test_without_ids_the_generator_draws():
    batch = Batch(torch.zeros(4, 1), torch.zeros(4))
    first, second = (batch.uniform(2, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, second) and first.shape == (4, 2) and batch.drawing(1, "flip") is batch
