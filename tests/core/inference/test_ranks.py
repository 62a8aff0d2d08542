"""Ranks of rows within the queries of a table."""

from pathlib import Path

import numpy as np
import pytest

from dl.data.examples import Examples
from dl.data.memory import take
from dl.errors import BadData
from dl.inference.ranks import query_cells, ranks


def test_rows_are_ranked_within_their_query_and_equal_scores_share_a_rank():
    found = ranks((0.5, 2.0, 2.0, -1.0), ["a", "b", "a", "a"])
    assert found == [(2, "rank 2 of 3 in a"), (1, "rank 1 of 1 in b"), (1, "rank 1 of 3 in a"), (3, "rank 3 of 3 in a")]
    assert ranks((1.0, 1.0), ["a", "a"]) == [(1, "rank 1 of 2 in a")] * 2


def test_queries_of_a_table_are_read_by_row_and_a_table_without_them_is_refused(tmp_path):
    path = tmp_path / "hits.csv"
    path.write_text("q,x\nred,1\nblue,2\n")
    examples = Examples(np.zeros((1, 1)), np.zeros(1), np.zeros(1), sources=("hits.csv row 3",))
    assert query_cells(examples, [path], None, {"group_on": "q"}) == ["blue"]
    assert query_cells(examples, [Path("folder")], None, {"group_on": "q"}) == []
    frame = take({"q": ["green"], "x": [1]})
    assert query_cells(examples, [], frame, {"group_on": "q"}) == ["green"]
    for given in (([path], None), ([], frame)):
        with pytest.raises(BadData, match="no column 'gone'"):
            query_cells(examples, *given, {"group_on": "gone"})
