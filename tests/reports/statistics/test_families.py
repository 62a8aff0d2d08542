"""Families of near copies across the split."""

import numpy as np
import pytest

from dl_reports.statistics import NotComputable
from dl_reports.statistics.families import Families, families


def films(rng, scenes, frames, noise=0.05, width=32):
    """Frames of several films, in random order, with the film of each."""
    film = rng.permutation(np.repeat(np.arange(scenes), frames))
    return rng.standard_normal((scenes, width))[film] + noise * rng.standard_normal((len(film), width)), film


def test_frames_of_a_film_on_the_other_side_are_found_with_the_film():
    rng = np.random.default_rng(0)
    inputs, film = films(rng, 40, 20)
    found = families(inputs[200:], inputs[:200])
    assert found.share > 0.99 and found.interval.low > 0.95
    assert (film[:200][found.val] == film[200:][found.train]).all()
    assert np.median(found.size) == pytest.approx(15, abs=3)


def test_some_films_among_single_pictures_are_found_as_such():
    rng = np.random.default_rng(1)
    inputs, _ = films(rng, 10, 10)
    both = np.concatenate([inputs, rng.standard_normal((900, 32))])
    order = rng.permutation(1000)
    found = families(both[order[300:]], both[order[:300]])
    assert set(order[:300][found.val]) == {k for k in order[:300] if k < 100}


def blobs(rng, n):
    kind = rng.integers(0, 12, n)
    return 5 * rng.standard_normal((12, 32))[kind] + 0.3 * rng.standard_normal((n, 32))


def one_hot_and_numbers(rng, n):
    return np.column_stack([np.eye(30)[rng.integers(0, 30, n)], rng.lognormal(size=(n, 4))])


def heavy_tails(rng, n):
    return rng.standard_t(1.5, size=(n, 8))


@pytest.mark.parametrize("draw", [one_hot_and_numbers, heavy_tails], ids=lambda draw: draw.__name__)
def test_examples_drawn_one_by_one_are_hardly_ever_families(draw):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        inputs = draw(rng, 500)
        found = families(inputs[100:], inputs[:100])
        assert isinstance(found, Families) and found.interval.low < 0.01


def test_a_class_that_lies_close_together_is_no_family():
    rng = np.random.default_rng(0)
    inputs, film = films(rng, 40, 20)
    of_class = np.bincount(film[200:])[film[:200]]  # each film is a class of its own
    assert families(inputs[200:], inputs[:200]).share > 0.99
    assert families(inputs[200:], inputs[:200], of_class).share == 0


def test_clusters_of_many_examples_are_no_families():
    inputs = blobs(np.random.default_rng(0), 500)
    found = families(inputs[100:], inputs[:100])
    assert isinstance(found, NotComputable) or found.share == 0


def test_exact_copies_are_not_counted():
    rng = np.random.default_rng(0)
    inputs = np.repeat(rng.standard_normal((100, 16)), 5, axis=0)
    order = rng.permutation(500)
    assert families(inputs[order[100:]], inputs[order[:100]]).share == 0


def test_few_examples_and_few_dimensions_are_not_judged():
    rng = np.random.default_rng(0)
    assert isinstance(families(rng.random((30, 8)), rng.random((30, 8))), NotComputable)
    assert "dimensions" in families(rng.random((400, 2)), rng.random((100, 2))).reason
    assert isinstance(families(np.ones((100, 3)), np.ones((100, 3))), NotComputable)
