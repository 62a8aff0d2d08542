"""The hooks of dl: all that a plugin can add, on one screen.

A plugin is a module, or an object, with functions of these names marked by `dl.hookimpl`; its distribution names it
under the entry point group ``dl``. A hook returns values and does nothing else: it must not import torch, print, or
read files. The data set plugin `dl_mnist.plugin` is the example to copy.

The hooks together carry one version, `API`. A plugin may say which one it is written for: ``dl_api = 2``. A hook or an
argument that is old stays alive, with its successor in its docstring, until `OLDEST_API` passes it: a plugin that
uses it works, and `dl plugins` says what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from rich.console import Console

    from dl.plugins.registry import Plugins
    from dl.runs.run import Run
    from dl.specs import (
        CheckSpec,
        CommandSpec,
        DatasetSpec,
        DomainSpec,
        LoggerSpec,
        ModelSpec,
        RecipeSpec,
        RegularizerSpec,
        SectionSpec,
        TaskSpec,
    )

# 2: render_report is given `out` (was `console`) and `plugins`; register_sections (was report_sections);
#    `dl.domain.Domain.read` is given `options`, if it has an argument of that name
# 3: register_regularizers and register_loggers
# 4: register_tasks
API = 4
OLDEST_API = 1

PROJECT = "dl"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_domains() -> Sequence[DomainSpec]:
    """Return kinds of input (images, text). Called once, at start. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_datasets() -> Sequence[DatasetSpec]:
    """Return data sets that can be named. Called once, at start; must not read the data. Example: `dl_mnist.plugin`."""
    return ()


@hookspec
def register_models() -> Sequence[ModelSpec]:
    """Return networks that can be named. Called once, at start; must not import torch. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_tasks() -> Sequence[TaskSpec]:
    """Return rows of the task table. Called once, at start; must not import torch. Example: `dl.tasks.plugin`."""
    return ()


@hookspec
def register_regularizers() -> Sequence[RegularizerSpec]:
    """Return regularizers that can be named. Called once, at start; must not import torch.

    Example: `dl_regularizers.plugin`.
    """
    return ()


@hookspec
def register_loggers() -> Sequence[LoggerSpec]:
    """Return loggers that can be named. Called once, at start; must not import lightning. Example: `dl_loggers`."""
    return ()


@hookspec
def register_recipes() -> Sequence[RecipeSpec]:
    """Return named recipes. Called once, at start. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_checks() -> Sequence[CheckSpec]:
    """Return checks of a run, one finding code each. Called once, at start. Example: `dl_reports.plugin`."""
    return ()


@hookspec
def register_sections() -> Sequence[SectionSpec]:
    """Return sections that are added to every report. Called once, at start; must not read a run."""
    return ()


@hookspec(warn_on_impl=DeprecationWarning("the hook report_sections is called register_sections since API 2"))
def report_sections() -> Sequence[SectionSpec]:
    """Return sections; the name that `register_sections` had in API 1."""
    return ()


@hookspec
def register_commands() -> Sequence[CommandSpec]:
    """Return verbs of the command line. Called once, at start; must not import torch. Example: `dl_reports.plugin`."""
    return ()


@hookspec(
    warn_on_impl_args={
        "console": DeprecationWarning("the argument console of render_report is called out since API 2"),
    }
)
def render_report(run: Run, out: Console, plugins: Plugins, console: Console) -> bool | None:
    """Print the report of a run to ``out``, and return True, or None to leave it to the next plugin.

    Called when a fit has ended, third parties' plugins first; must not train or write. A plugin names the arguments it
    wants. ``console`` is what ``out`` was called in API 1: it hid the function `dl.terminal.console`.
    Example: `dl_reports.plugin`.
    """
