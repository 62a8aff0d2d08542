"""The plugin of the reports: the report at the end of a fit, the checks, and the verbs of reports and studies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.specs import CheckSpec, CommandSpec, SectionSpec

if TYPE_CHECKING:
    from rich.console import Console

    from dl.maps.example_map import ExampleMap
    from dl.plugins.registry import Plugins
    from dl.runs.drift import Drift, NewData
    from dl.runs.prospect import DataCheck, Prospect
    from dl.runs.run import Run
    from dl_reports.facts import Facts
    from dl_reports.notebook import ShownComparison, ShownReport


@hookimpl
def register_checks() -> tuple[CheckSpec, ...]:
    """Register the checks of dl through the same hook as third parties."""
    from dl_reports.registry import own_checks

    return own_checks()


@hookimpl
def register_sections() -> tuple[SectionSpec, ...]:
    """Register the sections on the folds of a cross-validated run, and on a fit that went on from a run."""
    return (SectionSpec("folds", _folds), SectionSpec("going on", _going_on))


def _folds() -> Callable[[Facts], list[str]]:
    from dl_reports.folds import show_folds

    return show_folds


def _going_on() -> Callable[[Facts], list[str]]:
    from dl_reports.going_on import show_going_on

    return show_going_on


def _explained(_parameter: str) -> list[tuple[str, str]]:
    from dl_reports.explain import explained

    return explained()


@hookimpl
def register_commands() -> tuple[CommandSpec, ...]:
    """Register the verbs report, explain, compare and board, and the studies overfit and curve."""
    from dl_reports import commands, studies
    from dl_reports.board import command

    return (
        CommandSpec("report", commands.REPORT, commands.report),
        CommandSpec("explain", commands.EXPLAIN, commands.explain, _explained),
        CommandSpec("compare", commands.COMPARE, commands.compare),
        CommandSpec("board", command.BOARD, command.board),
        CommandSpec("overfit", studies.OVERFIT, studies.overfit),
        CommandSpec("curve", studies.CURVE, studies.curve),
    )


@hookimpl
def render_report(run: Run, out: Console, plugins: Plugins) -> bool:
    """Print the end of a fit: its report in brief."""
    from dl_reports import build
    from dl_reports.render.brief import print_brief

    print_brief(build.build_report(run, plugins=plugins), out)
    return True


@hookimpl
def build_report(run: Run, plugins: Plugins, ignore: Sequence[str]) -> ShownReport:
    """Compute the report of a run for a program."""
    from dl_reports import build
    from dl_reports.notebook import ShownReport

    return ShownReport(build.build_report(run, ignore, plugins))


@hookimpl
def build_comparison(first: Run, second: Run, plugins: Plugins) -> ShownComparison:
    """Compare two runs for a program."""
    from dl_reports.compare import compare_runs
    from dl_reports.notebook import ShownComparison

    return ShownComparison(compare_runs(first, second, plugins))


@hookimpl
def check_data(prospect: Prospect, plugins: Plugins, ignore: Sequence[str]) -> DataCheck:
    """Check the data of a fit that is not made."""
    from dl_reports.prospect import check_prospect

    return check_prospect(prospect, plugins, ignore)


@hookimpl
def compare_data(new: NewData, plugins: Plugins) -> Drift:
    """Compare new data with what a run has seen."""
    from dl_reports.drift import find_drift

    return find_drift(new, plugins)


@hookimpl
def draw_map(shown: ExampleMap) -> str:
    """Draw a map of examples as a page."""
    from dl_reports.render.map import map_to_html

    return map_to_html(shown)
