"""Choose the input, target, group and time columns of a table: as named by the user, or inferred.

Every inferred column is noted; where several columns fit, the error names them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dl.errors import BadData, BadOption, nearest
from dl.options import Options
from dl.tables.source import BadRows, Source
from dl.tables.stream import file_name
from dl.terminal import safe_text

SAMPLED = 1000  # rows that roles are inferred from
AGAIN, OFTEN = 2, 0.05  # count, and share of the rows, from which a header cell repeated in its column is data
LISTED = 12  # columns that a message names
CLOSE = 0.5  # share of the best score from which a second column makes the choice ambiguous
TARGETS = (
    *("label", "labels", "target", "targets", "class", "category", "categories", "sentiment", "y", "outcome"),
    *("rating", "score", "stars", "tag", "tags", "topic", "intent", "emotion", "spam", "polarity", "gold"),
)
NUMBERING = ("", "id", "ids", "idx", "index", "row", "unnamed: 0", "column 1")  # columns that only number the rows


@dataclass(frozen=True)
class Column:
    """The first rows of a column.

    Args:
        name: As in the file.
        cells: Its first non-empty cells.
    """

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class InputKind:
    """How a domain recognizes its input column.

    Args:
        words: Description of its cells, as ``paths of images``.
        because: Reason for choosing the column with the best score, as ``the longest text``.
        score: Rates a column; 0 if it cannot be the input.
        names: Common names of such a column, in lower case.
    """

    words: str
    because: str
    score: Callable[[Column], float]
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """The role of each column.

    Args:
        input: The input column; empty if there are several.
        targets: The target columns; empty for a prediction.
        group: The column of groups; empty if there is none.
        time: The column of times; empty if there is none.
        series: The column that names the series of a row; empty if rows are no steps of series.
        because: Reason for the choice of the targets.
        notes: Sentences on what else was inferred.
        features: The input columns, if there are several.
        asked: Whether the user, or a run, named them.
    """

    input: str
    targets: tuple[str, ...]
    group: str = ""
    time: str = ""
    because: str = ""
    notes: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    asked: bool = False
    series: str = ""

    @property
    def all(self) -> tuple[str, ...]:
        """Every column to read, without duplicates."""
        wanted = (self.input, *self.features, *self.targets, self.group, self.time, self.series)
        return tuple(dict.fromkeys(name for name in wanted if name))


def sample_columns(source: Source) -> dict[str, Column]:
    """Read the first rows of every column of single values.

    Raises:
        BadData: If there is no row.
    """
    names = [name for name in source.columns if name not in source.nested]
    sample_bad = BadRows(source.path, source.unit, skip=True)
    for batch in source.batches(names, sample_bad):
        some = {name: batch.cells[name].slice(0, SAMPLED).to_pylist() for name in names}
        found = {
            name: Column(name, tuple(cell for cell in cells if cell and cell.strip())) for name, cells in some.items()
        }
        if source.header:
            _refuse_data_as_header(source, found)
        return found
    if sample_bad.lines:
        raise BadData(f"{file_name(source.path)} has no row that can be read; the first: {sample_bad.lines[0]}")
    raise BadData(f"{file_name(source.path)} has a header but no rows: {list_names(source.columns)}")


def _refuse_data_as_header(source: Source, columns: Mapping[str, Column]) -> None:
    """Refuse a first row whose cells recur in their own columns: it is data, not a header.

    Raises:
        BadData: Naming the cell.
    """
    for column in columns.values():
        again = sum(cell.strip() == column.name for cell in column.cells)
        if again >= AGAIN and again >= OFTEN * len(column.cells):
            raise BadData(
                f"{file_name(source.path)} row 1 looks like data: {quote(column.name)} occurs {again} times in its own "
                "column; use header=no, which names the columns 1, 2, ..."
            )


def choose_columns(
    source: Source, columns: Mapping[str, Column], kind: InputKind, options: Options, *, labelled: bool
) -> Roles:
    """Choose the columns of a table with one input column; infer those that the user did not name.

    Args:
        source: The table.
        columns: As `sample_columns` returns them.
        kind: Recognizes the input column.
        options: Checked `OPTIONS`.
        labelled: Whether a target is needed.

    Raises:
        BadOption: If a named column does not exist, or is named for two roles that exclude each other.
        BadData: If no column fits a role, or several do.
    """
    notes: list[str] = []
    group, time = (_named(source, str(options[key]), key) for key in ("group_on", "time_on"))
    targets = _named_columns(source, str(options["target"]), "target") if labelled else ()
    given = _named(source, str(options["input"]), "input")
    if given in (*targets, "") and given:
        raise BadOption(f"column {quote(given)} is both input and target: the input would give the answer away")
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
    """Choose the target as `choose_columns` does; all other columns become inputs.

    Args:
        source: The table.
        columns: As `sample_columns` returns them.
        options: Checked `OPTIONS`.
        wanted: The input columns, if known.
        labelled: Whether a target is needed.

    Raises:
        BadOption: If a named column does not exist, or is named for two roles that exclude each other.
        BadData: If no column is left for the target or the inputs, or several could be the target.
    """
    group, time = (_named(source, str(options[key]), key) for key in ("group_on", "time_on"))
    targets = _named_columns(source, str(options["target"]), "target") if labelled else ()
    series = _named(source, str(options.get("sequence_on", "")), "sequence_on")
    left_out = _named_columns(source, str(options.get("leave_out", "")), "leave_out")
    given = tuple(_named(source, name, "input") for name in wanted)
    given = given or _named_columns(source, str(options["input"]), "input")
    both = [name for name in left_out if name in (*targets, *given)]
    if both:
        raise BadOption(f"column {quote(both[0])} is named by leave_out and also as input or target")
    both = [name for name in given if name in targets]
    if both:
        raise BadOption(f"column {quote(both[0])} is both input and target: the input would give the answer away")
    if series and series in (*targets, *given, time):
        raise BadOption(f"column {quote(series)} is named by sequence_on and also as input, target or time_on")
    because = "as asked"
    if labelled and not targets:
        taken = {*given, *left_out, group, time, series}
        target, because = _find_target(source, [column for column in columns.values() if column.name not in taken])
        targets = (target,)
    others = [name for name in columns if name not in {*targets, *left_out, group, time, series}]
    features = given or tuple(others)
    if not features:
        raise no_input(source.path, source.columns)
    nested = [f"{quote(name)} ({what})" for name, what in source.nested.items() if name not in left_out]
    notes = [f"left out, as they hold more than single values: {', '.join(nested[:LISTED])}"] if nested else []
    return Roles("", targets, group, time, because, tuple(notes), features, bool(given), series)


def no_input(path: Path, columns: Iterable[str]) -> BadData:
    """Return the error on a table of which no column can be an input."""
    return BadData(
        f"{file_name(path)}: no column is left for the inputs; pass --input with column names  columns: "
        f"{list_names(columns)}"
    )


def _find_input(source: Source, columns: Sequence[Column], kind: InputKind, notes: list[str]) -> str:
    scores = {column.name: kind.score(column) for column in columns}
    fitting = sorted((name for name in scores if scores[name] > 0), key=lambda name: -scores[name])
    likely = [name for name in fitting if name.lower() not in TARGETS]
    if not likely:
        raise BadData(
            f"{file_name(source.path)}: no column looks like {kind.words}; pass --input COLUMN  columns: "
            f"{list_names(source.columns)}"
        )
    by_name = [name for name in likely if name.lower() in kind.names]
    close = [name for name in likely if scores[name] >= CLOSE * scores[likely[0]]]
    if len(by_name) == 1:
        close = by_name
    if len(close) > 1:
        raise BadData(
            f"{file_name(source.path)}: {len(close)} columns look like {kind.words}; pass --input with one of: "
            f"{list_names(close)}"
        )
    because = "by its name" if by_name == close and len(likely) > 1 else kind.because
    notes.append(
        f"input: column {quote(close[0])}, {because if len(likely) > 1 else f'the only column of {kind.words}'}"
    )
    return close[0]


def _find_target(source: Source, columns: Sequence[Column]) -> tuple[str, str]:
    """Return the inferred target column and the reason."""
    by_name = [column.name for column in columns if column.name.lower() in TARGETS]
    others = [column.name for column in columns if column.name.lower() not in NUMBERING]
    fitting, because = (by_name, "by its name") if by_name else (others, "the only one left")
    if not fitting:
        raise BadData(
            f"{file_name(source.path)}: no column is left for the target; pass --target COLUMN  columns: "
            f"{list_names(source.columns)}"
        )
    if len(fitting) > 1:
        raise BadData(
            f"{file_name(source.path)}: {len(fitting)} columns could be the target; pass --target with one of: "
            f"{list_names(fitting)}"
        )
    return fitting[0], because


def _named(source: Source, name: str, option: str) -> str:
    """Return the named column after checking it; an empty string if none is named."""
    if name and name not in source.columns:
        raise _no_column(source.path, source.columns, name, option, "column")
    if name in source.nested:
        raise BadData(
            f"{file_name(source.path)}: column {quote(name)} holds {source.nested[name]}; {option} needs single values"
        )
    return name


def _named_columns(source: Source, names: str, option: str) -> tuple[str, ...]:
    """Return the columns named in a comma-separated list; none may be nested."""
    return tuple(_named(source, name, option) for name in named_columns(source.path, source.columns, names, option))


def named_columns(path: Path, columns: Sequence[str], names: str, option: str, what: str = "column") -> tuple[str, ...]:
    """Return the columns named in a comma-separated list, or the one column whose name contains these commas.

    Args:
        path: Of the table.
        columns: All columns of the table.
        names: As typed.
        option: The option they were typed for.
        what: The noun for these columns in messages.

    Raises:
        BadOption: If a name is unknown, duplicate or empty, or the list is ambiguous.
    """
    given = split_names(names)
    if names and names in columns:
        if len(given) > 1 and set(given) <= set(columns):
            raise BadOption(f"{option}={safe_text(names)} may be one column or {len(given)}; rename some in the file")
        return (names,)
    if not all(given):
        raise BadOption(f"{option}={safe_text(names)}: a name is missing between commas")
    for name in given:
        if name not in columns:
            raise _no_column(path, columns, name, option, what)
    twice = [name for name in given if given.count(name) > 1]
    if twice:
        raise BadOption(f"{option}={safe_text(names)}: column {quote(twice[0])} is named twice")
    return given


def split_names(names: str) -> tuple[str, ...]:
    """Split a comma-separated list; empty for an empty string."""
    return tuple(name.strip() for name in names.split(",")) if names else ()


def _no_column(path: Path, columns: Sequence[str], name: str, option: str, what: str) -> BadOption:
    near = nearest(name, map(safe_text, columns))
    return BadOption(
        f"{file_name(path)} has no {what} {quote(name)} for {option}{near}  {what}s: {list_names(columns)}"
    )


def quote(name: str) -> str:
    """Quote the name of a column for a message."""
    return repr(safe_text(name, 60))


def list_names(names: Iterable[str]) -> str:
    """List the first names for a message."""
    every = [safe_text(name, 40) for name in names]
    return ", ".join(every[:LISTED]) + (f", and {len(every) - LISTED} more" if len(every) > LISTED else "")
