from dl_sequences.shape import SeriesShape


def test_a_shape_is_a_tuple_that_knows_what_is_forecast():
    shape = SeriesShape.of(8, 3, history=2, season=7)
    assert (*shape,) == (8, 3) and (shape.history, shape.season) == (2, 7)
    assert SeriesShape.of(8, 3).history == -1
