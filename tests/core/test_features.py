"""Features of a frozen body: computed once, found again by content, whole or in parts."""

import numpy as np
import pytest
import torch
from torch import nn

from dl.data.examples import Examples
from dl.domain import Preprocessor
from dl.features import Extractor, Stopped


class Halved(Preprocessor):
    """Divides numbers by two."""

    def __init__(self, numbers=3):
        super().__init__(numbers=numbers)
        self.numbers = numbers

    @property
    def input_shape(self):
        return (self.numbers,)

    def forward(self, inputs):
        return inputs / 2


class Counting(nn.Module):
    """A linear body that counts the examples it has read."""

    def __init__(self, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.linear, self.read = nn.Linear(3, 2), 0

    def forward(self, inputs):
        self.read += len(inputs)
        return self.linear(inputs)


@pytest.fixture
def body():
    return Counting().eval()


def examples(n=300, seed=0):
    inputs = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    return Examples(inputs, np.zeros(n, np.int64), np.arange(n))


def extractor(body, code="small 1"):
    return Extractor(body, Halved(), code)


def test_features_are_those_of_prepared_inputs_in_their_order(body):
    given = examples()
    with torch.no_grad():
        wanted = body.linear(torch.from_numpy(given.inputs) / 2).numpy()
    assert np.allclose(extractor(body).features(given), wanted, atol=1e-6)
    assert np.allclose(extractor(body).features(given, np.array([7, 3])), wanted[[7, 3]], atol=1e-6)


def test_the_second_time_nothing_is_computed(body):
    first = extractor(body).features(examples())
    again = extractor(body).features(examples())
    assert body.read == 300 and np.array_equal(first, again)


def test_some_examples_are_taken_from_the_features_of_all(body):
    extractor(body).features(examples())
    extractor(body).features(examples(), np.arange(10))
    assert body.read == 300


def test_the_features_of_some_are_cached_alone(body):
    for _ in range(2):
        extractor(body).features(examples(), np.arange(10))
    assert body.read == 10


@pytest.mark.parametrize("change", ["inputs", "weights", "code"])
def test_other_inputs_weights_or_code_have_other_features(change, body):
    extractor(body).features(examples())
    other = Counting(seed=1).eval() if change == "weights" else body
    before = other.read
    code = "small 2" if change == "code" else "small 1"
    extractor(other, code).features(examples(seed=int(change == "inputs")))
    assert other.read == before + 300


def test_a_damaged_entry_is_computed_again(body, cache):
    first = extractor(body).features(examples()).copy()
    (entry,) = (cache / "features").glob("*.npy")
    entry.write_bytes(entry.read_bytes()[:100])
    assert np.array_equal(extractor(body).features(examples()), first)


def test_without_a_cache_features_are_kept_in_memory(body, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DL_CACHE", str(tmp_path / "file"))
    assert extractor(body).features(examples()).shape == (300, 2)


def test_it_stops_when_asked_to_and_keeps_no_half_of_an_entry(body, cache):
    told = []
    with pytest.raises(Stopped):
        extractor(body).features(examples(), tell=lambda done, of: told.append((done, of)), stop=lambda: True)
    assert told == [(0, 300), (256, 300)]
    assert not list((cache / "features").glob("*.npy"))
