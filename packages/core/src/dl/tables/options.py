"""Tables: a user's own CSV, TSV, JSON lines or Parquet file, compressed or not, as examples for any domain.

This file is what may be known without reading anything: which paths are tables, and what can be chosen about them. It
imports neither numpy nor pyarrow. Reading begins in `dl.tables.table`.
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
    Option("input", "", "of a table: the column that is looked at; empty finds it"),
    Option("target", "", "of a table: the column to predict, or several with commas; empty finds it"),
    Option(
        "target_as",
        "auto",
        "of a table: what the target is; none leaves the inputs alone",
        choices=("auto", "classes", "numbers", "labels", "none"),
    ),
    Option("separator", "", "of a table: what stands between the labels in a cell, as in a|b; empty finds it"),
    Option("group_on", "", "of a table: rows that agree in this column stay on one side of the split"),
    Option("time_on", "", "of a table: a column of times; the newest rows are held out"),
    Option("encoding", "utf-8", "of a table: how its text is written, as latin-1"),
    Option("header", True, "of a table: whether its first row names the columns; else they are called 1, 2, ..."),
    Option("quotes", "auto", "of a table: whether quotes hold cells together", choices=("auto", "none")),
    Option(
        "bad_rows", "stop", "rows of a table that cannot be used: stop, or skip and count", choices=("stop", "skip")
    ),
)
# Of the options of a run's data, those that say how inputs are read which it has never seen.
OF_RAW_INPUTS = ("input", "encoding", "header", "quotes", "bad_rows", "bad_files")


def is_table(path: Path) -> bool:
    """Return whether a path is called as a table is: reviews.csv, reviews.jsonl.gz, ..."""
    return suffix_of(path) in DELIMITED + JSON + PARQUET


def suffix_of(path: Path) -> str:
    """Return the suffix that says what a file holds, in small letters; that of a compression is passed over."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in COMPRESSED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def refuse_options(options: Mapping[str, object], data: str, what: str) -> None:
    """Refuse what was said about a table where there is none.

    Args:
        options: What was chosen.
        data: Of which data.
        what: What it is instead, as "a folder".

    Raises:
        BadOption: Naming the option.
    """
    for option in OPTIONS:
        if options.get(option.name, option.default) != option.default:
            raise BadOption(f"{option.name}= is for a table (.csv, .tsv, .jsonl, .parquet); {data!r} is {what}")
