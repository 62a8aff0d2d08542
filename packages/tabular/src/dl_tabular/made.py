"""Columns that an exported network makes of raw inputs: the parts of dates, and those derived by an expression.

A date is one number outside of dl, the days since 1970.
Source: H. Hinnant, chrono-compatible low-level date algorithms, civil_from_days; years begin in March there.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dl.preparation import DATE, RawInput, number
from dl.tables.dates import column_of, part_name
from dl_tabular.derive import LARGEST, Derivation

ABOUT = "days since 1970-01-01, the time of day as a fraction, nan where missing"
ERA, YEAR = 146_097, 365  # days of 400 years and of one
MARCH_BEFORE_1970 = 719_468  # days from March of the year 0
DAYS = "days"
EARLIEST = -5e7  # day; numpy's NaT, as a number, lies before it
Columns = Callable[[str], Tensor]  # a column of numbers by its name


@dataclass(frozen=True)
class Plan:
    """How columns are made of raw inputs.

    Args:
        inputs: The raw inputs.
        held: Of each, the column of rows that holds it.
        places: Of columns that are one, or a part of a date, the place of the input, and the part or an empty word.
        derived: The expressions of other columns.
        marks: Of columns of numbers, what stands for a missing value.
        columns: The names of the columns to be made.
    """

    inputs: tuple[RawInput, ...]
    held: tuple[str, ...]
    places: Mapping[str, tuple[int, str]]
    derived: Mapping[str, Derivation]
    marks: Mapping[str, frozenset[float]]
    columns: tuple[str, ...]


def plan_columns(
    columns: Sequence[RawInput],
    numbers: Sequence[str],
    derivations: Sequence[Derivation] = (),
    marks: Mapping[str, frozenset[float]] | None = None,
) -> Plan:
    """Plan raw inputs: one for all parts of a date, none for a derived column whose sources are there.

    Args:
        columns: An input for each column that is to be made.
        numbers: Names of all columns of numbers of the rows.
        derivations: Of the option ``derive``.
        marks: Of columns of numbers, what stands for a missing value.
    """
    derived = dict[str, Derivation]()
    for derivation in derivations:
        if all(name in derived or name in numbers for name in derivation.places):
            derived[derivation.name] = derivation
    needed = dict[str, RawInput]()
    for column in columns:
        leaves = _leaves(column.name, derived)
        needed |= {
            name: column if name == column.name else number(name, _about(name)) for name in leaves if name not in needed
        }
    inputs, held, places = dict[str, RawInput](), list[str](), dict[str, tuple[int, str]]()
    for name, one in needed.items():
        base, days = column_of(name), part_name(column_of(name), DAYS)
        whole = base != name and days in numbers
        own = base if whole else name
        if own not in inputs:
            held.append(days if whole else name)
            inputs[own] = RawInput(base, DATE, ("N",), torch.zeros(2, dtype=torch.float64), ABOUT) if whole else one
        places[name] = (list(inputs).index(own), name[len(base) + 2 : -1] if whole else "")
    names = tuple(one.name for one in columns)
    return Plan(tuple(inputs.values()), tuple(held), places, derived, dict(marks or {}), names)


def _about(name: str) -> str:
    return f"a number, nan where missing, of which other columns are derived: {name}"


def _leaves(name: str, derived: Mapping[str, Derivation]) -> Iterator[str]:
    """Yield the columns that a column is made of: itself, or those of its expression."""
    if name not in derived:
        yield name
        return
    for source in derived[name].places:
        yield from _leaves(source, derived)


class MadeColumns(nn.Module):
    """Makes columns of raw inputs.

    Args:
        plan: How.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self.plan = plan

    def forward(self, *raw: Tensor) -> list[Tensor]:
        """Return columns of the shape of the raw inputs, words as their places."""
        done = dict[str, Tensor]()

        def column(name: str) -> Tensor:
            if name not in done:
                done[name] = self._made(name, raw, column)
            return done[name]

        return [column(name) for name in self.plan.columns]

    def _made(self, name: str, raw: Sequence[Tensor], column: Columns) -> Tensor:
        if name in self.plan.derived:
            values = evaluate(self.plan.derived[name].tree, column)
            return torch.where(values.abs() <= LARGEST, values, torch.nan)
        place, part = self.plan.places[name]
        if part:
            days = raw[place].double()
            return PARTS[part](torch.where(days < EARLIEST, torch.nan, days))
        found = raw[place]
        for mark in sorted(self.plan.marks.get(name, ())) if found.is_floating_point() else ():
            found = torch.where(found == mark, torch.nan, found)
        return found


