"""The program beside an exported language model continues texts by its probabilities."""

from itertools import pairwise
from types import SimpleNamespace

import pytest
import torch

from dl_text.generate import FIRST, generate

LETTERS = "abcdefghij"


class Alphabet:
    """A network as load.py opens it, of a language in which each letter is followed by the next one."""

    def __init__(self, longest=64):
        self.settings = {"start": FIRST + len(LETTERS), "max_len": longest}
        self.config = {"inputs": [{"settings": self.settings}]}
        self.code = {"encode": self.encode, "decode": self.decode, "run": self.run}
        self.graph, self.weights, self.rows = SimpleNamespace(), {}, []

    def encode(self, texts, settings):
        (text,) = texts
        return torch.tensor([[settings["start"], *(FIRST + LETTERS.index(one) for one in text)]]).numpy()

    def decode(self, ids, _settings):
        return "".join(LETTERS[one - FIRST] for one in ids)

    def run(self, _graph, _weights, tensors):
        (row,) = tensors[0].tolist()
        self.rows.append(row)
        likeliest = 0 if len(row) == 1 else (row[-1] - FIRST + 1) % len(LETTERS)
        probabilities = torch.full((1, len(LETTERS)), 0.01)
        probabilities[0, likeliest] = 1 - 0.09
        return probabilities, torch.tensor([likeliest])


def test_the_likeliest_token_follows_at_temperature_zero():
    assert generate(Alphabet(), "bc", tokens=5, temperature=0) == "defgh"
    assert generate(Alphabet(), "", tokens=3, temperature=0) == "abc"


@pytest.mark.parametrize("seed", [0, 1])
def test_draws_depend_on_the_seed_alone(seed):
    first, again = (generate(Alphabet(), "a", 50, temperature=1.0, seed=seed) for _ in range(2))
    other = generate(Alphabet(), "a", 50, temperature=1.0, seed=seed + 10)
    assert first == again != other and len(first) == 50
    steps = [(LETTERS.index(then) - LETTERS.index(now)) % 10 for now, then in pairwise(first)]
    assert 35 <= steps.count(1) < 49  # of 49, each with a probability of 0.91


def test_a_long_text_is_read_by_its_end():
    network = Alphabet(longest=4)
    generate(network, "abcdefgh", tokens=2, temperature=0)
    start = network.settings["start"]
    assert network.rows[-1] == [start, *(FIRST + LETTERS.index(one) for one in "fghi")]
