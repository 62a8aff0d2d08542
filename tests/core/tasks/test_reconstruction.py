"""Errors of reconstructions, and principal components, exact and randomized, against numpy's."""

from itertools import pairwise

import numpy as np
import torch

from dl.tasks import reconstruction
from dl.tasks.reconstruction import errors, learn_components, mean_error


def chunked(rows):
    """Return a function that yields these rows in three chunks."""
    return lambda: iter(torch.from_numpy(rows).split(-(-len(rows) // 3)))


def reference(rows, width):
    """Return the error of each row from its projection on the first singular directions, by numpy."""
    mean = rows.mean(axis=0)
    _, _, directions = np.linalg.svd(rows - mean, full_matrices=False)
    kept = directions[:width].T
    return np.square((rows - mean) - (rows - mean) @ kept @ kept.T).mean(axis=1)


def rows_of(n=200, values=30, seed=0):
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, values)) * 0.8 ** np.arange(values) + rng.normal(size=values)).astype(np.float32)


def test_an_error_is_the_mean_squared_difference_over_the_values_of_an_example():
    output, batch = torch.tensor([[[1.0, 2.0]], [[0.0, 0.0]]]), torch.tensor([[[1.0, 0.0]], [[3.0, 1.0]]])
    found = errors(output, batch)
    torch.testing.assert_close(found, torch.tensor([[2.0], [5.0]]))
    assert mean_error(found, torch.empty(2, 0)) == 3.5
    torch.testing.assert_close(mean_error(found, torch.empty(2, 0), "none"), torch.tensor([2.0, 5.0]))


def test_components_leave_the_error_that_singular_values_do():
    rows = rows_of()
    for width in (0, 1, 7):
        found = learn_components(chunked(rows), width).errors(torch.from_numpy(rows))
        np.testing.assert_allclose(found, reference(rows, width), rtol=1e-3, atol=1e-5)


def test_more_components_than_values_leave_nothing():
    rows = rows_of(values=4)
    found = learn_components(chunked(rows), 9)
    assert found.directions.shape == (4, 4) and float(found.errors(torch.from_numpy(rows)).max()) < 1e-9


def test_randomized_components_of_many_values_are_nearly_as_good(monkeypatch):
    rows = rows_of(300, 80)
    monkeypatch.setattr(reconstruction, "EXACT", 10)
    for width in (2, 8):
        found = float(learn_components(chunked(rows), width).errors(torch.from_numpy(rows)).mean())
        assert reference(rows, width).mean() * 0.999 < found < reference(rows, width).mean() * 1.02


def test_each_component_more_lowers_the_error():
    rows = rows_of()
    found = [float(learn_components(chunked(rows), k).errors(torch.from_numpy(rows)).mean()) for k in range(6)]
    assert all(later < earlier for earlier, later in pairwise(found))
