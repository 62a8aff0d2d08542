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
    preprocessor = learn(whole(examples(c=[*"bbbbaaa"])), {})
    assert prepared(preprocessor, examples(c=["a", "b", "new", ""]).inputs).tolist() == [[0, 1], [1, 0], [0, 0], [0, 0]]


def test_rare_categories_unseen_ones_and_a_missing_one_share_a_column():
    preprocessor = learn(whole(examples(c=[*"bbbbaaaxyy"])), {})
    found = prepared(preprocessor, examples(c=["a", "b", "x", "y", "new", ""]).inputs)
    assert found.tolist() == [[0, 1, 0], [1, 0, 0], *[[0, 0, 1]] * 4]


def test_a_missing_category_is_one_of_its_own_where_it_is_not_rare():
    preprocessor = learn(whole(examples(c=[*"bbbb", "", "", ""])), {})
    assert prepared(preprocessor, examples(c=["b", "", "new"]).inputs).tolist() == [[1, 0], [0, 1], [0, 0]]


def test_gaps_can_be_marked_in_columns_that_have_none():
    data = examples(x=[1.0, 2.0, 3.0], c=["a", "a", "b"])
    preprocessor = learn(whole(data), {"gaps": "all"})
    assert prepared(preprocessor, examples(x=[NAN, 2.0], c=["", "a"]).inputs).tolist() == [[0, 1, 1, 0], [0, 0, 0, 1]]
    assert preprocessor.gaps.columns.tolist() == [0, 0, 1, 1] and preprocessor.gaps.cells == 2
    assert preprocessor.gaps.blank.tolist() == [0, 1, 1, 0]


def test_a_category_of_many_values_is_embedded():
    few = examples(few=np.repeat([f"f{k}" for k in range(20)], 3))
    assert learn(whole(few), {}).input_shape.embedded == ()
    wide = examples(x=np.arange(90.0), wide=np.repeat([f"w{k}" for k in range(30)], 3))
    assert learn(whole(wide), {}).input_shape == (31,)
    assert learn(whole(wide), {}).input_shape.embedded == ((1, 31),)


def test_a_run_from_before_categories_were_embedded_reads_them_as_before():
    words = [f"w{k}" for k in range(30)]
    old = {"name": "c", "mean": 0.0, "std": 0.0, "missing": True, "words": words}
    preprocessor = restore({"columns": [old]})
    assert preprocessor.input_shape == (30,) and preprocessor.input_shape.embedded == ()
    assert prepared(preprocessor, examples(c=["w1", "", "new"]).inputs).sum(axis=1).tolist() == [1, 0, 0]


def test_only_the_training_part_is_learnt_from():
    data = examples(x=[0.0, 2.0] * 3 + [1000.0], c=["a", "b"] * 3 + ["z"])
    preprocessor = learn(Subset(data, np.arange(6)), {})
    assert prepared(preprocessor, data.inputs[[0, 1, 6]]).tolist() == [[-1, 1, 0], [1, 0, 1], [999, 0, 0]]


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
