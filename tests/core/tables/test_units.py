"""Money, percent and amounts with one unit are numbers."""

from pathlib import Path

import pyarrow as pa
import pytest

from dl.tables.units import plain_numbers, without_unit

PATH = Path("a.csv")


def column(*cells):
    return pa.chunked_array([pa.array(cells, pa.string())])


@pytest.mark.parametrize(
    ("cells", "values", "unit"),
    [
        (["$1,200.50", "$3", "-$7.25"], [1200.5, 3, -7.25], "'$'"),
        (["1.200,50 €", "3,10 €", "1.000.000,00 €"], [1200.5, 3.1, 1e6], "'€'"),
        (["12 %", "3.5 %", "n/a"], [12, 3.5], "'%'"),
        (["3.5 kg", "10kg"], [3.5, 10], "'kg'"),
        (["USD 12", "USD 1,234,567"], [12, 1234567], "'USD'"),
        (["1 200", "15 300", "7"], [1200, 15300, 7], "blanks between digits"),
        (["1'200.5", "7"], [1200.5, 7], "blanks between digits"),
    ],
)
def test_amounts_with_one_unit_are_numbers(cells, values, unit):
    plain, note = plain_numbers(PATH, "x", column(*cells))
    assert [float(cell) for cell in plain.to_pylist() if cell != "n/a"] == values
    assert note.startswith(f"numbers in column 'x' read without {unit}")


def test_several_units_stay_words_and_are_named():
    cells = column("3 kg", "500 g")
    plain, note = plain_numbers(PATH, "x", cells)
    assert plain is cells and note.startswith("column 'x' has the units 'g' and 'kg', so it is not read as numbers")


HOUSES = ["12A", "3B", "7C", "8D", "9E"]


@pytest.mark.parametrize("cells", [HOUSES, ["a", "b"], ["1", "2"], ["1.5", "na"], ["P12"], ["1st", "2nd"]])
def test_codes_words_and_plain_numbers_are_left_alone(cells):
    given = column(*cells)
    assert without_unit(given) == (given, "")
