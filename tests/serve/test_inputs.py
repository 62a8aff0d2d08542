import msgspec
import numpy as np
import pytest

from dl_serve.errors import Refused
from dl_serve.inputs import parse
from dl_serve.settings import Limits


def test_rows_of_json_become_a_table_of_json_lines():
    asked = parse("application/json", b'{"rows": [{"a": 1}, {"a": null}]}', Limits())
    assert asked.files == (("rows.jsonl", b'{"a":1}\n{"a":null}'),)


def test_whole_numbers_of_a_byte_in_images_are_pixels():
    assert parse("application/json", b'{"inputs": [[[0, 255]]]}', Limits()).array.dtype == np.uint8
    assert parse("application/json", b'{"inputs": [[0, 255]]}', Limits()).array.dtype != np.uint8


@pytest.mark.parametrize(
    "values",
    [
        [[[0, 1], [2, 255]], [[7, 8], [9, 10]]],
        [[[[0], [1]]], [[[2], [3]]]],
        [[[0, 1.5]]],
        [[[0, 256]]],
        [[[-1, 0]]],
        [[[True, False]]],
        [[[1, True]]],
        [[1, 2], [3, 4]],
        [1, 2],
    ],
)
def test_numbers_of_json_become_the_array_that_numpy_makes_of_them(values):
    found = parse("application/json", msgspec.json.encode({"inputs": values}), Limits()).array
    assert found.tolist() == np.asarray(values).tolist()
    assert (found.dtype.kind == "b") == (np.asarray(values).dtype.kind == "b")
    assert found.flags.writeable


@pytest.mark.parametrize(
    "values",
    [[[[1], [2, 3]]], [[[1]], [[1, 2]]], [[[1]], 2], [[[1]], ["a"]], [[[]]], [[["1"]]], [[{"a": 1}]], [[[[1]], [2]]]],
)
def test_lists_that_are_no_array_are_refused(values):
    with pytest.raises(Refused):
        parse("application/json", msgspec.json.encode({"inputs": values}), Limits())


@pytest.mark.parametrize(
    "body", [b"{}", b'{"texts": ["a"], "rows": []}', b'{"inputs": [[1], [1, 2]]}', b'{"other": 1}']
)
def test_a_body_without_one_kind_of_inputs_is_refused(body):
    with pytest.raises(Refused):
        parse("application/json", body, Limits())
