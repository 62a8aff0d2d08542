"""The files of the board besides its data: the page, its script, and the report of an entry."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

from dl.errors import BadRun, DLError
from dl.plugins.registered import registered
from dl.runs.overview import UNREADABLE
from dl.runs.run import Run
from dl.runs.workflow import read_workflow
from dl_reports.board.entries import Entry, Json, Snapshot
from dl_reports.render.html import make_environment, packaged, to_html

POLICY = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'"
REPORTED = ("fit", "cv", "workflow")  # kinds with a report or a sheet of their own
REPORTS = "reports"  # their folder


@cache
def page(title: str) -> str:
    """Return the page: style and places, which its script fills.

    Args:
        title: Name of the folder.
    """
    style = Markup(packaged("board.css"))
    template = make_environment().from_string(packaged("board.html.j2"))
    return template.render(title=title, board_policy=POLICY, board_style=style)


def script() -> str:
    """Return the script of the page."""
    return packaged("board.js")


def report_file(key: str) -> str:
    """Return the name of the report of an entry: no key has a tilde."""
    return f"{REPORTS}/{key.replace('/', '~')}.html"


def build_page(entry: Entry) -> str:
    """Return the report of a run, or the sheet of a workflow, as a page.

    Raises:
        DLError: If its files are damaged.
    """
    from dl_reports.build import build_report
    from dl_reports.render.sheet import sheet_to_html
    from dl_reports.sheet import build_sheet

    if entry.row["kind"] == "workflow":
        return sheet_to_html(build_sheet(read_workflow(entry.path), registered()))
    if entry.row["kind"] not in REPORTED:
        reason = f"{entry.row['name']} has no report of its own; its fits have"
        raise BadRun(entry.row["result"] if entry.row["status"] == UNREADABLE else reason)
    return to_html(build_report(Run(entry.path), plugins=registered()))


def content(snapshot: Snapshot, title: str, reports: Json | None) -> Json:
    """Return what the page reads first.

    Args:
        snapshot: The folder.
        title: Its name.
        reports: Where the report of each entry lies, by its key; None where they are made when they are asked for.
    """
    links = {e.key: report_file(e.key) for e in snapshot.entries if e.row["kind"] in REPORTED}
    live = reports is None
    return {"title": title, "version": snapshot.version, "live": live, "rows": snapshot.rows} | {
        "reports": links if live else reports
    }


def try_page(entry: Entry) -> str | None:
    """Return the report of an entry; None where it cannot be made, as of a run that is damaged."""
    try:
        return build_page(entry)
    except DLError:
        return None
