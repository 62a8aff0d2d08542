"""The options and arguments shared by several commands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from dl.errors import BadOption

Runs = Annotated[Path, typer.Option("--runs", envvar="DL_RUNS", help="Folder with the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Which = Annotated[str, typer.Argument(metavar="RUN", help="Number, name or path of a run, or 'last'.")]
DEFAULT_RUNS = Path("runs")
Input = Annotated[str, typer.Option("--input", help="Table: input column.", metavar="COLUMN")]
Target = Annotated[
    str, typer.Option("--target", help="Table: target column, or several, comma-separated.", metavar="COLUMN")
]
GroupOn = Annotated[
    str,
    typer.Option(
        "--group-on",
        help="Keep groups on one side of the split: rows with equal values here, or files of a folder by name.",
        metavar="COLUMN",
    ),
]
TimeOn = Annotated[
    str, typer.Option("--time-on", help="Table: hold out the newest rows by this column.", metavar="COLUMN")
]
DataDir = Annotated[
    str, typer.Option("--data-dir", help="Named data set: read its files from this folder.", metavar="FOLDER")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Table or text: encoding, such as latin-1.")]


def flag_meant(typed: Mapping[str, str], names: Collection[str]) -> str:
    """Return a hint if a flag was typed as ``key=value``, or an empty string.

    Args:
        typed: The options typed as ``key=value``.
        names: Names of options that are flags only.
    """
    for name in typed:
        if name in names:
            return f"{name}={typed[name]} is a flag here  type: --{name.replace('_', '-')} {quote(typed[name])}"
    return ""


def with_flags(typed: Mapping[str, str], flags: Mapping[str, str]) -> dict[str, str]:
    """Merge options given as flags into those typed as ``key=value``.

    Raises:
        BadOption: If an option is given in both forms.
    """
    given = {name: value for name, value in flags.items() if value}
    for name in given:
        if name in typed:
            flag = f"--{name.replace('_', '-')}"
            raise BadOption(f"{name!r} is given twice: {flag} {given[name]!r} and {name}={typed[name]!r}")
    return {**typed, **given}
