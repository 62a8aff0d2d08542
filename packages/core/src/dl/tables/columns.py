"""Columns: which one is looked at and which one is predicted, as the user says or as the columns themselves say.

Nothing is guessed silently: what was found by itself is a note, and where two columns fit the line names both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dl.errors import BadData, BadOption, nearest
from dl.options import Options
from dl.tables.source import BadRows, Source
from dl.tables.stream import called
from dl.terminal import safe_text

SAMPLED = 1000  # rows that the columns are judged by
AGAIN, OFTEN = 2, 0.05  # times, and share of the rows, from which a column's name in it is data
LISTED = 12  # columns that a message names
CLOSE = 0.5  # a column whose score is this share of the best might be meant as well
TARGETS = (
    *("label", "labels", "target", "targets", "class", "category", "categories", "sentiment", "y", "outcome"),
    *("rating", "score", "stars", "tag", "tags", "topic", "intent", "emotion", "spam", "polarity", "gold"),
)
NUMBERING = ("", "id", "ids", "idx", "index", "row", "unnamed: 0", "column 1")  # columns that only count the rows


@dataclass(frozen=True)
class Column:
    """A column as its first rows show it.

    Args:
        name: As the file calls it.
        cells: Its first cells that are not empty.
    """

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class InputKind:
    """What an input column looks like to a domain.

    Args:
        words: What its cells are, as ``paths of images``.
        because: What speaks for the column with the best score, as ``the longest text``.
        score: How much a column looks like it; 0 if it cannot be one.
        names: What such a column is often called, in small letters.
    """

    words: str
    because: str
    score: Callable[[Column], float]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """What each column is for.

    Args:
        input: The column that is looked at.
        targets: The columns that are predicted; none where nothing is.
        group: The column whose values stay on one side of a split; empty if there is none.
        time: The column of times; empty if there is none.
        because: What speaks for the targets.
        notes: What else was found by itself, in words.
        features: Where several columns are looked at: which; ``input`` is then empty.
    """

    input: str
    targets: tuple[str, ...]
    group: str = ""
    time: str = ""
    because: str = ""
    notes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that is read, once."""
        wanted = (self.input, *self.features, *self.targets, self.group, self.time)
        return tuple(dict.fromkeys(name for name in wanted if name))


def sample(source: Source) -> dict[str, Column]:
    """Read the first rows of every column that holds single cells.

    Raises:
        BadData: If there is no row.
    """
    names = [name for name in source.columns if name not in source.nested]
    skim = BadRows(source.path, source.unit, skip=True)
    for batch in source.batches(names, skim):
        some = {name: batch.cells[name].slice(0, SAMPLED).to_pylist() for name in names}
        found = {
            name: Column(name, tuple(cell for cell in cells if cell and cell.strip())) for name, cells in some.items()
        }
        if source.header:
            _refuse_data_as_header(source, found)
        return found
    if skim.lines:
        raise BadData(f"{called(source.path)} has no row that can be read; the first: {skim.lines[0]}")
    raise BadData(f"{called(source.path)} has a header but no rows: {listed(source.columns)}")


def _refuse_data_as_header(source: Source, columns: Mapping[str, Column]) -> None:
    """Refuse a first row whose cells stand again and again in their own columns: it is no header.

    Raises:
        BadData: Naming the cell.
    """
    for column in columns.values():
        again = sum(cell.strip() == column.name for cell in column.cells)
        if again >= AGAIN and again >= OFTEN * len(column.cells):
            raise BadData(
                f"{called(source.path)} row 1 looks like data: {quote(column.name)} stands {again} times in its own "
                "column; say header=no, the columns are then called 1, 2, ..."
            )


def choose(
    source: Source, columns: Mapping[str, Column], kind: InputKind, options: Options, *, labelled: bool
) -> Roles:
    """Find the columns that the user did not name.

    Args:
        source: The table.
        columns: As `sample` gives them.
        kind: What an input column looks like.
        options: Checked `OPTIONS`.
        labelled: Whether a target is wanted.

    Raises:
        BadOption: If a named column is not there, or one is named for two things that exclude each other.
        BadData: If no column fits, or several do.
    """
    notes: list[str] = []
    group, time = (_named(source, str(options[key]), key) for key in ("group_on", "time_on"))
    targets = _named_columns(source, str(options["target"]), "target") if labelled else ()
    given = _named(source, str(options["input"]), "input")
    if given in (*targets, "") and given:
        raise BadOption(f"column {quote(given)} is both input and target: its own answer would be given away")
    if group and group in targets:
        raise BadOption(f"column {quote(group)} is both target and group_on: no group could be held out")
    taken = {*targets, group, time}
    found = given or _find_input(source, [c for c in columns.values() if c.name not in taken], kind, notes)
    if labelled and not targets:
        others = [column for column in columns.values() if column.name not in {found, group, time}]
        target, because = _find_target(source, others)
        return Roles(found, (target,), group, time, because, tuple(notes))
    return Roles(found, targets, group, time, "as asked", tuple(notes))


