"""Derive columns from others by an expression: ``derive=each=rooms/people,dense=log(people)``.

An expression is arithmetic on columns of numbers, row by row. ``simpleeval`` evaluates it; its grammar here is cut down
to numbers, names, operators, comparisons and the functions below, and is checked before any row is read. A result is
missing where a column is, and where it is no finite number, as after a division by zero. Letters: ``N`` rows.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from simpleeval import SimpleEval

from dl.errors import BadOption, nearest
from dl.options import Options
from dl.tables.columns import list_names, quote, split_names
from dl.tables.dates import column_of
from dl.terminal import safe_text
from dl.words import many

LONGEST = 500  # characters of an expression
LARGEST = 1e100  # as of numbers in a table

Numbers = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]  # numbers, or the text of categories


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Numbers]:  # Any: numbers or arrays of them
    """Return a comparison that gives 1 and 0, and a missing value where one side is missing."""

    def numbers(left: Numbers, right: Numbers) -> Numbers:
        return np.where(np.isnan(left) | np.isnan(right), np.nan, compare(left, right))

    return numbers


OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
    ast.Lt: _compared(operator.lt),
    ast.LtE: _compared(operator.le),
    ast.Gt: _compared(operator.gt),
    ast.GtE: _compared(operator.ge),
    ast.Eq: _compared(operator.eq),
    ast.NotEq: _compared(operator.ne),
}
FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {  # with the number of arguments
    "abs": (1, np.abs),
    "sqrt": (1, np.sqrt),
    "log": (1, np.log),
    "log1p": (1, np.log1p),
    "exp": (1, np.exp),
    "floor": (1, np.floor),
    "missing": (1, lambda values: np.isnan(values).astype(np.float64)),
    "minimum": (2, np.minimum),
    "maximum": (2, np.maximum),
    "where": (3, lambda test, yes, no: np.where(np.isnan(test), np.nan, np.where(test != 0, yes, no))),
}


@dataclass(frozen=True)
class Derivation:
    """A derived column.

    Args:
        name: Of the column.
        text: Its expression.
        tree: The parsed and checked expression.
        places: The columns that it names, with their first characters in the text, from 1.
    """

    name: str
    text: str
    tree: ast.expr
    places: Mapping[str, int] = field(default_factory=dict)

    def fail(self, why: str) -> BadOption:
        """Return the error on this expression."""
        return BadOption(f"derive={safe_text(self.name)}={safe_text(self.text)}: {why}")

    def compute(self, columns: Columns) -> Numbers:
        """Evaluate the expression on columns (N,), NaN where it has no finite value.

        Raises:
            BadOption: If it names no column, or one of categories.
        """
        for name, place in self.places.items():
            if name not in columns:
                known = [known for known, values in columns.items() if values.dtype.kind == "f"]
                raise self.fail(
                    f"no input column {quote(name)} at character {place}{nearest(name, map(safe_text, known))}  "
                    f"columns of numbers: {list_names(known)}"
                )
            if columns[name].dtype.kind != "f":
                raise self.fail(f"column {quote(name)} at character {place} holds categories, not numbers")
        with np.errstate(all="ignore"):
            values = np.asarray(_evaluator(columns).eval(self.text, previously_parsed=self.tree), np.float64)
            return np.where(np.abs(values) <= LARGEST, values, np.nan)


def _evaluator(columns: Columns) -> Any:  # Any: simpleeval has no types
    """Return an evaluator of checked trees: operators, functions, names, numbers, and nothing else."""
    functions = {name: function for name, (_, function) in FUNCTIONS.items()}
    evaluator = SimpleEval(operators=OPERATORS, functions=functions, names=dict(columns))

    def constant(node: ast.Constant) -> Any:  # Any: a column or a number
        value: Any = node.value  # Any: a name or a number, as checked
        return columns[value] if isinstance(value, str) else np.float64(value)

    kept = (ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call, ast.Name)
    evaluator.nodes = {node: evaluator.nodes[node] for node in kept} | {ast.Constant: constant}
    return evaluator


def parse_derive(option: str) -> tuple[Derivation, ...]:
    """Parse the option ``derive``: names and expressions, separated by commas.

    Raises:
        BadOption: If a name is missing or given twice, or an expression is not arithmetic; with the place.
    """
    found: list[Derivation] = []
    for part in _split(option):
        name, equals, text = (word.strip() for word in part.partition("="))
        if not equals or not name or not text:
            raise BadOption(
                f"derive={safe_text(option)}: {safe_text(part.strip())!r} is not of the form name=expression"
            )
        if any(name == one.name for one in found):
            raise BadOption(f"derive={safe_text(option)}: {quote(name)} is derived twice")
        one = Derivation(name, text, _parse(name, text))
        found.append(replace(one, places=dict(_named(one))))
    return tuple(found)


def _split(option: str) -> list[str]:
    """Split at the commas that are in no bracket and no quotes."""
    parts, depth, quoted = [""], 0, ""
    for one in option:
        if quoted:
            quoted = "" if one == quoted else quoted
        elif one in "\"'":
            quoted = one
        depth += (one in "([") - (one in ")]") if not quoted else 0
        if one == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += one
    return parts if option.strip() else []


def _parse(name: str, text: str) -> ast.expr:
    blank = Derivation(name, text, ast.Constant(0))
    if len(text) > LONGEST:
        raise BadOption(f"derive={safe_text(name)}=...: the expression has {len(text):,} characters; at most {LONGEST}")
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError as error:
        place = min(error.offset or len(text), len(text))  # without one it is the end
        raise blank.fail(f"no expression, at character {place}: {error.msg.lower()}") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise blank.fail(f"no expression: {error}") from error


def _named(one: Derivation) -> Iterator[tuple[str, int]]:
    """Yield the columns named in an expression, with their places, after checking each node.

    Raises:
        BadOption: If a node is not arithmetic.
    """
    waiting: list[ast.expr] = [one.tree]
    places: dict[str, int] = {}
    while waiting:
        node = waiting.pop()
        place = len(one.text.encode()[: node.col_offset].decode(errors="ignore")) + 1
        if isinstance(node, ast.Name):
            places[node.id] = min(place, places.get(node.id, place))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            places[node.value] = min(place, places.get(node.value, place))
        elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
            if not abs(node.value) <= LARGEST:
                raise one.fail(f"the number at character {place} is too large")
        elif isinstance(node, ast.BinOp | ast.UnaryOp) and type(node.op) in OPERATORS:
            waiting += [node.left, node.right] if isinstance(node, ast.BinOp) else [node.operand]
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPERATORS:
            waiting += [node.left, *node.comparators]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            waiting += _arguments(one, node.func.id, node.args, place)
        else:
            words = safe_text(ast.get_source_segment(one.text, node) or "", 40)
            raise one.fail(f"{words!r} at character {place} is not arithmetic: + - * / // % **, < > ==, and functions")
    if not places:
        raise one.fail("it names no column")
    yield from sorted(places.items(), key=lambda item: item[1])


def _arguments(one: Derivation, function: str, given: Sequence[ast.expr], place: int) -> Sequence[ast.expr]:
    if function not in FUNCTIONS:
        near = nearest(function, FUNCTIONS)
        raise one.fail(
            f"no function {safe_text(function, 40)!r} at character {place}{near}  functions: {', '.join(FUNCTIONS)}"
        )
    wanted, _ = FUNCTIONS[function]
    if len(given) != wanted:
        raise one.fail(f"{function} at character {place} takes {many(wanted, 'argument')}; {len(given)} given")
    return given


def named_sources(derivations: Sequence[Derivation]) -> tuple[str, ...]:
    """Return the columns of the table that the expressions name, without those that are derived themselves."""
    derived = {one.name for one in derivations}
    return tuple(dict.fromkeys(name for one in derivations for name in one.places if name not in derived))


def with_sources(options: Options, derivations: Sequence[Derivation]) -> tuple[Options, tuple[str, ...]]:
    """Return the options that also read the columns named in expressions, and those of them that are no inputs.

    Args:
        options: ``input`` and ``leave_out``, as the user gave them.
        derivations: Of the option ``derive``.
    """
    sources = named_sources(derivations)
    given, left_out = (split_names(str(options.get(name, ""))) for name in ("input", "leave_out"))
    read = {column_of(name) if column_of(name) in (*given, *left_out) else name for name in sources}
    more = [name for name in sources if given and name not in given and column_of(name) not in given]
    changed = dict(options)
    if more:
        changed["input"] = ",".join([*given, *more])
    if read & set(left_out):
        changed["leave_out"] = ",".join(name for name in left_out if name not in read)
    return changed, (*more, *(name for name in left_out if name in read))


def derive_columns(
    columns: Columns, derivations: Iterable[Derivation], taken: Collection[str] = ()
) -> dict[str, Numbers]:
    """Return the derived columns (N,), each of which may name those before it.

    Args:
        columns: (N,) the parsed columns, by name.
        derivations: As `parse_derive` returns them.
        taken: Names of other columns of the table, as the target.

    Raises:
        BadOption: If a name is taken, or an expression does not fit the columns.
    """
    known: dict[str, NDArray[Any]] = dict(columns)
    found: dict[str, Numbers] = {}
    for one in derivations:
        if one.name in known or one.name in taken:
            raise one.fail(f"the table has a column {quote(one.name)}; choose another name")
        known[one.name] = found[one.name] = one.compute(known)
    return found


def derive_notes(derivations: Iterable[Derivation], made: Mapping[str, Numbers]) -> list[str]:
    """Return a sentence on each derived column, with its number of missing values."""
    notes = []
    for one in derivations:
        gone = int(np.isnan(made[one.name]).sum())
        missing = f", missing in {many(gone, 'row')}" if gone else ""
        notes.append(f"derived: {quote(one.name)} = {safe_text(one.text)}{missing}")
    return notes
