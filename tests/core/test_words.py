import math

import pytest

from dl.words import hold, many, show_bytes, show_number, show_percent, show_seconds, were


def test_one_is_said_as_one_and_several_as_several():
    assert [many(count, "row") for count in (0, 1, 2, 1000)] == ["0 rows", "1 row", "2 rows", "1,000 rows"]
    assert [many(count, "copy", "copies") for count in (1, 2)] == ["1 copy", "2 copies"]
    assert [were(count, "row", "skipped") for count in (1, 2)] == ["1 row was skipped", "2 rows were skipped"]
    assert [hold(count) for count in (1, 2)] == ["holds", "hold"]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.48231, "0.4823"),
        (999.94, "999.9"),
        (999.96, "1,000"),
        (14140.2, "14,140"),
        (-1234.5, "-1,234"),
        (-1234567.0, "-1,235,000"),
        (121632625447.0, "121,600,000,000"),
        (3.2e15, "3.2e+15"),
        (1e-7, "1e-07"),
        (math.nan, "-"),
        (math.inf, "-"),
    ],
)
def test_money_is_written_as_money(value, shown):
    assert show_number(value) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (9_440, "9.4 kB"), (256_000_000, "256 MB"), (2e10, "20.0 GB")],
)
def test_few_bytes_are_not_said_to_be_none(size, shown):
    assert show_bytes(size) == shown


def test_a_plus_is_shown_where_it_is_asked_for():
    assert (show_number(14140, signed=True), show_number(-0.5, signed=True)) == ("+14,140", "-0.5")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.04, "0.0 s"), (9, "9.0 s"), (61, "61 s"), (150, "2 min"), (5460, "1 h 31 min")]
)
def test_times_are_shown_shortly(seconds, shown):
    assert show_seconds(seconds) == shown


def test_a_share_is_in_whole_percent():
    assert (show_percent(0.456), show_percent(1)) == ("46 %", "100 %")
