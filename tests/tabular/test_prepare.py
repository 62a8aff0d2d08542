"""The preprocessor of rows: learnt on the training set alone, values known by hand."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Examples, Subset, whole
from dl.errors import BadData, BadRun
from dl_tabular.prepare import learn, restore
from dl_tabular.rows import rows_of

NAN = float("nan")


def examples(**columns):
    rows = rows_of({name: np.array(values) for name, values in columns.items()})
    return Examples(rows, np.zeros(len(rows), np.int64), np.arange(len(rows)))


def prepared(preprocessor, rows):
    return preprocessor(torch.from_numpy(preprocessor.encode(rows))).numpy()


def test_numbers_get_mean_zero_and_deviation_one():
    data = examples(x=[1.0, 2.0, 3.0])
    assert prepared(learn(whole(data), {}), data.inputs)[:, 0] == pytest.approx([-1.2247449, 0, 1.2247449])


def test_a_missing_number_is_the_mean_and_a_column_of_its_own_says_so():
    data = examples(x=[1.0, NAN, 3.0])
    assert prepared(learn(whole(data), {}), data.inputs).tolist() == [[-1, 0], [0, 1], [1, 0]]


def test_categories_get_a_column_each_the_most_common_first_and_an_unknown_one_none():
    preprocessor = learn(whole(examples(c=["b", "a", "b", "a", "b"])), {})
    assert prepared(preprocessor, examples(c=["a", "b", "new", ""]).inputs).tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]


def test_only_the_training_part_is_learnt_from():
    data = examples(x=[0.0, 2.0, 1000.0], c=["a", "b", "z"])
    preprocessor = learn(Subset(data, np.array([0, 1])), {})
    assert prepared(preprocessor, data.inputs).tolist() == [[-1, 1, 0], [1, 0, 1], [999, 0, 0]]


def test_a_column_that_never_changes_in_the_training_part_is_left_out():
    data = examples(x=[1.0, 2.0], same=[5.0, 5.0], word=["a", "a"])
    assert learn(whole(data), {}).input_shape == (1,)
    with pytest.raises(BadData, match="every input column is constant"):
        learn(whole(examples(same=[5.0, 5.0])), {})


@pytest.mark.parametrize("scale", [1e-300, 1e-14, 1e100])
def test_the_least_and_the_largest_numbers_are_scaled_like_any(scale):
    data = examples(x=[scale, 2 * scale, 3 * scale])
    assert prepared(learn(whole(data), {}), data.inputs)[:, 0] == pytest.approx([-1.2247449, 0, 1.2247449])


def test_numbers_that_differ_little_beside_their_mean_are_not_constant():
    data = examples(x=[1.7e15, 1.7e15 + 500, 1.7e15 + 1000])
    assert prepared(learn(whole(data), {}), data.inputs)[:, 0] == pytest.approx([-1.2247449, 0, 1.2247449])


def test_what_lies_beyond_all_reason_is_a_number_still():
    preprocessor = learn(whole(examples(x=[0.0, 1.0])), {})
    assert prepared(preprocessor, examples(x=[1e100, -1e100]).inputs)[:, 0].tolist() == [1e4, -1e4]


@given(st.lists(st.tuples(st.floats(-1e6, 1e6) | st.just(NAN), st.sampled_from(["", "a", "b"])), min_size=2))
def test_what_is_kept_makes_the_same_preparation_again(rows):
    data = examples(x=[one for one, _ in rows], c=[word for _, word in rows])
    try:
        preprocessor = learn(whole(data), {})
    except BadData:
        return
    again = restore(json.loads(json.dumps(preprocessor.settings())))
    assert prepared(again, data.inputs).tolist() == prepared(preprocessor, data.inputs).tolist()
    assert np.isfinite(prepared(again, data.inputs)).all()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"columns": []},
        {"columns": [{"name": "x"}]},
        {"columns": 3},
        {"columns": [{"name": "x", "mean": NAN, "std": 1.0, "missing": False, "words": []}]},
        {"columns": [{"name": "x", "mean": 0.0, "std": float("inf"), "missing": False, "words": []}]},
    ],
)
def test_damaged_settings_are_refused(settings):
    with pytest.raises(BadRun):
        restore(settings)
