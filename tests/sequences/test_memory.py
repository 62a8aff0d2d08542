import numpy as np
import pytest

from dl.data.memory import take
from dl.errors import BadData
from dl_sequences.memory import from_memory
from dl_sequences.prepare import learn

VALUES = np.arange(24, dtype=float).reshape(2, 4, 3)


def test_an_array_is_a_series_for_each_sample_and_ends_where_nan_follows():
    short = VALUES.copy()
    short[1, 2:] = np.nan
    found = from_memory(take(short), {}, None)
    assert found.train.inputs.lengths.tolist() == [4, 2] and found.train.inputs.values.dtype.names == ("x0", "x1", "x2")
    assert found.train.inputs.row(1)["x2"].tolist() == [14, 17] and found.title == "2 series of 2 to 4 steps"
    assert found.notes == ("1 series end before the last step, where nothing but nan follows",)


def test_what_is_no_series_is_refused_in_a_line():
    for values, message in (
        (
            VALUES[0, 0],
            r"sequence reads an array \(samples, timesteps, features\); an array of float64 \(3,\) was given",
        ),
        (np.where(VALUES == 5, np.inf, VALUES), "feature 2 at step 1 of series 0 is inf; numbers are finite"),
        (np.full((2, 3, 1), np.nan), "series 0 of the array holds no number"),
    ):
        with pytest.raises(BadData, match=message):
            from_memory(take(values), {}, None)


def test_new_series_need_the_features_of_the_run():
    train = from_memory(take(VALUES), {}, None).train
    from dl.data.examples import whole

    with pytest.raises(BadData, match="the array has 2 features a step; the run also reads x2"):
        from_memory(take(VALUES[:, :, :2]), {}, learn(whole(train), {}))
