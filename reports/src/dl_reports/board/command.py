"""The verb board: serve the page of a folder of runs, or write it as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dl.cli.flags import DEFAULT_RUNS, Json
from dl.cli.json_output import print_json
from dl.errors import BadOption, BadRun
from dl.terminal import console, plain
from dl.words import many

BOARD = """Look at all runs of a folder in the browser.

Example: dl board

Sort, filter, lay curves over each other, open reports and studies, compare two runs. The page is served to this machine
until Ctrl-C, and follows what changes.

With --out, one folder is written that opens without a server: index.html has a summary of every run, and the reports
of the newest three, or of as many as --reports says.
"""


def board(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Of the runs.", envvar="DL_RUNS")] = DEFAULT_RUNS,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="SITE", help="Write a folder instead of serving.")
    ] = None,
    reports: Annotated[
        str, typer.Option("--reports", metavar="N", help="With --out: reports of the N newest runs, or all.  [3]")
    ] = "",
    port: Annotated[int, typer.Option("--port", help="To listen on; 0 takes a free one.", min=0, max=65_535)] = 0,
    as_json: Json = False,
) -> None:
    """Serve the board of a folder, or write it."""
    from dl.runs.run import refuse_runs_file

    refuse_runs_file(folder)
    if not folder.is_dir():
        raise BadRun(f"there is no folder {str(folder)!r}  make a run: dl fit vision digits")
    if out is None:
        if reports:
            raise BadOption("--reports says how many --out writes; the server makes each when it is opened")
        _serve(folder, port, as_json=as_json)
        return
    from dl_reports.board.site import NEWEST, write_site

    snapshot, written = write_site(folder, out, _most(reports) if reports else NEWEST)
    if as_json:
        print_json({"path": str(out / "index.html"), "runs": len(snapshot.entries), "reports": written})
        return
    told = f"wrote {out / 'index.html'}: {many(len(snapshot.entries), 'run')}, {many(written, 'report')}"
    console(stderr=True).print(plain(told, longest=2000), soft_wrap=True)


def _most(reports: str) -> int | None:
    """Read how many reports are asked for; None for all."""
    if reports == "all":
        return None
    if not reports.isdecimal() or len(reports) > 9:
        raise BadOption(f"--reports {reports!r}: expected a number, or all")
    return int(reports)


def _serve(folder: Path, port: int, *, as_json: bool) -> None:
    from dl_reports.board.serve import address_of, make_server

    with make_server(folder, port) as server:
        address = str(address_of(server))
        if as_json:
            print_json({"url": address})
        else:
            print(address, flush=True)
        console(stderr=True).print(plain(f"the board of {folder}; Ctrl-C ends it"), soft_wrap=True)
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            return
