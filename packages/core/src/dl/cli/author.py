"""The commands that write something to change: new plugin, new slurm; and plugins check."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from dl.cli.flags import Accelerator, Json
from dl.cli.json_output import print_json
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.testing.plugin import CheckedRule

LONGEST = 2000  # characters of one result


def add_to(app: typer.Typer) -> None:
    """Add ``new`` to the command line; `check` is added to the group of `dl.cli.extend`."""
    group = typer.Typer(rich_markup_mode=None, help=_NEW)
    group.command(name="plugin", help=_PLUGIN)(plugin)
    group.command(name="slurm", help=_SLURM, context_settings={"ignore_unknown_options": True})(slurm)
    app.add_typer(group, name="new")


_NEW = """Create a plugin project, or the job file of a cluster.

Example: dl new plugin waves --kind dataset
"""
_SLURM = """Create a job file with which SLURM fits on many devices, and goes on after each interruption.

Example: dl new slurm vision mnist epochs=30 --nodes 2 --devices 4

The words are those of dl fit. The job is told to stop before its time is up: it saves its state, is queued again, and
goes on. All machines need the same environment, and see the same folders.
"""
_PLUGIN = """Create a plugin project from a template. It installs, passes its tests and registers a working
example for you to change.

Example: dl new plugin waves --kind dataset
"""


def plugin(
    name: Annotated[str, typer.Argument(help="Name of the plugin, such as waves; its distribution is dl-waves.")],
    kind: Annotated[
        str, typer.Option(help="Template: dataset, model, task, regularizer, check or domain.")
    ] = "dataset",
    folder: Annotated[Path | None, typer.Option(help="Folder to create; dl-NAME if omitted.")] = None,
    as_json: Json = False,
) -> None:
    """Create a plugin project."""
    from dl.packaging.scaffold import write_project

    project = write_project(name, kind, folder)
    here = shlex.quote(str(project.folder))
    commands = (f"dl install -e {here}", f"dl plugins check {project.name}", f"python -m pytest {here}")
    _show_written([project.folder / file for file in project.files], commands, as_json=as_json)


def slurm(
    words: Annotated[list[str], typer.Argument(metavar="[WORD]...", help="Arguments of dl fit.")],
    nodes: Annotated[int, typer.Option(help="Number of machines.")] = 1,
    devices: Annotated[int, typer.Option(help="Devices of each machine.")] = 1,
    accelerator: Accelerator = "gpu",
    cpus: Annotated[int, typer.Option(help="Cores for each device.")] = 4,
    time: Annotated[str, typer.Option(help="Longest time of the job, as [DAYS-]HH:MM:SS.")] = "04:00:00",
    file: Annotated[Path, typer.Option(help="File to write.")] = Path("fit.sbatch"),
    as_json: Json = False,
) -> None:
    """Write a job file."""
    from dl.packaging.job import write_job

    path = write_job(words, file, nodes, devices, time, accelerator, cpus)
    _show_written([path], [f"sbatch {shlex.quote(str(path))}"], as_json=as_json)


def _show_written(paths: Sequence[Path], commands: Sequence[str], *, as_json: bool) -> None:
    """Print the files that were written, and the commands to go on with."""
    if as_json:
        print_json({"written": [str(path) for path in paths], "next": list(commands)})
        return
    out = console()
    for line in (*(f"wrote {path}" for path in paths), "", *commands):
        out.print(plain(line), soft_wrap=True)


CHECK = """Check a plugin against dl's rules. They test shapes, ids, seeds, saving, ...

Example: dl plugins check mnist
Example: dl plugins check my-reg --model vision/convnet --dataset mnist

Exit code 1 if a rule is broken. In the tests of your plugin, dl.testing runs the same rules.
"""


def check(
    name: Annotated[str, typer.Argument(help="Name of a plugin or its distribution; see: dl plugins")],
    model: Annotated[str, typer.Option(help="Model to test its regularizers with, such as convnet.")] = "",
    dataset: Annotated[str, typer.Option(help="Data set to test its models and regularizers on, such as mnist.")] = "",
    as_json: Json = False,
) -> int:
    """Run the conformance suites on one plugin."""
    from dl.plugins.loading import inspect_plugins
    from dl.testing.plugin import asked_on, check_plugin, plugins_named

    plugins = inspect_plugins()
    states, on = plugins_named(name, plugins), asked_on(plugins, model, dataset)
    checked = (one for state in states for one in check_plugin(state, plugins, on))
    found = list(checked if as_json else _shown(checked))
    failed = sum(one.result.state == "failed" for one in found)
    if as_json:
        print_json([one.as_dict() for one in found])
    else:
        tested = [one for one in found if one.result.state != "skipped"]
        summary = f"{failed} of {len(tested)} rules do not hold" if failed else f"all {len(tested)} rules hold"
        summary += f"; {len(found) - len(tested)} skipped" if len(tested) < len(found) else ""
        console().print(plain(summary, "bold red" if failed else "bold"))
    return 1 if failed else 0


def _shown(checked: Iterable[CheckedRule]) -> Iterator[CheckedRule]:
    """Print each result as it comes, and pass it on."""
    out = console()
    for one in checked:
        message = f": {one.result.message}" if one.result.message else ""
        line = f"{one.kind} {one.name}: {one.result.rule}{message}"
        style = {"ok": "", "failed": "bold red"}.get(one.result.state, "dim")
        state, answer = plain(f"{one.result.state:<9}", style), plain(line, style, LONGEST)
        if out.is_terminal:
            out.print(_beside(state, answer))
        else:  # a line each, for grep
            out.print(state, answer, soft_wrap=True)
        yield one


def _beside(state: Text, answer: Text) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(state, answer)
    return grid
