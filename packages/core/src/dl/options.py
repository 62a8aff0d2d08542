"""Options given as ``key=value``, and their validation.

A specification lists its options; the command line, recipes and Python calls are all validated by `check`.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from dl.errors import BadOption, nearest

Value = bool | int | float | str
Options = Mapping[str, Value]
LONGEST_VALUE = 80  # characters of a value in a message
WEIGHTS = "weights"  # option of training: of the losses of several targets
InputShape = tuple[int, ...]  # of one prepared example, without the batch axis


@dataclass(frozen=True)
class Space:
    """The values of an option that a search tries.

    Args:
        low: Least number.
        high: Greatest number.
        log: Whether numbers are drawn by their logarithm.
        relative: Whether ``low`` and ``high`` are factors of the recipe's value.
        choices: The values, in place of a range.
    """

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    relative: bool = False
    choices: tuple[Value, ...] = ()


OF_UNITS = Space(0.25, 4.0, log=True, relative=True)


@dataclass(frozen=True)
class Option:
    """An option.

    Args:
        name: As typed before the ``=``.
        default: Used when omitted; its type is the option's type.
        help: One line.
        low: Least allowed number, inclusive.
        high: Greatest allowed number, inclusive.
        choices: The allowed words of a text option.
        or_number: Whether a number is allowed besides these words.
        units: Whether it is a number of units, which the regularizer ``shrink`` scales.
        regularizes: Whether it holds a network back from learning its training set by heart, as a rate of dropout:
            ``dl overfit`` sets it to 0, or to false.
        is_path: Whether it is a path, or else one of ``choices``; a path is stored absolute, so that a recipe works
            from any folder.
        space: What ``dl tune`` tries; None leaves the option as it is. A number of units is tried from a quarter to
            four times the recipe's.
    """

    name: str
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    or_number: bool = False
    units: bool = False
    regularizes: bool = False
    is_path: bool = False
    space: Space | None = None

    @property
    def searched(self) -> Space | None:
        """What ``dl tune`` tries; None for an option that it leaves as it is."""
        return self.space or (OF_UNITS if self.units else None)

    def check(self, value: object, owner: str) -> Value:
        """Convert a value to the option's type and validate it.

        Args:
            value: Text from the command line, or a value from a recipe or a call.
            owner: The model, data set or regularizer with this option, for the message.

        Raises:
            BadOption: If the value has another type, is out of range or is not one of the choices.
        """
        where = f"{owner}: {self.name}={short_value(value)}"
        typed = _convert(value, type(self.default))
        number = _convert(value, float) if self.or_number else None
        typed = typed if number is None else number
        if typed is None:
            raise BadOption(f"{where}: expected {_describe(self)}")
        if self.choices and number is None and typed not in self.choices and not self.is_path:
            raise BadOption(f"{where}: expected {_describe(self)}{nearest(str(typed), self.choices)}")
        if isinstance(typed, (int, float)) and not isinstance(typed, bool) and not self._in_range(typed):
            raise BadOption(f"{where}: expected {_describe(self)}")
        return os.path.abspath(os.path.expanduser(str(typed))) if self._is_place(typed) else typed  # noqa: PTH100, PTH111

    def _is_place(self, value: Value) -> bool:
        return self.is_path and bool(value) and value not in self.choices

    def _in_range(self, number: float) -> bool:
        above = self.low is None or number >= self.low
        below = self.high is None or number <= self.high
        return above and below and number == number and abs(number) != float("inf")


def check(options: Iterable[Option], given: Mapping[str, object], owner: str) -> dict[str, Value]:
    """Resolve every option: validate the given values, and fill in the defaults of the others.

    Raises:
        BadOption: If a name is unknown or a value does not fit.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise BadOption(
                f"{owner} has no option {name!r}{nearest(name, known)}  options: {', '.join(known) or 'none'}"
            )
    return {
        name: option.check(given[name], owner) if name in given else option.default for name, option in known.items()
    }


