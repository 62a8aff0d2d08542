"""The options and arguments shared by several commands."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dl.errors import BadOption
from dl.options import split_pairs

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins
    from dl.recipes.recipe import Recipe

Runs = Annotated[Path, typer.Option("--runs", envvar="DL_RUNS", help="Folder with the runs.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Which = Annotated[str, typer.Argument(metavar="RUN", help="Number, name or path of a run, or 'last'.")]
DEFAULT_RUNS = Path("runs")


def usual_runs() -> Path:
    """Return the folder with the runs where no command names one."""
    return Path(os.environ.get("DL_RUNS") or DEFAULT_RUNS)


Input = Annotated[str, typer.Option("--input", help="Table: input column.", metavar="COLUMN")]
Target = Annotated[
    str, typer.Option("--target", help="Table: target column, or several, comma-separated.", metavar="COLUMN")
]
GroupOn = Annotated[
    str,
    typer.Option(
        "--group-on",
        help="Keep groups on one side of the split: rows with equal values here; of a folder name, stem or name:REGEX.",
        metavar="COLUMN",
    ),
]
TimeOn = Annotated[
    str, typer.Option("--time-on", help="Table: hold out the newest rows by this column.", metavar="COLUMN")
]
SequenceOn = Annotated[
    str, typer.Option("--sequence-on", help="Table: the series that a row is a step of.", metavar="COLUMN")
]
StratifyOn = Annotated[
    str,
    typer.Option(
        "--stratify-on",
        help="Balance both sides of the split: table column, or label. [classes]",
        metavar="COLUMN",
    ),
]
OnLeak = Annotated[
    str,
    typer.Option("--on-leak", help="Where the guards find a leak: stop, warn, or fix what has a remedy. [warn]"),
]
DataDir = Annotated[
    str, typer.Option("--data-dir", help="Named data set: read its files from this folder.", metavar="FOLDER")
]
Encoding = Annotated[str, typer.Option("--encoding", help="Table or text: encoding, such as latin-1.")]

DomainName = Annotated[
    str, typer.Argument(help="Domain, recognized if left out: vision, text, ...; see: dl ls domains")
]
Data = Annotated[str, typer.Argument(help="Name of a data set, or path to your own data.")]
Further = Annotated[list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Further options.")]
ModelName = Annotated[str, typer.Option("--model", help="Network to train, or FILE.py:FUNCTION; see: dl ls models")]
RecipeName = Annotated[str, typer.Option("--recipe", help="Recipe, by name or file; see: dl ls recipes")]
Rivals = Annotated[
    bool | None, typer.Option("--rivals/--no-rivals", help="Fit cheap learners beside the network, to compare it with.")
]
Reg = Annotated[
    list[str] | None,
    typer.Option("--reg", help="Add a regularizer: dropout=0.5, l2=1e-4, ...; repeatable.", metavar="NAME=VALUE"),
]
TaskName = Annotated[str, typer.Option("--task", help="Task; see: dl ls tasks. Inferred from the target if omitted.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed of the split, the weights and the batches.")]
Accelerator = Annotated[str, typer.Option("--accelerator", help="Hardware: auto, cpu, gpu, ...")]
MaxTime = Annotated[
    str, typer.Option("--max-time", help="End after this time, with a report: 20m, 1h30m, 90s.", metavar="TIME")
]
Notify = Annotated[
    str, typer.Option("--notify", help="At the end, post the verdict as JSON to this address.", metavar="URL")
]
Detach = Annotated[bool, typer.Option("--detach", help="Go on without this terminal; see: dl status, dl stop.")]
Bell = Annotated[bool, typer.Option("--bell", help="At the end, ring the bell of the terminal.")]
Precision = Annotated[str, typer.Option("--precision", help="Number format: auto, 32-true, bf16-mixed, 16-mixed, ...")]

# Options that are flags only; a model may still have an option of such a name.
FLAGS = frozenset(
    (
        "accelerator",
        "bell",
        "detach",
        "devices",
        "logger",
        "max_time",
        "model",
        "notify",
        "num_nodes",
        "precision",
        "recipe",
        "reg",
        "runs",
        "seed",
        "strategy",
        "task",
    )
)


def typed_choices(
    words: tuple[str, str], options: Sequence[str] | None, flags: Mapping[str, str]
) -> tuple[str, str, dict[str, str]]:
    """Sort the words of a command into the domain, the data and the options, those given as flags among them.

    Args:
        words: The first two arguments; one of the form ``key=value`` is an option.
        options: The further arguments.
        flags: Options given as flags, empty if omitted.

    Raises:
        BadOption: If an option is given twice, or is none.
    """
    pairs = [word for word in words if "=" in word] + list(options or [])
    domain, data = ("" if "=" in word else word for word in words)
    return domain, data, with_flags(split_pairs(pairs), flags)


def resolve_typed(plugins: Plugins, domain: str, data: str, typed: Mapping[str, str], **chosen: Any) -> Recipe:
    """Resolve what was typed, with a hint where a flag was typed as ``key=value``. Any: arguments of `resolve`.

    Raises:
        BadOption: As `resolve`.
    """
    from dl.recipes.resolve import resolve

    with hinting_at_flags(typed):
        return resolve(plugins, domain, data, options=typed, **chosen)


@contextmanager
def hinting_at_flags(typed: Mapping[str, str]) -> Iterator[None]:
    """Inside this context name the flag that was typed as ``key=value`` where an option is refused.

    Raises:
        BadOption: With the hint, in place of another one.
    """
    try:
        yield
    except BadOption as error:
        if meant := flag_meant(typed, FLAGS):
            raise BadOption(meant) from error
        raise


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
