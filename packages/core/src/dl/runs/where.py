"""The language of ``--where`` and ``--sort``: which runs of a folder, and in which order. Nothing is evaluated.

    accuracy > 0.98 and (model = convnet or tags = kept) and not status = failed and date >= 2026-03

A comparison is a field, an operator and a value: ``=`` or ``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``, and ``~`` for
text that contains the value. A run that lacks the field matches no comparison. Values with spaces stand in quotes.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dl.errors import BadOption, nearest
from dl.runs.overview import FACTS, Field, Overview, is_score

Test = Callable[[Overview], bool]

MOST_TOKENS, DEEPEST = 500, 50
_TOKEN = re.compile(r"""\s*(?:([()])|(<=|>=|==|!=|=|<|>|~)|"([^"]*)"|'([^']*)'|([^\s()<>=!~"']+))""")
_ORDERS: dict[str, Callable[[float | str, float | str], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
EXAMPLE = '--where "accuracy>0.98 and model=convnet"'


@dataclass(frozen=True)
class Where:
    """An expression that was read.

    Args:
        test: Whether a run matches.
        fields: The names of its fields, in their order.
    """

    test: Test
    fields: tuple[str, ...]


@dataclass
class _Reader:
    """The tokens of an expression, each with its kind, and the place of the next one."""

    text: str
    tokens: list[tuple[str, str]]
    at: int = 0
    deep: int = 0
    fields: list[str] = field(default_factory=list)  # that are compared

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def is_word(self, word: str) -> bool:
        return self.peek() == ("word", word)

    def fail(self, expected: str) -> BadOption:
        kind, found = self.peek()
        there = "it ends" if kind == "end" else f"{found!r} stands"
        return BadOption(f"--where {self.text!r}: {there} where {expected} is expected  example: {EXAMPLE}")


def parse_where(text: str) -> Where:
    """Read an expression.

    Raises:
        BadOption: If it is none, with the place.
    """
    reader = _Reader(text, _tokens(text))
    test = _either(reader)
    if reader.peek()[0] != "end":
        raise reader.fail("and, or or the end")
    return Where(test, tuple(dict.fromkeys(reader.fields)))


def matching(overviews: list[Overview], where: str) -> list[Overview]:
    """Return those that match an expression.

    Raises:
        BadOption: If it is none, or no run has one of its fields.
    """
    found = parse_where(where)
    check_fields(overviews, found.fields)
    return [one for one in overviews if found.test(one)]


def check_fields(overviews: list[Overview], names: tuple[str, ...]) -> None:
    """Refuse a field that no run of a folder has; of an empty folder any may be meant.

    Raises:
        BadOption: Naming the nearest, and the known ones.
    """
    for name in names:
        if not overviews or name in FACTS or any(one.value(name) is not None for one in overviews):
            continue
        known = sorted({*FACTS}.union(*(one.score_names for one in overviews)))
        near = nearest(name, set[str]().union(*(one.names for one in overviews)))
        choices = "and the choices of a recipe, as lr or model.width"
        raise BadOption(f"no run has a field {name!r}{near}  fields: {', '.join(known)}, {choices}")


def in_order(overviews: list[Overview], by: str) -> list[Overview]:
    """Sort by a field: scores the best first, others rising; ``-`` before its name turns that round.

    Those that lack the field stand last.

    Raises:
        BadOption: If no run has the field.
    """
    name = by.removeprefix("-")
    check_fields(overviews, (name,))
    falling = bool(is_score(overviews, name)) != by.startswith("-")
    have = [(value, one) for one in overviews if _has(value := one.value(name))]
    lack = [one for one in overviews if not _has(one.value(name))]
    numbers = all(_is_number(value) for value, _ in have)
    have.sort(key=lambda pair: pair[0] if numbers else _text(pair[0]), reverse=falling)  # type: ignore[arg-type, return-value]  # all numbers, or all text
    return [one for _, one in have] + lack


def _has(value: Field | None) -> bool:
    return value is not None and value != "" and value != () and not (isinstance(value, float) and math.isnan(value))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None:
            raise BadOption(f"--where {text!r}: {text[at:].strip()[:20]!r} cannot be read  example: {EXAMPLE}")
        bracket, sign, double, single, word = match.groups()
        quoted = double if double is not None else single
        kinds = {"bracket": bracket, "sign": sign, "quoted": quoted, "word": word}
        found.append(next((kind, value) for kind, value in kinds.items() if value is not None))
        at = match.end()
    if len(found) > MOST_TOKENS:
        raise BadOption(f"--where has {len(found):,} words; at most {MOST_TOKENS} are read")
    return found


def _either(reader: _Reader) -> Test:
    return _joined(reader, "or", _both, any)


def _both(reader: _Reader) -> Test:
    return _joined(reader, "and", _negated, all)


def _joined(
    reader: _Reader, word: str, part: Callable[[_Reader], Test], combine: Callable[[Iterable[bool]], bool]
) -> Test:
    """Read parts with a word between them."""
    tests = [part(reader)]
    while reader.is_word(word):
        reader.take()
        tests.append(part(reader))
    return tests[0] if len(tests) == 1 else lambda one: combine(test(one) for test in tests)


def _negated(reader: _Reader) -> Test:
    reader.deep += 1
    if reader.deep > DEEPEST:
        raise BadOption(f"--where: parentheses and not are nested more than {DEEPEST} deep")
    try:
        if reader.is_word("not"):
            reader.take()
            inner = _negated(reader)
            return lambda one: not inner(one)
        if reader.peek() == ("bracket", "("):
            reader.take()
            inner = _either(reader)
            if reader.peek() != ("bracket", ")"):
                raise reader.fail("a closing parenthesis")
            reader.take()
            return inner
        return _comparison(reader)
    finally:
        reader.deep -= 1


def _comparison(reader: _Reader) -> Test:
    if reader.peek()[0] != "word":
        raise reader.fail("a field")
    name = reader.take()[1]
    if reader.peek()[0] != "sign":
        raise reader.fail("= != < <= > >= or ~")
    sign = reader.take()[1]
    if reader.peek()[0] not in ("word", "quoted"):
        raise reader.fail("a value")
    value = reader.take()[1]
    reader.fields.append(name)
    if sign in _ORDERS and name in ("tags", "name", "note", "kind", "status"):
        raise BadOption(f"{name} has no order: {name}{sign}{value}  use = != or ~")
    return lambda one: _compare(one.value(name), "=" if sign == "==" else sign, value, name)


def _compare(found: Field | None, sign: str, value: str, name: str) -> bool:
    """Compare a field with a typed value; one that the run lacks matches nothing."""
    if found is None:
        return False
    if isinstance(found, tuple):
        held = any(value.casefold() in tag.casefold() for tag in found) if sign == "~" else value in found
        return held != (sign == "!=")
    if sign == "~":
        return value.casefold() in _text(found).casefold()
    number = number_of(value)
    if _is_number(found) and number is not None:
        return _numbers(float(found), sign, number)
    words = _text(found)[: len(value)] if name == "date" else _text(found)
    if sign in _ORDERS:
        return not _is_number(found) and _ORDERS[sign](words, value)
    return (words.casefold() == value.casefold()) == (sign == "=")


def _numbers(found: float, sign: str, value: float) -> bool:
    if sign in _ORDERS:
        return _ORDERS[sign](found, value)
    return math.isclose(found, value, rel_tol=1e-9) == (sign == "=")


def number_of(value: str) -> float | None:
    """Return a typed value as a number, ``98%`` as 0.98; None if it is none."""
    try:
        found = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _is_number(value: Field | None) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Field) -> str:
    if isinstance(value, tuple):
        return " ".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)
