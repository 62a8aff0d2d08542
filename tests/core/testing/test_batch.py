"""Batches as a fit would feed them: distinct rows, prepared by what was learnt from them."""

import numpy as np
import pytest
import torch

from dl.data.examples import Dataset, Examples
from dl.padded import Padded
from dl.testing import images, texts
from dl.testing.batch import batches_for, cloned, same, sample_of, whole_batch
from dl.testing.rules import Broken


@pytest.fixture
def rows(numbers):
    """Batches of six rows of numbers, of which the last is a copy of the second."""
    inputs = np.array([[0.0], [1.0], [2.0], [3.0], [4.0], [1.0]])
    return batches_for("numbers", numbers, Dataset("given", Examples(inputs, np.arange(6) % 2, np.arange(6))))


def test_rows_that_stand_twice_are_taken_once(rows):
    assert rows.rows == (0, 1, 2, 3, 4)
    assert whole_batch(rows, 3).tolist() == [[0.0], [1.0], [2.0]] and len(whole_batch(rows, 99)) == 5
    assert rows.take([4, 0]).tolist() == [[4.0], [0.0]]


def test_the_sample_of_a_domain_is_ours_or_that_of_a_plugin_or_it_is_asked_for(numbers, plugins_with):
    assert sample_of("vision", numbers).name == "bars"
    with pytest.raises(Broken, match="there is no data of the domain 'numbers': register a small data set of it"):
        sample_of("numbers", numbers)
    given = Dataset("given", Examples(np.zeros((2, 1)), np.arange(2), np.arange(2)))
    assert sample_of("numbers", plugins_with(given=given)).name == "given"


def test_texts_of_a_batch_are_padded(numbers):
    assert isinstance(whole_batch(batches_for("text", numbers, texts(6)), 4), Padded)


def test_images_of_a_batch_are_what_the_network_reads(numbers):
    batch = whole_batch(batches_for("vision", numbers, images(6)), 4)
    assert batch.shape == (4, 1, 28, 28) and batch.is_floating_point()


def test_two_batches_are_the_same_to_a_tolerance_of_absolute_and_of_relative_size():
    one = torch.tensor([0.0, 100.0, torch.nan])
    assert same(one, one.clone()) and not same(one, one[:2])
    near = one + torch.tensor([1e-4, 1e-2, 0.0])
    assert same(near, one, 1e-3) and not same(near, one, 1e-5)


def test_padded_batches_are_the_same_where_all_their_parts_are():
    batch = Padded(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]))
    assert same(batch, cloned(batch)) and not same(batch, batch._replace(lengths=torch.tensor([2, 2])))
    assert not same(batch, batch._replace(weights=torch.ones(2, 2)))


def test_a_copy_of_a_batch_may_be_changed():
    for batch in (torch.zeros(2), Padded(torch.zeros(2, 2), torch.ones(2))):
        copy = cloned(batch)
        (copy if isinstance(copy, torch.Tensor) else copy.values).add_(1)
        assert not (batch if isinstance(batch, torch.Tensor) else batch.values).any()
