from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from dl.data.examples import Dataset, Examples
from dl.options import Option
from dl.specs import ModelSpec
from dl.testing import DoesNotConform, check_model
from dl.testing.model import RULES
from dl.testing.numbers import clouds
from dl_text.plugin import register_models


class Net(nn.Module):
    """A network that holds every rule; what is broken overrides one thing."""

    def __init__(self, shape, outputs, width=32):
        super().__init__()
        self.first, self.last = nn.Linear(int(np.prod(shape)), width), nn.Linear(width, outputs)

    def forward(self, inputs):
        return self.last(F.relu(self.first(inputs)))


class Flat(Net):
    def forward(self, inputs):
        return super().forward(inputs)[:, 0]


class InfiniteInBatch(Net):
    def forward(self, inputs):
        return super().forward(inputs) / 0


class LooksAtTheBatch(Net):
    def forward(self, inputs):
        return super().forward(inputs - inputs.mean(dim=0))


class ChangesItsInputs(Net):
    def forward(self, inputs):
        return super().forward(inputs.mul_(2))


class AlwaysDrops(Net):
    def forward(self, inputs):
        return self.last(F.dropout(F.relu(self.first(inputs)), 0.5, training=True))


class Counts(Net):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, inputs):
        self.calls += 1
        return super().forward(inputs)


class DrawsElsewhere(Net):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        drawn = np.random.default_rng().normal(0, 0.1, self.first.weight.shape)
        self.first.weight.data = torch.from_numpy(drawn).float()


class Hides(Net):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.hidden = torch.randn(int(np.prod(shape)))

    def forward(self, inputs):
        return super().forward(inputs * self.hidden)


class LeavesOut(Net):
    def __init__(self, shape, outputs):
        super().__init__(shape, outputs)
        self.unused = nn.Linear(2, 2)


class Cuts(Net):
    def forward(self, inputs):
        return self.last(F.relu(self.first(inputs)).detach())


class SeesNothing(Net):
    def forward(self, inputs):
        return super().forward(inputs * 0)


class LooksAhead(nn.Module):
    def __init__(self, shape, options):
        super().__init__()
        self.embedding = nn.Embedding(shape[1], 8)
        self.cell = nn.LSTM(8, 8, batch_first=True, bidirectional=True)
        self.head = nn.Linear(16, shape[1])

    def forward(self, batch):
        return self.head(self.cell(self.embedding(batch.values))[0])


class AnswersOnce(LooksAhead):
    def forward(self, batch):
        return super().forward(batch)[:, -1]


class NotAParameter(nn.Module):
    def __init__(self, shape, outputs):
        super().__init__()
        self.outputs = outputs

    def forward(self, inputs):
        return inputs.new_zeros(len(inputs), self.outputs)


def spec(make, options=(), domain="numbers"):
    return ModelSpec("made", domain, "of a test", lambda shape, outputs, given: make(shape, outputs), options)


def only_left(shape, outputs, options):
    if options["side"] == "right":
        raise KeyError("right")
    return Net(shape, outputs)


LSTM = next(one for one in register_models() if one.name == "lstm")

BROKEN = {
    "its domain is installed": [spec(Net, domain="nowhere")],
    "there is data of its domain": [spec(Net, domain="vision")],  # the sample is not of it
    "its options can be used": [spec(Net, (Option("lr", 1.0, "x"),)), spec(Net, (Option("n", 1, "x", low=2),))],
    "it is built": [spec(lambda shape, outputs: 1 / 0), spec(NotAParameter)],
    "it returns logits (N, outputs)": [spec(Flat), spec(InfiniteInBatch)],
    "every choice of its options works": [
        ModelSpec("made", "numbers", "of a test", only_left, (Option("side", "left", "x", choices=("left", "right")),)),
    ],
    "an example has the same logits alone and in a batch": [spec(LooksAtTheBatch)],
    "it keeps its inputs unchanged": [spec(ChangesItsInputs)],
    "in eval mode nothing is random, and nothing changes": [spec(AlwaysDrops), spec(Counts)],
    "the same seed gives the same network": [spec(DrawsElsewhere)],
    "it survives saving and loading": [spec(Hides)],
    "gradients reach every parameter": [spec(LeavesOut), spec(Cuts)],
    "it overfits one batch": [spec(SeesNothing)],
    "its causal form reads no later token": [
        replace(LSTM, build_causal=LooksAhead),
        replace(LSTM, build_causal=AnswersOnce),
        replace(spec(Net), build_causal=LooksAhead),
    ],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_model, made, numbers, None if made.domain == "text" else clouds(30))


def test_there_is_a_broken_model_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def test_a_network_that_holds_is_not_complained_about(broken, numbers):
    assert broken(check_model, spec(Net), numbers, clouds(30)) == {}


def test_lazy_layers_are_given_their_shapes(broken, numbers):
    def lazy(shape, outputs):
        return nn.Sequential(nn.LazyLinear(32), nn.ReLU(), nn.LazyLinear(outputs))

    assert broken(check_model, spec(lazy), numbers, clouds(30)) == {}


@pytest.mark.parametrize("name", ["vision/dense", "vision/convnet", "text/bag", "text/lstm", "tabular/autoencoder"])
def test_networks_of_ours_hold(name, broken, numbers):
    assert broken(check_model, numbers.model(*name.split("/")), numbers) == {}


def test_the_random_numbers_of_the_caller_are_left_alone(numbers):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    check_model(spec(Net), numbers, clouds(30))
    assert torch.equal(torch.rand(3), expected)


def test_a_domain_without_data_is_said(numbers):
    with pytest.raises(DoesNotConform, match="there is no data of the domain 'numbers'"):
        check_model(spec(Net), numbers)


def test_a_network_for_larger_images_is_asked_about_on_a_sample(broken, numbers):
    def picky(shape, outputs):
        assert shape == (3, 40, 40)
        return nn.Sequential(nn.Flatten(), Net(shape, outputs, 8))

    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (12, 40, 40, 3), dtype=np.uint8)
    sample = Dataset("large", Examples(pixels, np.arange(12) % 3, np.arange(12)))
    assert broken(check_model, spec(picky, domain="vision"), numbers, sample) == {}
