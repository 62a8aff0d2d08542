"""A table whose inputs are several columns: cells as text, targets and ids beside them, leaks refused."""

import numpy as np
import pytest

from dl.errors import BadData
from dl.tables.features import read_features

FLOWERS = {"length": ["1", "", " 2 ", "3"], "colour": ["red", "blue", "red", ""], "kind": ["a", "b", "a", "b"]}


def test_cells_are_text_without_the_space_around_them_and_may_be_empty(written):
    features = read_features(written("flowers.csv", FLOWERS), {"target": "kind"})
    assert {name: column.to_pylist() for name, column in features.columns.items()} == {
        "length": ["1", "", "2", "3"],
        "colour": ["red", "blue", "red", ""],
    }
    assert features.targets.tolist() == [0, 1, 0, 1] and features.names == ("a", "b") and len(features) == 4


def test_the_kept_rows_become_examples_with_their_ids_groups_and_places(written):
    path = written("flowers.csv", FLOWERS | {"garden": ["x", "y", "x", "z"]})
    features = read_features(path, {"target": "kind", "group_on": "garden"})
    kept = np.array([True, False, True, True])
    examples = features.examples(np.zeros((3, 2)), kept)
    every = features.examples(np.zeros((4, 2)), np.ones(4, bool))
    assert [*examples.sources] == ["flowers.csv row 2", "flowers.csv row 4", "flowers.csv row 5"]
    assert examples.ids.tolist() == every.ids[kept].tolist() and examples.groups.tolist() == [0, 0, 2]
    dataset = features.dataset(examples, ["found besides"])
    assert dataset.name == "flowers" and dataset.title == "3 rows, 2 inputs, target kind"
    assert dataset.notes[-1] == "found besides" and features.notes == dataset.notes[:-1]


def test_rows_that_differ_only_in_where_a_cell_ends_are_not_alike(written):
    path = written("a.csv", {"x": ["ab", "a", "ab", "a"], "y": ["c", "bc", "c", "bc"], "kind": ["a", "b"] * 2})
    ids = read_features(path, {"target": "kind"}).examples(np.zeros(4), np.ones(4, bool)).ids
    assert len(set(ids.tolist())) == 4


def test_a_row_without_a_target_is_refused_or_left_out(written):
    path = written("a.csv", {"x": ["1", "2", "3", "4", "5"], "kind": ["a", "b", "", "a", "b"]})
    with pytest.raises(BadData, match=r"a\.csv row 4: column 'kind' is empty"):
        read_features(path, {"target": "kind"})
    features = read_features(path, {"target": "kind", "bad_rows": "skip"})
    assert features.rows.tolist() == [2, 3, 5, 6] and features.bad.lines == ["a.csv row 4: column 'kind' is empty"]


@pytest.mark.parametrize("asked", [{"separator": ";"}, {"target_as": "labels"}])
def test_a_row_without_labels_is_kept_as_a_row_without_any(written, asked):
    path = written("a.csv", {"x": ["1", "2", "3", "4", "5"], "tags": ["hot;loud", "", "loud", "", "hot"]})
    features = read_features(path, {"target": "tags", **asked})
    assert features.rows.tolist() == [2, 3, 4, 5, 6] and features.names == ("hot", "loud")
    assert features.targets.tolist() == [[1, 1], [0, 0], [0, 1], [0, 0], [1, 0]]


def test_an_input_that_is_the_target_is_refused_with_what_to_leave_out(written):
    path = written("a.csv", FLOWERS | {"copy": FLOWERS["kind"]})
    with pytest.raises(BadData, match=r"'kind' is the same as input column 'copy' in every row.*leave_out=copy"):
        read_features(path, {"target": "kind"})
    assert "copy" not in read_features(path, {"target": "kind", "leave_out": "copy"}).columns


def test_a_prediction_asks_for_no_target_and_only_for_the_columns_it_knows(written):
    features = read_features(written("a.csv", FLOWERS), {}, ["colour", "length"], labelled=False)
    assert [*features.columns] == ["colour", "length"] and features.targets.tolist() == [0, 0, 0, 0]
