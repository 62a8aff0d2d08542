"""The preprocessor of rows: learnt on the training set alone, values known by hand."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dl.data.examples import Examples, Subset, whole
from dl.errors import BadData, BadRun
from dl_tabular.prepare import FEWEST_GAPS, learn, restore
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
    data = examples(x=[1.0, NAN, 3.0] * FEWEST_GAPS)
    assert prepared(learn(whole(data), {}), data.inputs)[:3].tolist() == [[-1, 0], [0, 1], [1, 0]]


def test_gaps_too_few_to_learn_from_are_the_mean_alone():
    data = examples(x=[1.0, NAN, 3.0], c=["a", "", "b"])
    assert prepared(learn(whole(data), {}), data.inputs).tolist() == [[-1, 1, 0], [0, 0.5, 0.5], [1, 0, 1]]


def test_categories_get_a_column_each_the_most_common_first_and_an_unknown_one_their_shares():
    preprocessor = learn(whole(examples(c=["b", "a", "b", "b"])), {})
    rows = prepared(preprocessor, examples(c=["a", "b", "new", ""]).inputs)
    assert rows.tolist() == [[0, 1], [1, 0], [0.75, 0.25], [0.75, 0.25]]


def test_an_unknown_category_is_a_row_of_zeros_where_gaps_have_taught_what_that_means():
    preprocessor = learn(whole(examples(c=["b", "b", "a"] + [""] * FEWEST_GAPS)), {})
    assert prepared(preprocessor, examples(c=["new", "", "a"]).inputs).tolist() == [[0, 0], [0, 0], [0, 1]]
    assert preprocessor.unseen(examples(c=["new", "", "a"]).inputs) == {
        0: ["c 'new' is not among the categories learnt"]
    }


def test_a_category_in_another_spelling_is_read_as_the_one_it_can_only_mean():
    preprocessor = learn(whole(examples(c=["New York", "Oslo", "rome", "Rome"])), {})
    new = examples(c=["new  york", "OSLO", "ROME", "Rome"]).inputs
    assert prepared(preprocessor, new).tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0.25] * 4, [0, 0, 1, 0]]
    assert preprocessor.unseen(new) == {
        0: ["c 'new  york' is read as 'New York'"],
        1: ["c 'OSLO' is read as 'Oslo'"],
        2: ["c 'ROME' is not among the categories learnt"],
    }


def test_rare_categories_unseen_ones_and_gaps_are_one_row_of_zeros_where_they_are_many():
    preprocessor = learn(whole(examples(c=[*"bbbbaaaxyyzz"])), {})
    found = prepared(preprocessor, examples(c=["a", "b", "x", "y", "new", ""]).inputs)
    assert found.tolist() == [[0, 1], [1, 0], *[[0, 0]] * 4]


def test_gaps_can_be_marked_in_columns_that_have_none():
    data = examples(x=[1.0, 2.0, 3.0], c=["a", "a", "b"])
    preprocessor = learn(whole(data), {"gaps": "all"})
    assert prepared(preprocessor, examples(x=[NAN, 2.0], c=["", "a"]).inputs).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert preprocessor.gaps.columns.tolist() == [0, 0, 1, 1] and preprocessor.gaps.cells == 2
    assert preprocessor.gaps.blank.tolist() == [0, 1, 0, 0]


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
    data = examples(x=[0.0, 2.0, 1000.0], c=["a", "b", "z"])
    preprocessor = learn(Subset(data, np.array([0, 1])), {})
    assert prepared(preprocessor, data.inputs).tolist() == [[-1, 1, 0], [1, 0, 1], [2, 0.5, 0.5]]


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


def test_a_number_far_outside_the_range_in_training_is_clipped_half_a_range_beyond_and_said():
    preprocessor = learn(whole(examples(x=[0.0, 10.0])), {})
    new = examples(x=[15.0, 16.0, 1e100, -5.0, -1e100]).inputs
    assert prepared(preprocessor, new)[:, 0].tolist() == [2, 2, 2, -2, -2]
    assert preprocessor.unseen(new) == {
        1: ["x 16 is far outside the range in training, 0 to 10; read as 15"],
        2: ["x 1e+100 is far outside the range in training, 0 to 10; read as 15"],
        4: ["x -1e+100 is far outside the range in training, 0 to 10; read as -5"],
    }


@pytest.mark.parametrize("draw", ["uniform", "normal", "exponential", "lognormal"])
def test_new_rows_of_the_same_kind_are_hardly_ever_far_outside(draw):
    rng = np.random.default_rng(0)
    noted = [
        len(learn(whole(examples(x=getattr(rng, draw)(size=200))), {}).unseen(examples(x=new).inputs))
        for new in (getattr(rng, draw)(size=500) for _ in range(40))
    ]
    assert sum(noted) <= 0.003 * 500 * 40


def test_what_was_constant_changes_nothing_whatever_it_is_now_and_is_said():
    same = [5.0] * 9 + [NAN]
    preprocessor = learn(whole(examples(x=np.arange(10.0), same=same, word=["a"] * 10)), {})
    new = examples(x=[1.0] * 4, same=["5", "6.0", "", "tall"], word=["a", "b", "a", ""]).inputs
    assert preprocessor.input_shape == (1,) and len(set(prepared(preprocessor, new)[:, 0])) == 1
    assert preprocessor.unseen(new) == {
        1: [
            "same 6 is not the 5 of every training row, and changes nothing",
            "word 'b' is not the 'a' of every training row, and changes nothing",
        ],
        3: [
            "same 'tall' is not the 5 of every training row, and changes nothing",
            "word is missing, as in no training row, and changes nothing",
        ],
    }
    assert preprocessor.unseen(examples(x=[NAN], same=[1e6]).inputs) == {
        0: [
            "x is missing, as in no training row; read as the mean, 4.5",
            "same 1e+06 is not the 5 of every training row, and changes nothing",
        ]
    }


def test_gaps_of_a_constant_column_can_be_learnt_from_where_they_are_many():
    data = examples(same=[1.0] * 5 + [NAN] * 5, word=["a"] * 5 + [""] * 5)
    preprocessor = learn(whole(data), {})
    assert prepared(preprocessor, data.inputs)[4:6].tolist() == [[0, 0, 1], [0, 1, 0]]
    assert prepared(preprocessor, examples(same=[1e6], word=["a"]).inputs).tolist() == [[0, 0, 1]]


def test_constant_columns_may_be_absent_and_are_filled_for_rows_of_several_tables():
    preprocessor = learn(whole(examples(x=[1.0, 2.0], same=[5.0, 5.0], word=["a", "a"])), {})
    assert preprocessor.dtype_of(["x", "word"]).names == ("x", "word")
    columns = preprocessor.completed({"x": np.array([1.0]), "word": np.array(["b"])}, 1)
    assert {name: values.tolist() for name, values in columns.items()} == {"x": [1.0], "same": ["5.0"], "word": ["b"]}


def test_runs_that_kept_no_range_prepare_as_they_did_and_say_what_they_can():
    settings = {
        "columns": [
            {"name": "x", "mean": 1.0, "std": 1.0, "missing": False, "words": []},
            {"name": "c", "mean": 0.0, "std": 0.0, "missing": False, "words": ["a", "b"]},
        ]
    }
    old, new = restore(settings), examples(x=[1e100, NAN], c=["z", "a"]).inputs
    assert prepared(old, new).tolist() == [[1e4, 0, 0], [0, 1, 0]]
    assert old.unseen(new) == {
        0: ["c 'z' is not among the categories learnt"],
        1: ["x is missing, as in no training row; read as the mean, 1"],
    }


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
        {"columns": [{"name": "c", "mean": 0.0, "std": 0.0, "missing": False, "words": ["a", "b"], "shares": [1.0]}]},
        {
            "columns": [
                {"name": "x", "mean": 0.0, "std": 1.0, "missing": False, "words": [], "least": NAN, "greatest": 1}
            ]
        },
    ],
)
def test_damaged_settings_are_refused(settings):
    with pytest.raises(BadRun):
        restore(settings)
