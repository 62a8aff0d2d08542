"""The hooks of dl: everything that a plugin can add, on one screen.

A plugin is a module, or an object, with functions of these names marked by `dl.hookimpl`; its distribution names it
under the entry point group ``dl``. A hook returns values and does nothing else: it must not import torch, print, or
read files. The data set plugin `dl_mnist.plugin` is a good example.

Each plugin's hook is called separately, and its errors, output and changes are isolated from the others; pluggy marks
and checks hooks, but never calls them. So ``tryfirst``, ``trylast`` and ``firstresult`` have no effect, and a wrapper
(``hookimpl(wrapper=True)``) is refused, since there is no joint call to wrap. Of two specifications with one name, dl's
own stays, then that of the plugin whose name comes first; `render_report` is called plugin by plugin, third parties
first, until one has printed.

The hooks have one common version, `API`. A plugin may declare the version it needs: ``dl_api = 2``. A deprecated
hook or argument names its successor in its docstring and works until `OLDEST_API` passes its version; `dl plugins`
names the replacement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import pluggy

if TYPE_CHECKING:
    from rich.console import Console

    from dl.finding import Finding
    from dl.intervals import Estimate
    from dl.maps.example_map import ExampleMap as ExampleMap
    from dl.plugins.registry import Plugins
    from dl.runs.drift import Drift as Drift
    from dl.runs.drift import NewData
    from dl.runs.prospect import DataCheck as DataCheck  # also for the registry, which stands before the runs
    from dl.runs.prospect import Prospect
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

# 2: render_report takes `out` (was `console`) and `plugins`; register_sections (was report_sections);
#    `dl.domain.Domain.read` gets `options`, if it has an argument of that name
# 3: register_regularizers and register_loggers
# 4: register_tasks; `dl.regularizer.Regularizer.gradients`; build_report and build_comparison;
#    `dl.domain.Domain.from_memory`; check_data, compare_data and draw_map;
#    `dl.domain.Domain.prepare`
API = 4
OLDEST_API = 1

PROJECT = "dl"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class RunAnswer(Protocol):
    """The answer to one of the three questions of a verdict: skill, memorization, turn."""

    @property
    def question(self) -> str:
        """Which of the three."""

    @property
    def state(self) -> str:
        """For programs, as ``better``."""

    @property
    def severity(self) -> str:
        """``issue``, ``tip``, ``note`` or ``good``."""

    @property
    def message(self) -> str:
        """In words, without the interval."""

    @property
    def size(self) -> Estimate | None:
        """The lead, the gap or the change, with its interval."""


class RunReport(Protocol):
    """The report of a run from a plugin; its repr is the report as text."""

    @property
    def verdict(self) -> str:
        """The verdict, in one sentence."""

    @property
    def answers(self) -> Sequence[RunAnswer]:
        """Skill, memorization and turn; none before an epoch."""

    @property
    def findings(self) -> Sequence[Finding]:
        """The most severe first."""

    @property
    def scores(self) -> Mapping[str, Estimate]:
        """The headline metric at the best epoch, by set: ``val``, ``probe``, ``gap``, ...; none before an epoch."""

    def _repr_html_(self) -> str:
        """Return the HTML for a notebook."""


class RunComparison(Protocol):
    """The comparison of two runs from a plugin; its repr is the comparison as text."""

    @property
    def verdict(self) -> str:
        """The better of the two runs, in one sentence."""

    def _repr_html_(self) -> str:
        """Return the HTML for a notebook."""


@hookspec
def register_domains() -> Sequence[DomainSpec]:
    """Return kinds of input (images, text). Called once, at start. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_datasets() -> Sequence[DatasetSpec]:
    """Return data sets. Called once, at start; must not read the data. Example: `dl_mnist.plugin`."""
    return ()


@hookspec
def register_models() -> Sequence[ModelSpec]:
    """Return networks. Called once, at start; must not import torch. Example: `dl_vision.plugin`."""
    return ()


@hookspec
def register_tasks() -> Sequence[TaskSpec]:
    """Return rows of the task table. Called once, at start; must not import torch. Example: `dl.tasks.plugin`."""
    return ()


@hookspec
def register_regularizers() -> Sequence[RegularizerSpec]:
    """Return regularizers. Called once, at start; must not import torch.

    Example: `dl_regularizers.plugin`.
    """
    return ()


@hookspec
def register_loggers() -> Sequence[LoggerSpec]:
    """Return loggers. Called once, at start; must not import lightning. Example: `dl_loggers`."""
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
    """Return sections; the name of `register_sections` in API 1."""
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

    Called at the end of a fit, third-party plugins first; must not train or write. A plugin names the arguments that it
    uses. ``console`` is the name of ``out`` in API 1.
    Example: `dl_reports.plugin`.
    """


@hookspec
def build_report(run: Run, plugins: Plugins, ignore: Sequence[str]) -> RunReport | None:
    """Compute the report of a run for a program, or return None to leave it to the next plugin.

    Called by ``run.report()``, third-party plugins first; must not print, train or write. ``ignore`` holds finding
    codes to leave out. Example: `dl_reports.plugin`.
    """


@hookspec
def build_comparison(first: Run, second: Run, plugins: Plugins) -> RunComparison | None:
    """Compare two runs for a program, or return None to leave it to the next plugin.

    Called by ``dl.compare``, third-party plugins first; must not print, train or write.
    Example: `dl_reports.plugin`.
    """


@hookspec
def check_data(prospect: Prospect, plugins: Plugins, ignore: Sequence[str]) -> DataCheck | None:
    """Check the data of a fit that is not made, or return None to leave it to the next plugin.

    Called by ``dl.check``, third-party plugins first; must not print, train or write. ``ignore`` holds finding codes to
    leave out. Example: `dl_reports.plugin`.
    """


@hookspec
def compare_data(new: NewData, plugins: Plugins) -> Drift | None:
    """Compare new data with what a run has seen, or return None to leave it to the next plugin.

    Called by ``dl.check(..., against=run)``, third-party plugins first; must not print, train or write.
    Example: `dl_reports.plugin`.
    """


@hookspec
def draw_map(shown: ExampleMap) -> str | None:
    """Return the HTML page of a map of examples, or None to leave it to the next plugin.

    Called by ``dl show --map --html``, third-party plugins first; must not print, train or write.
    Example: `dl_reports.plugin`.
    """
