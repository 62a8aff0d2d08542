"""The options of tables (CSV, TSV, JSON lines, Parquet, compressed or not), and which paths are tables.

This module reads nothing and imports neither numpy nor pyarrow. Reading begins in `dl.tables.table`.
"""

from collections.abc import Mapping
from pathlib import Path

from dl.errors import BadOption
from dl.options import Option

COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
DELIMITED = (".csv", ".tsv", ".tab")
JSON = (".jsonl", ".ndjson", ".json")
PARQUET = (".parquet", ".pq")

OPTIONS = (
    Option("input", "", "table: input column; empty infers it"),
    Option("target", "", "table: target column, or several separated by commas; empty infers it"),
    Option(
        "target_as",
        "auto",
        "table: read the target as classes, numbers, labels or text; none: use the inputs alone",
        choices=("auto", "classes", "numbers", "labels", "text", "none"),
    ),
    Option("separator", "", "table: separator of the labels in a cell, as | in a|b; empty infers it"),
    Option("group_on", "", "column of groups, which are not split; of a folder: name, stem or name:REGEX"),
    Option("time_on", "", "table: column of times; the newest rows are held out"),
    Option("encoding", "utf-8", "table: text encoding, as latin-1"),
    Option("header", True, "table: take column names from the first row; otherwise name them 1, 2, ..."),
    Option("quotes", "auto", "table: none reads quotes as plain characters", choices=("auto", "none")),
    Option("bad_rows", "stop", "table: at an unusable row, stop, or skip and count it", choices=("stop", "skip")),
)
# The data options of a run that also apply to the raw inputs of a prediction.
OF_RAW_INPUTS = ("input", "encoding", "header", "quotes", "bad_rows", "bad_files")


def is_table(path: Path) -> bool:
    """Return whether a path has the suffix of a table: reviews.csv, reviews.jsonl.gz, ..."""
    return suffix_of(path) in DELIMITED + JSON + PARQUET


def suffix_of(path: Path) -> str:
    """Return the suffix of a file's format in lower case, ignoring that of a compression."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def refuse_options(options: Mapping[str, object], data: str, what: str) -> None:
    """Refuse table options for data that is not a table.

    Args:
        options: As chosen.
        data: Name of the data.
        what: What the data is instead, as "a folder".

    Raises:
        BadOption: Naming the option.
    """
    for option in OPTIONS:
        if options.get(option.name, option.default) != option.default:
            other = "; its files are grouped by group_on=name, stem or name:REGEX" if option.name == "group_on" else ""
            raise BadOption(f"{option.name}= is for a table (.csv, .tsv, .jsonl, .parquet); {data!r} is {what}{other}")