def evaluate(tree: ast.expr, column: Columns) -> Tensor:
    """Evaluate a checked expression of `dl_tabular.derive` on tensors in double precision."""
    if isinstance(tree, ast.Name):
        return column(tree.id).double()
    if isinstance(tree, ast.Constant):
        return (
            column(tree.value).double()
            if isinstance(tree.value, str)
            else torch.tensor(float(str(tree.value)), dtype=torch.float64)
        )
    if isinstance(tree, ast.UnaryOp):
        return OPERATORS[type(tree.op)](evaluate(tree.operand, column))
    if isinstance(tree, ast.BinOp):
        return OPERATORS[type(tree.op)](evaluate(tree.left, column), evaluate(tree.right, column))
    if isinstance(tree, ast.Compare):
        return _compared(type(tree.ops[0]), evaluate(tree.left, column), evaluate(tree.comparators[0], column))
    assert isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)  # as checked
    return FUNCTIONS[tree.func.id](*(evaluate(one, column) for one in tree.args))


def _compared(kind: type[ast.AST], left: Tensor, right: Tensor) -> Tensor:
    """Return 1 or 0, and nan where one side is missing."""
    return torch.where(left.isnan() | right.isnan(), torch.nan, COMPARES[kind](left, right).double())


OPERATORS: dict[type[ast.AST], Callable[..., Tensor]] = {
    ast.Add: torch.add,
    ast.Sub: torch.sub,
    ast.Mult: torch.mul,
    ast.Div: torch.div,
    ast.FloorDiv: lambda left, right: (left / right).floor(),
    ast.Mod: lambda left, right: left - right * (left / right).floor(),
    ast.Pow: torch.pow,
    ast.USub: torch.neg,
    ast.UAdd: lambda values: values,
}
COMPARES: dict[type[ast.AST], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Lt: torch.lt,
    ast.LtE: torch.le,
    ast.Gt: torch.gt,
    ast.GtE: torch.ge,
    ast.Eq: torch.eq,
    ast.NotEq: torch.ne,
}
FUNCTIONS: dict[str, Callable[..., Tensor]] = {
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "log": torch.log,
    "log1p": torch.log1p,
    "exp": torch.exp,
    "floor": torch.floor,
    "missing": lambda values: values.isnan().double(),
    "minimum": torch.minimum,
    "maximum": torch.maximum,
    "where": lambda test, yes, no: torch.where(test.isnan(), torch.nan, torch.where(test != 0, yes, no)),
}


def _civil(days: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return year, month and day of the month of days since 1970, in double precision."""
    since = days.floor() + MARCH_BEFORE_1970
    era = (since / ERA).floor()
    of_era = since - era * ERA
    leap = (of_era / 1_460).floor() - (of_era / 36_524).floor() + (of_era / 146_096).floor()
    years = ((of_era - leap) / YEAR).floor()
    of_year = of_era - (YEAR * years + (years / 4).floor() - (years / 100).floor())
    months = ((5 * of_year + 2) / 153).floor()  # from March on
    day = of_year - ((153 * months + 2) / 5).floor() + 1
    month = torch.where(months < 10, months + 3, months - 9)
    return era * 400 + years + (month <= 2).double(), month, day


PARTS: dict[str, Callable[[Tensor], Tensor]] = {  # of dates, by their names in `dl.tables.dates`
    DAYS: lambda days: days,
    "year": lambda days: _civil(days)[0],
    "month": lambda days: _civil(days)[1],
    "day": lambda days: _civil(days)[2],
    "weekday": lambda days: days.floor() + 3 - 7 * ((days.floor() + 3) / 7).floor(),
    "hour": lambda days: (days - days.floor()) * 24,
}
