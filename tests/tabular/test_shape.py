"""The shape of a prepared row is a tuple to whoever reads no more."""

import json

from dl_tabular.shape import RowShape


def test_a_shape_with_embedded_columns_is_a_tuple():
    shape = RowShape.of(33, [(1, 31)])
    assert shape == (33,) and json.dumps(shape) == "[33]" and shape.embedded == ((1, 31),)
    assert RowShape((4,)).embedded == ()
