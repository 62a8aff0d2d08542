"""Relevance beside the number of its query: what is kept, left out and refused."""

import numpy as np
import pytest

from dl.data.examples import Dataset, Examples
from dl.data.queries import (
    are_ranked,
    choose_queries,
    joint_with_query,
    numbers_of_queries,
    rank_examples,
    rank_queries,
    without_query,
)
from dl.errors import BadData, DLError

QUERIES = [7, 7, 3, 3, 3, 5, 5, 9, 9]
GRADES = [0, 1, 2, 0, 1, 0, 0, 1, 1]


def examples(grades=GRADES, queries=QUERIES, names=("clicked",)):
    n = len(grades)
    groups = None if queries is None else np.array(queries)
    return Examples(np.arange(n, dtype=np.float32)[:, None], np.array(grades), np.arange(n), names, groups=groups)


def test_queries_without_a_relevant_row_or_without_another_are_left_out_and_told():
    found = rank_queries(Dataset("hits", examples(), open_test=examples))
    assert without_query(found.train).tolist() == [0, 1, 2, 0, 1] and found.train.ids.tolist() == [0, 1, 2, 3, 4]
    assert len(np.unique(numbers_of_queries(found.train))) == 2 and are_ranked(found.train)
    assert found.notes == (
        "queries: 2 of 2 to 3 rows, 1.5 of them relevant on average",
        "2 queries left out, for no order of them is better than another: 1 without a relevant row, 1 with relevant "
        "rows alone",
    )
    with pytest.warns(UserWarning, match="2 queries left out"):
        assert len(found.open_test()) == 5
    assert rank_examples(found.train) is found.train


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"queries": None}, "--group-on COLUMN"),
        ({"queries": [1] * 9}, "all 9 rows are of one query"),
        ({"queries": range(9)}, "each of the 9 queries has one row"),
        ({"grades": [0] * 9}, "no row is relevant"),
        ({"grades": [0, 1, 0, 0, 0, 0, 0, 1, 1]}, "1 query of 4 have"),
        ({"grades": [0.5, *GRADES[1:]]}, "#0: relevance 0.5; expected 0"),
        ({"grades": [-1, *GRADES[1:]]}, "#0: relevance -1; expected 0"),
        ({"names": ("no", "yes", "often")}, "the target is 'no', 'yes', 'often'"),
        ({"grades": np.zeros((9, 2))}, "one column of relevance"),
    ],
)
def test_what_cannot_be_ranked_is_refused_in_one_line(given, message):
    with pytest.raises(DLError, match=message) as refused:
        rank_queries(Dataset("hits", examples(**given)))
    assert "\n" not in str(refused.value)


def test_classes_by_number_are_grades():
    found = rank_queries(Dataset("hits", examples(names=("0", "1", "4"))))
    assert without_query(found.train).tolist() == [0, 1, 4, 0, 1]


def test_a_row_is_a_copy_only_where_its_whole_query_is():
    keys = np.array([b"a", b"b", b"b", b"a", b"a", b"c"], "S16")
    found = joint_with_query(keys, np.array([0, 0, 1, 1, 2, 2]))
    assert found[0] == found[3] and found[1] == found[2] and found[4] not in found[:4]


def test_whole_queries_are_chosen():
    queries = np.repeat(np.arange(20), 5)
    chosen = choose_queries(np.arange(100), queries, 30, seed=0)
    assert len(chosen) == 30 and len(np.unique(queries[chosen])) == 6
    assert len(choose_queries(np.arange(100), queries, 2, seed=0)) == 5
    with pytest.raises(BadData):
        rank_queries(Dataset("hits", examples(grades=[0] * 9)))
