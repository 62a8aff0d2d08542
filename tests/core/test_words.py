from dl.words import hold, many, were


def test_one_is_said_as_one_and_several_as_several():
    assert [many(count, "row") for count in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
    assert [many(count, "copy", "copies") for count in (1, 2)] == ["1 copy", "2 copies"]
    assert [were(count, "row", "skipped") for count in (1, 2)] == ["1 row was skipped", "2 rows were skipped"]
    assert [hold(count) for count in (1, 2)] == ["holds", "hold"]
