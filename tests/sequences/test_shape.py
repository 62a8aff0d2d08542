from dl_sequences.shape import Beginning, SeriesShape


def test_a_shape_is_a_tuple_that_knows_where_a_forecast_begins():
    begins = Beginning(2, 7, (1.0,), (0.0,))
    shape = SeriesShape.of(8, 3, begins)
    assert (*shape,) == (8, 3) and shape.begins == begins and SeriesShape.of(8, 3).begins is None
