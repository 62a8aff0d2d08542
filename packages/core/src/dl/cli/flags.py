"""The flags and words that several verbs take."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from dl.errors import BadOption

Runs = Annotated[Path, typer.Option("--runs", envvar="DL_RUNS", help="Folder of run folders.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Which = Annotated[str, typer.Argument(metavar="RUN", help="A run: its number, name, path, or 'last'.")]
DEFAULT_RUNS = Path("runs")
Input = Annotated[str, typer.Option("--input", help="Of a table: the column that is looked at.", metavar="COLUMN")]
Target = Annotated[
    str, typer.Option("--target", help="Of a table: the column to predict, or several with commas.", metavar="COLUMN")
]
GroupOn = Annotated[
    str, typer.Option("--group-on", help="Of a table: keep rows that agree here on one side.", metavar="COLUMN")
]
TimeOn = Annotated[
    str, typer.Option("--time-on", help="Of a table: hold out the newest rows by this.", metavar="COLUMN")
]
DataDir = Annotated[
    str, typer.Option("--data-dir", help="Of a named data set: a folder that holds its files.", metavar="FOLDER")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Of a table: how its text is written, as latin-1.")]


def flag_meant(typed: Mapping[str, str], names: Collection[str]) -> str:
    """Return what to say where a flag is typed as ``key=value``, or an empty string.

    Args:
        typed: What was typed as ``key=value``.
        names: Flags that cannot be said so.
    """
    for name in typed:
        if name in names:
            return (
                f"{name}={typed[name]} is said with a flag here  type: --{name.replace('_', '-')} {quote(typed[name])}"
            )
    return ""


def with_flags(typed: Mapping[str, str], flags: Mapping[str, str]) -> dict[str, str]:
    """Add what was said with flags to what was said with ``key=value``.

    Raises:
        BadOption: If something is said in both ways.
    """
    said = {name: value for name, value in flags.items() if value}
    for name in said:
        if name in typed:
            flag = f"--{name.replace('_', '-')}"
            raise BadOption(f"{name!r} is given twice: {flag} {said[name]!r} and {name}={typed[name]!r}")
    return {**typed, **said}
