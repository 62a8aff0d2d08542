import random

import numpy as np
import torch

from dl.training.state import Block, random_states, restore_random_states, seed_generators

CPU = torch.device("cpu")


def draws():
    return torch.rand(3).tolist(), np.random.rand(3).tolist(), random.random()


def test_generators_draw_on_as_if_nothing_had_been_between():
    seed_generators(7, CPU)
    draws(), np.random.randn(1)  # numpy keeps the second of two normal numbers
    kept = random_states(CPU)
    first = draws(), np.random.randn(1).tolist()
    draws()
    restore_random_states(kept, CPU)
    assert (draws(), np.random.randn(1).tolist()) == first


def test_a_block_is_restored_as_it_was():
    block = Block(skipped=2)
    block.add(torch.tensor(1.0), torch.ones(3, 2), torch.zeros(3))
    again = Block.of(block.state_dict(), CPU)
    assert again.done == block.done == 3 and again.logits[0].tolist() == block.logits[0].tolist()
