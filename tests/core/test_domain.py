"""What core asks of a kind of input: reading with or without options, encoding once, one example to look at."""

import json

import numpy as np
import pytest
import torch

from dl.data.examples import Examples
from dl.domain import Domain, Preprocessor, Sampling, draw_bars, encode_examples
from dl.errors import BadRun
from dl.testing.numbers import Numbers


def domain_reading(read):
    """Return a domain of which only reading is there."""
    nothing = dict.fromkeys(("open_path", "learn", "restore", "draw", "sketch"), print)
    return Domain(read=read, **nothing)


def test_the_options_of_the_runs_data_are_given_where_they_are_asked_for():
    with_options = domain_reading(lambda paths, preprocessor, options: (paths, preprocessor, options))
    assert with_options.read_raw(["a"], "p", {"size": 3}) == (["a"], "p", {"size": 3})
    without = domain_reading(lambda paths, preprocessor: (paths, preprocessor))
    assert without.read_raw(["a"], "p", {"size": 3}) == (["a"], "p")


def test_a_domain_recognizes_nothing_and_has_no_tokens_unless_it_says_so():
    domain = domain_reading(print)
    assert domain.recognize(None, {}) == 0.0
    assert domain.cut is domain.open_unlabelled is domain.generate is domain.from_strings is None


class Doubling(Numbers):
    """Keeps its inputs doubled."""

    def encode(self, inputs):
        return inputs * 2


def test_only_the_inputs_of_examples_are_encoded():
    given = Examples(np.ones((2, 3)), np.arange(2), np.arange(2), ("a", "b"), ("x", "y"))
    kept = encode_examples(given, Doubling((3,)))
    assert kept.inputs.tolist() == [[2.0] * 3] * 2
    assert kept.targets is given.targets and kept.ids is given.ids and kept.sources == given.sources
    assert encode_examples(given, Numbers((3,))).inputs is given.inputs


def test_one_example_has_the_shape_of_an_input_and_holds_nothing():
    preprocessor = Numbers((2, 3))
    assert torch.equal(preprocessor.example_input(), torch.zeros(1, 2, 3))
    assert preprocessor.all_unknown(np.ones((4, 2, 3))).tolist() == [False] * 4
    assert preprocessor.unseen(np.ones((4, 2, 3))) == {}


def test_a_preprocessor_without_its_functions_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Preprocessor()


def test_tokens_are_drawn_a_little_surer_than_the_network_is():
    assert Sampling() == Sampling(200, 0.8, 0)


class Shifted(Preprocessor):
    def __init__(self, length, shift):
        super().__init__(length=length, shift=shift)
        self.length = int(length)
        self.register_buffer("shift", torch.tensor(shift))

    @property
    def input_shape(self):
        return (self.length,)

    def forward(self, inputs):
        return inputs + self.shift


def test_a_preprocessor_is_kept_by_what_it_is_made_from_and_made_again():
    first = Shifted(3, [0.5, 1.0, -2.0])
    kept = json.loads(json.dumps(first.settings()))
    assert kept == {"length": 3, "shift": [0.5, 1.0, -2.0]}
    second = Shifted.restore(kept)
    assert isinstance(second, Shifted) and second.settings() == kept
    assert torch.equal(second(torch.zeros(1, 3)), first(torch.zeros(1, 3)))


def test_its_settings_cannot_be_changed_from_without():
    one = Shifted(3, 0.5)
    one.settings()["length"] = 4
    assert one.settings() == {"length": 3, "shift": 0.5}


@pytest.mark.parametrize("kept", [{}, {"length": 3}, {"length": "three", "shift": 0.5}, {"length": 3, "shift": "x"}])
def test_settings_that_do_not_fit_are_one_line(kept):
    with pytest.raises(BadRun, match=r"the stored Shifted cannot be read: (TypeError|ValueError)") as caught:
        Shifted.restore(kept)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "width", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 0, 7, 7], 2, "▁█"),
        ([[0, 7], [7, 0]], 40, "▁██▁"),
        ([5, 5, 5], 40, "▁▁▁"),
    ],
)
def test_numbers_are_drawn_as_bars(numbers, width, drawn):
    assert draw_bars(np.array(numbers), width) == drawn


def test_a_domain_draws_and_sketches_numbers_unless_it_says_otherwise():
    domain = Domain(open_path=None, learn=None, restore=None, read=None)
    row = np.arange(200)
    assert domain.draw(row, 40) == draw_bars(row, 40) and domain.sketch(row) == draw_bars(row, 60)