def choose_features(
    source: Source, columns: Mapping[str, Column], options: Options, wanted: Sequence[str] = (), *, labelled: bool
) -> Roles:
    """Find the target, as `choose` does, and take all other columns that do not only count the rows as inputs.

    Args:
        source: The table.
        columns: As `sample` gives them.
        options: Checked `OPTIONS`.
        wanted: The input columns, where they are known.
        labelled: Whether a target is wanted.

    Raises:
        BadOption: If a named column is not there, or one is named for two things that exclude each other.
        BadData: If no column is left for the target or the inputs, or several could be the target.
    """
    group, time = (_named(source, str(options[key]), key) for key in ("group_on", "time_on"))
    targets = _named_columns(source, str(options["target"]), "target") if labelled else ()
    left_out = _named_columns(source, str(options.get("leave_out", "")), "leave_out")
    given = tuple(_named(source, name, "input") for name in wanted)
    given = given or _named_columns(source, str(options["input"]), "input")
    both = [name for name in left_out if name in (*targets, *given)]
    if both:
        raise BadOption(f"column {quote(both[0])} is left out, and named as something else, too")
    both = [name for name in given if name in targets]
    if both:
        raise BadOption(f"column {quote(both[0])} is both input and target: its own answer would be given away")
    because = "as asked"
    if labelled and not targets:
        taken = {*given, *left_out, group, time}
        target, because = _find_target(source, [column for column in columns.values() if column.name not in taken])
        targets = (target,)
    others = [name for name in columns if name not in {*targets, *left_out, group, time}]
    features = given or tuple(name for name in others if name.lower() not in NUMBERING)
    if not features:
        raise BadData(
            f"{called(source.path)}: no column is left for the inputs; say --input with names and commas  columns: "
            f"{listed(source.columns)}"
        )
    counting = [] if given else [name for name in others if name.lower() in NUMBERING]
    notes = [f"left out, as they only count the rows: {listed(map(quote, counting))}"] if counting else []
    nested = [f"{quote(name)} ({what})" for name, what in source.nested.items() if name not in left_out]
    notes += [f"left out, as they hold more than single values: {', '.join(nested[:LISTED])}"] if nested else []
    return Roles("", targets, group, time, because, tuple(notes), features)


def _find_input(source: Source, columns: Sequence[Column], kind: InputKind, notes: list[str]) -> str:
    scores = {column.name: kind.score(column) for column in columns}
    fitting = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])
    likely = [name for name in fitting if name.lower() not in TARGETS]
    if not likely:
        raise BadData(
            f"{called(source.path)}: no column looks like {kind.words}; say --input COLUMN  columns: "
            f"{listed(source.columns)}"
        )
    by_name = [name for name in likely if name.lower() in kind.names]
    close = [name for name in likely if scores[name] >= CLOSE * scores[likely[0]]]
    if len(by_name) == 1:
        close = by_name
    if len(close) > 1:
        raise BadData(
            f"{called(source.path)}: {len(close)} columns look like {kind.words}; say --input with one of: "
            f"{listed(close)}"
        )
    because = "by its name" if by_name == close and len(likely) > 1 else kind.because
    notes.append(
        f"input: column {quote(close[0])}, {because if len(likely) > 1 else f'the only column of {kind.words}'}"
    )
    return close[0]


def _find_target(source: Source, columns: Sequence[Column]) -> tuple[str, str]:
    """Return the column and what speaks for it."""
    by_name = [column.name for column in columns if column.name.lower() in TARGETS]
    others = [column.name for column in columns if column.name.lower() not in NUMBERING]
    fitting, because = (by_name, "by its name") if by_name else (others, "the only one left")
    if not fitting:
        raise BadData(
            f"{called(source.path)}: no column is left for the target; say --target COLUMN  columns: "
            f"{listed(source.columns)}"
        )
    if len(fitting) > 1:
        raise BadData(
            f"{called(source.path)}: {len(fitting)} columns could be the target; say --target with one of: "
            f"{listed(fitting)}"
        )
    return fitting[0], because


def _named(source: Source, name: str, option: str) -> str:
    """Return the named column, or an empty string if none is named."""
    if name and name not in source.columns:
        raise _no_column(source.path, source.columns, name, option, "column")
    if name in source.nested:
        raise BadData(
            f"{called(source.path)}: column {quote(name)} holds {source.nested[name]}; {option} needs single values"
        )
    return name


def _named_columns(source: Source, names: str, option: str) -> tuple[str, ...]:
    """Return columns of a table that are named with commas between them, none of which is nested."""
    return tuple(_named(source, name, option) for name in named_columns(source.path, source.columns, names, option))


def named_columns(path: Path, columns: Sequence[str], names: str, option: str, what: str = "column") -> tuple[str, ...]:
    """Return columns that are named with commas between them, or the one whose name holds these commas.

    Args:
        path: Of the table.
        columns: Its columns, of which those are named.
        names: As the user said.
        option: What was said so.
        what: What these columns are called.

    Raises:
        BadOption: If one is not there, is named twice or missing between commas, or one column or several may be meant.
    """
    parts = in_parts(names)
    if names and names in columns:
        if len(parts) > 1 and set(parts) <= set(columns):
            raise BadOption(f"{option}={safe_text(names)} may be one column or {len(parts)}; rename some in the file")
        return (names,)
    if not all(parts):
        raise BadOption(f"{option}={safe_text(names)}: a name is missing between commas")
    for name in parts:
        if name not in columns:
            raise _no_column(path, columns, name, option, what)
    twice = [name for name in parts if parts.count(name) > 1]
    if twice:
        raise BadOption(f"{option}={safe_text(names)}: column {quote(twice[0])} is named twice")
    return parts


def in_parts(names: str) -> tuple[str, ...]:
    """Return what stands between commas; nothing where nothing was said."""
    return tuple(name.strip() for name in names.split(",")) if names else ()


def _no_column(path: Path, columns: Sequence[str], name: str, option: str, what: str) -> BadOption:
    near = nearest(name, map(safe_text, columns))
    return BadOption(f"{called(path)} has no {what} {quote(name)} for {option}{near}  {what}s: {listed(columns)}")


def quote(name: str) -> str:
    """Return the name of a column for a message."""
    return repr(safe_text(name, 60))


def listed(names: Iterable[str]) -> str:
    """Return names of columns for a message, the first few."""
    every = [safe_text(name, 40) for name in names]
    return ", ".join(every[:LISTED]) + (f", and {len(every) - LISTED} more" if len(every) > LISTED else "")
