"""What core asks of a kind of input: reading with or without options, encoding once, one example to look at."""

import numpy as np
import pytest
import torch

from dl.data.examples import Examples
from dl.domain import Domain, Draw, Preprocessor, encoded
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
    assert domain.cut is domain.open_unlabelled is domain.continued is domain.from_strings is None


class Doubling(Numbers):
    """Keeps its inputs doubled."""

    def encode(self, inputs):
        return inputs * 2


def test_only_the_inputs_of_examples_are_encoded():
    given = Examples(np.ones((2, 3)), np.arange(2), np.arange(2), ("a", "b"), ("x", "y"))
    kept = encoded(given, Doubling((3,)))
    assert kept.inputs.tolist() == [[2.0] * 3] * 2
    assert kept.targets is given.targets and kept.ids is given.ids and kept.sources == given.sources
    assert encoded(given, Numbers((3,))).inputs is given.inputs


def test_one_example_has_the_shape_of_an_input_and_holds_nothing():
    preprocessor = Numbers((2, 3))
    assert torch.equal(preprocessor.example_input(), torch.zeros(1, 2, 3))
    assert preprocessor.all_unknown(np.ones((4, 2, 3))).tolist() == [False] * 4
    prepared = torch.ones(4, 2, 3)
    assert preprocessor.flatten(prepared) is prepared  # numbers whose distances mean something already


def test_a_preprocessor_without_its_three_functions_cannot_be_made():
    with pytest.raises(TypeError, match="abstract"):
        Preprocessor()


def test_tokens_are_drawn_a_little_surer_than_the_network_is():
    assert Draw() == Draw(200, 0.8, 0)