def check_named(options: Sequence[Option], given: object, owner: str) -> dict[str, Value]:
    """Resolve every option as `check` does, from a mapping or from a single value for the first option.

    A mapping may have the value of the first option under the empty name.

    Raises:
        BadOption: As `check`; if there is no option, or the first one is given twice.
    """
    by_name = dict(given) if isinstance(given, Mapping) else {"": given}
    if "" in by_name:
        if not options:
            raise BadOption(f"{owner} takes no value; {short_value(by_name[''])} was given")
        if options[0].name in by_name:
            raise BadOption(f"{owner}: {options[0].name!r} is given twice")
        by_name[options[0].name] = by_name.pop("")
    return check(options, by_name, owner)


def split_pairs(words: Iterable[str]) -> dict[str, str]:
    """Turn ``["width=64", "lr=0.01"]`` into a mapping.

    Raises:
        BadOption: If a word has no ``=``, or a name is given twice.
    """
    pairs: dict[str, str] = {}
    for format_value in words:
        name, equals, value = format_value.partition("=")
        if not equals or not name:
            raise BadOption(f"{format_value!r} is not of the form key=value")
        if name in pairs:
            raise BadOption(f"{name!r} is given twice: {pairs[name]!r} and {value!r}")
        pairs[name] = value
    return pairs


def split_named(words: Iterable[str]) -> dict[str, dict[str, str]]:
    """Turn ``["l2=1e-4", "noise=0.1,share=0.5", "mixup"]`` into the options of each name.

    A value without a key is stored under the empty name, for the first option.

    Raises:
        BadOption: If a word has no name, or a name or a key is given twice.
    """
    named: dict[str, dict[str, str]] = {}
    for format_value in words:
        name, equals, rest = format_value.partition("=")
        if not name or (equals and not rest):
            raise BadOption(f"{format_value!r} is not of the form name, name=value or name=value,key=value")
        if name in named:
            raise BadOption(f"{name!r} is given twice")
        pairs = rest.split(",") if rest else []
        first = {"": pairs.pop(0)} if pairs and "=" not in pairs[0] else {}
        named[name] = first | split_pairs(pairs)
    return named


def format_value(value: object) -> str:
    """Format a value as it is typed after the ``=``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def typed_named(name: str, given: object) -> str:
    """Format a name with its value or options as it is typed after ``--reg``; the inverse of `split_named`."""
    if not isinstance(given, Mapping):
        return f"{name}={format_value(given)}"
    rest = [f"{key}={format_value(value)}" if key else format_value(value) for key, value in given.items()]
    return f"{name}={','.join(rest)}" if rest else name


def _convert(value: object, kind: type) -> Value | None:
    """Convert a value to ``kind``; None if that would change its meaning."""
    if kind is bool:
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        return value if isinstance(value, bool) else words.get(str(value).lower())
    if isinstance(value, bool):
        return None
    if kind is str:
        return str(value)
    if isinstance(value, str) and ("_" in value or not value.isascii()):  # Python reads 1_0 and Arabic digits as well
        return None
    try:
        number = float(value) if isinstance(value, (str, int, float)) else None
        if kind is int:
            return int(str(value)) if isinstance(value, str) else (int(number) if number == int(number or 0) else None)
        return number
    except (ValueError, OverflowError):
        return None


def short_value(value: object) -> str:
    """Format a value for a message, truncated with an ellipsis."""
    try:
        shown = str(value)
        return shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…"
    except ValueError:  # Python does not format integers of thousands of digits
        return "a very long number"


def _describe(option: Option) -> str:
    if option.choices and not option.or_number and not option.is_path:
        return "one of " + ", ".join(option.choices)
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[type(option.default)]
    words = " or ".join(["a number", *option.choices]) if option.or_number else words
    if option.low is not None and option.high is not None:
        return f"{words} from {option.low:g} to {option.high:g}"
    if option.low is not None:
        return f"{words}, at least {option.low:g}"
    return words
