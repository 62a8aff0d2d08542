"""The verbs report, explain and compare. Nothing heavy is imported before one of them is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dl.cli.flags import DEFAULT_RUNS, Runs, Which
from dl.errors import BadOption, nearest
from dl.plugins.registered import registered
from dl.terminal import console

if TYPE_CHECKING:
    from dl.runs.run import Run
    from dl_reports.report import Report

Json = Annotated[bool, typer.Option("--json", help="Print JSON that follows the published schema.")]
FAIL_ON = ("issue", "tip")

REPORT = """Report whether a run overfits, since when, and what to do.

Example: dl report last

Of a workflow it is one page with all stages, to be checked and signed.

With --fail-on issue, exit with code 1 on an issue; with --fail-on tip, on an issue or a tip.
"""


def report(
    run: Which = "last",
    runs: Runs = DEFAULT_RUNS,
    as_json: Json = False,
    as_md: Annotated[bool, typer.Option("--md", help="Print Markdown, for a pull request.")] = False,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page.")] = None,
    ignore: Annotated[
        list[str] | None,
        typer.Option("--ignore", metavar="CODE", help="Leave out findings with this code; repeatable."),
    ] = None,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="LEVEL", help="Lowest level for exit code 1: issue or tip.")
    ] = "",
    watch: Annotated[bool, typer.Option("--watch", help="Watch a fit that is still running.")] = False,
) -> int:
    """Compute the report and show it."""
    if fail_on and fail_on not in FAIL_ON:
        raise BadOption(f"--fail-on {fail_on!r}: expected issue or tip{nearest(fail_on, FAIL_ON)}")
    if as_json and as_md:
        raise BadOption("--json and --md both print to the screen; choose one")
    from dl.runs.run import is_workflow, open_any, open_run
    from dl_reports.build import build_report

    if is_workflow((found := open_any(run, runs)).path):
        return _show_workflow(found.path, as_json=as_json, as_md=as_md, html=html, fail_on=fail_on)
    opened = open_run(run, runs)
    if watch:
        opened = _follow(opened, ignore or [])
    built = build_report(opened, ignore or [], registered())
    _show(built, as_json=as_json, as_md=as_md, html=html)
    return _exit_code(built, fail_on)


def _show_workflow(path: Path, *, as_json: bool, as_md: bool, html: Path | None, fail_on: str) -> int:
    """Show the sheet of a workflow; return 1 if its verdict is at or above the level."""
    from dl.runs.workflow import read_workflow
    from dl_reports.sheet import build_sheet

    sheet = build_sheet(read_workflow(path), registered())
    if html is not None:
        from dl.files import write_text
        from dl_reports.render.sheet import sheet_to_html

        write_text(html, sheet_to_html(sheet))
        console(stderr=True).print(f"wrote {html}", soft_wrap=True)
    if as_json:
        from dl_reports.as_json import to_json

        print(to_json(sheet), end="")
    elif as_md:
        from dl_reports.render.sheet import sheet_to_markdown

        print(sheet_to_markdown(sheet), end="")
    elif html is None:
        from dl_reports.render.sheet import print_sheet

        print_sheet(sheet, console())
    return int(bool(fail_on) and sheet.severity in FAIL_ON[: FAIL_ON.index(fail_on) + 1])


def _show(built: Report, *, as_json: bool, as_md: bool, html: Path | None) -> None:
    if html is not None:
        from dl.files import write_text
        from dl_reports.render.html import to_html

        write_text(html, to_html(built))
        console(stderr=True).print(f"wrote {html}", soft_wrap=True)
    if as_json:
        from dl_reports.as_json import to_json

        print(to_json(built), end="")
    elif as_md:
        from dl_reports.render.markdown import to_markdown

        print(to_markdown(built), end="")
    elif html is None:
        from dl_reports.render.terminal import print_report

        print_report(built, console())


def _exit_code(built: Report, fail_on: str) -> int:
    """Return 1 if a finding is at or above the level."""
    if not fail_on:
        return 0
    counted = FAIL_ON[: FAIL_ON.index(fail_on) + 1]
    return int(any(finding.severity in counted for finding in built.findings))


def _follow(run: Run, ignore: list[str]) -> Run:
    """Show the report again after every epoch until the fit ends; without a terminal, only its verdict."""
    from dl_reports.build import build_report
    from dl_reports.follow import follow, report_gone
    from dl_reports.render.terminal import print_report

    out = console()

    def show(now: Run) -> None:
        built = build_report(now, ignore, registered())
        if out.is_terminal:
            out.clear()
            print_report(built, out)
        else:
            console(stderr=True).print(f"epoch {len(now.history)}: {built.verdict.sentence}", soft_wrap=True)

    ended, gone = follow(run, show)
    if gone:
        report_gone(gone)
    return ended


EXPLAIN = """Explain a finding or a word of the report, with a picture.

Example: dl explain fit-overfit-loss

Example: dl explain gap

Example: dl explain learning rate

A word of several parts may be typed as it stands, or with hyphens. Without a word, all codes and words are listed.
"""


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CODE or WORD]", help="A finding code or a word; all are listed without one."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print the page of a code or a word, or the list of all."""
    from dl_reports.explain import list_all, show_page

    if words:
        show_page(" ".join(words), console(), as_json=as_json, plugins=registered())
    else:
        list_all(console(), as_json=as_json, plugins=registered())


COMPARE = """Compare two runs on the validation examples they share.

Example: dl compare 1 2
"""


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A run: its number, name, path, or 'last'.")],
    second: Annotated[str, typer.Argument(metavar="B", help="The run to compare A with.")],
    runs: Runs = DEFAULT_RUNS,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare two runs, with intervals and the smallest detectable difference."""
    from dl.runs.run import open_run
    from dl_reports.compare import compare_runs, show_comparison

    found = compare_runs(open_run(first, runs), open_run(second, runs), registered())
    show_comparison(found, console(), as_json=as_json)
