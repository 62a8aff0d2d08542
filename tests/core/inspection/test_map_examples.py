"""dl.map_examples: arrays, frames and texts in memory, colours by any target."""

import numpy as np
import pytest

import dl


def test_inputs_alone_are_mapped_and_two_that_are_equal():
    images = np.random.default_rng(0).integers(0, 255, (40, 8, 8), np.uint8)
    shown = dl.map_examples("vision", images)
    assert len(shown) == 40 and shown.colouring.by == "" and shown.remarks == ()
    same = dl.map_examples("vision", np.zeros((2, 8, 8), np.uint8))
    assert same.places.tolist() == [[0.5, 0.5]] * 2
    assert [one.kind for one in same.remarks] == ["copies"]
    with pytest.raises(dl.BadData, match="has 1 example"):
        dl.map_examples("vision", images[:1])


def test_a_number_is_coloured_by_fifths_and_classes_by_name():
    rows = np.random.default_rng(0).normal(size=(50, 3))
    fifths = dl.map_examples("tabular", (rows, rows[:, 0]), project="pca")
    assert fifths.colouring.by == "fifth of the target" and np.bincount(fifths.colouring.numbers).tolist() == [10] * 5
    classes = dl.map_examples("tabular", (rows, np.array(["ill", "well"])[np.arange(50) % 2]), project="pca")
    assert classes.colouring.names == ("ill", "well") and classes.agreement.k == 2


def test_texts_are_mapped_by_their_words():
    given = [f"the {one} of a {other}" for one in ("sea", "sky", "field") for other in ("king", "child", "bird", "day")]
    shown = dl.map_examples("text", given)
    assert shown.domain == "text" and shown.projection == "pca" and isinstance(shown.sketches[0], str)


def test_a_map_needs_data():
    with pytest.raises(dl.BadOption, match="a map needs data"):
        dl.map_examples()
