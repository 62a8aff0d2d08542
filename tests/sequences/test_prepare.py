from dataclasses import replace

import numpy as np
import pytest
import torch

from dl.data.examples import whole
from dl.data.ragged import Ragged
from dl.errors import BadData, BadRun
from dl.padded import RaggedTensor
from dl_sequences.prepare import learn, restore

NAN = np.nan


def prepared(preprocessor, inputs):
    return preprocessor(RaggedTensor.of(preprocessor.encode(inputs)).take(torch.arange(len(inputs))))


def test_steps_are_standardized_by_the_training_set_and_padding_is_zero(series_of):
    train = series_of([0, 2], [4, 2, 2])
    preprocessor = learn(train, {})
    batch = prepared(preprocessor, train.examples.inputs)
    every = batch.values[batch.mask]
    assert batch.values.shape == (2, 3, 1) and batch.lengths.tolist() == [2, 3]
    assert every.mean().item() == pytest.approx(0, abs=1e-6) and batch.values[0, 2].item() == 0
    assert preprocessor.input_shape == (3, 1)


def test_a_gap_is_filled_forward_and_marked_where_training_has_gaps(series_of):
    train = series_of(*[[1.0, NAN, 3.0, 5.0]] * 6)
    preprocessor = learn(train, {})
    first = prepared(preprocessor, train.examples.inputs).values[0]
    assert first[1, 0] == first[0, 0] and first[:, 1].tolist() == [0, 1, 0, 0]


def test_a_stored_preprocessor_encodes_alike(series_of):
    train = series_of([1, 2, 3], [2, 9], names=("x",))
    preprocessor = learn(train, {})
    again = restore(preprocessor.settings())
    assert np.array_equal(again.encode(train.examples.inputs).values, preprocessor.encode(train.examples.inputs).values)
    assert again.input_shape == preprocessor.input_shape
    with pytest.raises(BadRun, match="cannot be read: KeyError"):
        restore({"steps": {}})


def test_what_is_no_series_or_has_another_kind_of_column_is_refused(series_of):
    preprocessor = learn(series_of([1, 2, 3]), {})
    with pytest.raises(BadData, match="series need a Ragged column"):
        preprocessor.encode(np.zeros((2, 3)))
    words = Ragged(np.array([("a",)], [("x", "U1")]), np.array([0, 1]))
    with pytest.raises(BadData, match="column 'x' holds words; the run was trained on numbers there"):
        preprocessor.encode(words)


def test_what_training_never_had_is_named_by_series(series_of):
    notes = learn(series_of([1, 2, 3], [2, 1]), {}).unseen(series_of([1], [99, 99]).examples.inputs)
    assert list(notes) == [1] and len(notes[1]) == 1 and "x 99 is far outside the range in training" in notes[1][0]


def test_a_forecast_begins_at_the_last_value_in_the_scale_of_the_target(series_of):
    train = series_of([1, 2, 3], [3, 5, 8], [2, 2, 9])
    targets = np.array([[13.0, 100.0], [17.0, 200.0], [19.0, 350.0]])
    train = whole(replace(train.examples, targets=targets))
    preprocessor = restore(learn(train, {"horizon": 2, "target": "x", "season": 1}).settings())
    values = prepared(preprocessor, series_of([1, 2, 50]).examples.inputs).values
    begins = preprocessor.input_shape.begins
    for k in range(2):
        scaled = values[0, 2, 0].item() * begins.factors[k] + begins.offsets[k]
        assert scaled * targets[:, k].std() + targets[:, k].mean() == pytest.approx(50, rel=1e-5), (
            "beyond the range seen"
        )
