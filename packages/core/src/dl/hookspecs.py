"""The hooks of dl: all that a plugin can add, on one screen.

A plugin is a module, or an object, with functions of these names marked by `dl.hookimpl`; its distribution names it
under the entry point group ``dl``. A hook returns values and does nothing else: it must not import torch, print, or
read files. The data set plugin `dl_mnist.plugin` is the example to copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from rich.console import Console

    from dl.run import Run
    from dl.specs import CheckSpec, CommandSpec, DatasetSpec, DomainSpec, ModelSpec, RecipeSpec, SectionSpec

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
def register_recipes() -> Sequence[RecipeSpec]:
    """Return named recipes. Called once, at start. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_checks() -> Sequence[CheckSpec]:
    """Return checks of a run, one finding code each. Called once, at start. Example: `dl_reports.plugin`."""
    return ()


@hookspec
def report_sections() -> Sequence[SectionSpec]:
    """Return sections that are added to every report. Called once, at start; must not read a run."""
    return ()


@hookspec
def register_commands() -> Sequence[CommandSpec]:
    """Return verbs of the command line. Called once, at start; must not import torch. Example: `dl_reports.plugin`."""
    return ()


@hookspec(firstresult=True)
def render_report(run: Run, console: Console) -> bool | None:
    """Print the report of a run, and return True. Called when a fit has ended; must not train or write.

    Example: `dl_reports.plugin`.
    """
