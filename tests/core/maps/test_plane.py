"""Rows become principal components, and these a plane."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from dl.errors import BadOption
from dl.maps.plane import choose_projection, fill, project, to_space


def test_missing_numbers_are_filled_and_constant_columns_left_out():
    rows, notes = fill(np.array([[1.0, 7, 3], [np.nan, 7, 5]]))
    assert rows.tolist() == [[3], [5]]
    assert notes == ("1 missing number filled with the mean of the column", "2 constant columns left out")


def test_a_line_in_space_has_one_component():
    rows = np.outer(np.arange(20.0), [1, 2, 2])
    space = to_space(rows, 0)
    assert space.shares[0] == pytest.approx(1) and space.components_for(0.9) == 1
    assert abs(np.diff(space.points[:, 0])) == pytest.approx(3)


def test_sparse_rows_have_the_components_of_dense_ones():
    rows = np.random.default_rng(0).poisson(0.5, (40, 1200)).astype(float)
    assert to_space(csr_array(rows), 0).shares[:5] == pytest.approx(to_space(rows, 0).shares[:5], rel=0.05)


def test_steps_of_a_scale_are_spread_for_what_is_looked_for_alone():
    rows = np.column_stack([np.arange(60) % 3, np.linspace(0, 1, 60)])
    space = to_space(rows, 0)
    assert len(np.unique(space.points[:, 0].round(6))) < 60 or not np.allclose(space.points, space.noise)
    assert not np.allclose(space.points, space.noise)


def test_the_projection_follows_the_size_and_is_said():
    small = to_space(np.random.default_rng(0).normal(size=(9, 6)), 0)
    large = to_space(np.random.default_rng(0).normal(size=(80, 6)), 0)
    assert choose_projection(small, "")[0] == "pca" and choose_projection(large, "")[0] == "tsne"
    with pytest.raises(BadOption, match="did you mean 'tsne'"):
        choose_projection(large, "tsn")
    assert choose_projection(to_space(np.eye(2), 0), "tsne") == ("pca", "tsne needs 4 examples")


@pytest.mark.parametrize("projection", ["pca", "tsne"])
def test_places_lie_between_zero_and_one(projection):
    places = project(to_space(np.random.default_rng(0).normal(size=(30, 4)), 0), projection, 0)
    assert places.shape == (30, 2) and places.min() == 0 and places.max() == 1
    assert project(to_space(np.zeros((5, 3)), 0), "pca", 0).tolist() == [[0.5, 0.5]] * 5
