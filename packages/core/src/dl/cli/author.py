"""The verbs for authors of plugins: new plugin, and plugins check."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from dl.cli.flags import Json
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.testing.plugin import Checked

LONGEST = 2000  # characters of one answer


def add_to(app: typer.Typer) -> None:
    """Add the verb to the command line; `check` is added to the group of `dl.cli.extend`."""
    group = typer.Typer(rich_markup_mode=None, help=_NEW)
    group.command(name="plugin", help=_PLUGIN)(plugin)
    group.callback()(_nothing)
    app.add_typer(group, name="new")


def _nothing() -> None:
    """Keep ``plugin`` a word of its own, though it is the only one."""


_NEW = """Write the beginnings of something of your own: a plugin.

Example: dl new plugin waves --kind dataset
"""
_PLUGIN = """Write a plugin that works; then make it yours. It installs, passes its tests and registers what
runs.

Example: dl new plugin waves --kind dataset
"""


def plugin(
    name: Annotated[str, typer.Argument(help="Of the plugin, like waves; its distribution is called dl-waves.")],
    kind: Annotated[str, typer.Option(help="dataset, model, task, regularizer, check or domain.")] = "dataset",
    folder: Annotated[Path | None, typer.Option(help="Where to; dl-NAME here if left out.")] = None,
) -> None:
    """Write a new distribution."""
    from dl.packaging.scaffold import write_project

    project = write_project(name, kind, folder)
    out = console()
    for file in project.files:
        out.print(plain(f"wrote {project.folder / file}"), soft_wrap=True)
    here = shlex.quote(str(project.folder))
    for line in ("", f"dl install -e {here}", f"dl plugins check {project.name}", f"python -m pytest {here}"):
        out.print(plain(line), soft_wrap=True)


CHECK = """Ask of all that a plugin registered whether it holds. Shapes, ids, seeds, saving, evaluation, ...

Example: dl plugins check mnist

Exits with 1 if a rule does not hold. The same suites are in dl.testing, for tests.
"""


def check(
    name: Annotated[str, typer.Argument(help="Of a plugin, or of its distribution; see: dl plugins")],
    as_json: Json = False,
) -> int:
    """Run the suites on one plugin."""
    from dl.plugins.loading import inspect_plugins
    from dl.testing.plugin import check_plugin, plugins_named

    plugins = inspect_plugins()
    checked = (one for state in plugins_named(name, plugins) for one in check_plugin(state, plugins))
    found = list(checked if as_json else _shown(checked))
    broken = sum(one.result.state == "failed" for one in found)
    if as_json:
        print(json.dumps([one.as_dict() for one in found]))
    else:
        asked = [one for one in found if one.result.state != "not asked"]
        said = f"{broken} of {len(asked)} rules do not hold" if broken else f"all {len(asked)} rules hold"
        said += f"; {len(found) - len(asked)} could not be asked" if len(asked) < len(found) else ""
        console().print(plain(said, "bold red" if broken else "bold"))
    return 1 if broken else 0


def _shown(checked: Iterable[Checked]) -> Iterator[Checked]:
    """Print each answer as it comes."""
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
