"""The board from this machine to this machine: the standard library's server, on loopback, which only reads.

A request for the data reads again what has changed; reports and comparisons are made when they are asked for, and kept
until their run changes. Requests of other hosts, of other sites and of pages from elsewhere are refused.
"""

from __future__ import annotations

import io
import json
import threading
from collections import OrderedDict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from markupsafe import escape
from rich.console import Console

from dl.errors import CannotWrite, DLError
from dl.plugins.registered import registered
from dl.runs.run import Run
from dl.terminal import safe_text
from dl_reports.board import pages
from dl_reports.board.entries import Entries, Entry, Snapshot, script
from dl_reports.board.site import title_of

HOST = "127.0.0.1"
KEPT = 32  # pages of reports
LONG_LINE = 2_000  # characters: the page breaks its lines itself
PATIENCE = 30.0  # seconds for a request to arrive
HTML, SCRIPT, JSON = (f"{kind}; charset=utf-8" for kind in ("text/html", "text/javascript", "application/json"))
HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Board:
    """The answers of the server.

    Args:
        root: Folder of run folders.
    """

    def __init__(self, root: Path) -> None:
        self.title = title_of(root)
        self._entries = Entries(root)
        self._lock = threading.Lock()
        self._pages: OrderedDict[str, tuple[str, str]] = OrderedDict()  # by key: version of the row, page

    def answer(self, target: str) -> tuple[HTTPStatus, str, str]:
        """Answer a request: status, kind and content.

        Args:
            target: Path and query.
        """
        address = urlsplit(target)
        path, query = address.path, parse_qs(address.query)
        with self._lock:
            if path in ("/", "/index.html"):
                return HTTPStatus.OK, HTML, pages.page(self.title)
            if path == "/board.js":
                return HTTPStatus.OK, SCRIPT, pages.script()
            return self._answer_data(path, query, self._entries.read())

    def _answer_data(self, path: str, query: dict[str, list[str]], now: Snapshot) -> tuple[HTTPStatus, str, str]:
        if path == "/data/runs.js":
            return HTTPStatus.OK, SCRIPT, script("dlBoard", pages.content(now, self.title, None))
        if path == "/data/curves.js":
            return HTTPStatus.OK, SCRIPT, script("dlCurves", now.curves)
        if path == "/data/runs.json":
            if query.get("since") == [now.version]:
                return HTTPStatus.OK, JSON, "null"
            return HTTPStatus.OK, JSON, json.dumps(pages.content(now, self.title, None), allow_nan=False)
        by_key = {entry.key: entry for entry in now.entries}
        if path == "/compare":
            pair = [by_key.get(query.get(name, [""])[0]) for name in ("a", "b")]
            return HTTPStatus.OK, JSON, json.dumps(_compare(*pair))
        entry = next((one for one in now.entries if path == f"/{pages.report_file(one.key)}"), None)
        return self._report(entry) if entry else (HTTPStatus.NOT_FOUND, HTML, _plain_page("there is no such page"))

    def _report(self, entry: Entry) -> tuple[HTTPStatus, str, str]:
        version = json.dumps(entry.row)
        kept = self._pages.get(entry.key)
        if kept is None or kept[0] != version:
            try:
                kept = version, pages.build_page(entry)
            except DLError as error:
                return HTTPStatus.OK, HTML, _plain_page(str(error))
        self._pages[entry.key] = kept
        self._pages.move_to_end(entry.key)
        while len(self._pages) > KEPT:
            self._pages.popitem(last=False)
        return HTTPStatus.OK, HTML, kept[1]


def _plain_page(words: str) -> str:
    return f"<!doctype html><meta charset=utf-8><title>dl</title><p>{escape(safe_text(words, 2000))}</p>\n"


def _compare(first: Entry | None, second: Entry | None) -> dict[str, Any]:  # Any: JSON
    """Compare two runs in pairs, or say why that cannot be."""
    from dl_reports.compare import compare_runs, show_comparison  # here, so that the first page does not wait for it

    if first is None or second is None:
        return {"error": "there is no such run"}
    try:
        found = compare_runs(Run(first.path), Run(second.path), registered())
    except DLError as error:
        return {"error": safe_text(error, 2000)}
    stream = io.StringIO()
    show_comparison(found, Console(file=stream, width=LONG_LINE, color_system=None))
    return {"verdict": safe_text(found.verdict, LONG_LINE), "lines": stream.getvalue().splitlines()[1:]}


class Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD of this machine, and nothing else."""

    board: Board
    timeout = PATIENCE
    server_version, sys_version = "dl", ""

    def do_GET(self) -> None:
        """Answer with the content."""
        self._send(body=True)

    def do_HEAD(self) -> None:
        """Answer without the content."""
        self._send(body=False)

    def _send(self, *, body: bool) -> None:
        try:
            status, kind, text = self.board.answer(self.path) if self._is_ours() else _REFUSED
        except (DLError, OSError, ValueError) as error:  # ValueError: an address that is none
            status, kind, text = HTTPStatus.INTERNAL_SERVER_ERROR, HTML, _plain_page(str(error))
        content = text.encode("utf-8", errors="replace")
        self.send_response(status)
        for name, value in (HEADERS | {"Content-Type": kind, "Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _is_ours(self) -> bool:
        """Return whether a request names this server, and does not come from a page of another site."""
        port = self.connection.getsockname()[1]
        ours = self.headers.get("Host", "") in (f"{HOST}:{port}", f"localhost:{port}")
        came = self.headers.get("Sec-Fetch-Site", "none")
        return ours and (came in ("none", "same-origin") or self.headers.get("Sec-Fetch-Mode") == "navigate")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


_REFUSED = (HTTPStatus.FORBIDDEN, HTML, _plain_page("this board answers requests of its own pages alone"))


class Server(ThreadingHTTPServer):
    """Serves until it is shut down; a connection that breaks ends its thread without a word."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over clients that went away."""


def make_server(root: Path, port: int = 0) -> Server:
    """Make a server of a folder on loopback.

    Args:
        root: Folder of run folders.
        port: To listen on; 0 for any that is free.

    Raises:
        CannotWrite: If the port is taken or not allowed.
    """
    handler = type("BoardHandler", (Handler,), {"board": Board(root)})
    try:
        return Server((HOST, port), handler)
    except OSError as error:
        raise CannotWrite(
            f"port {port} cannot be used: {error.strerror}; take another, or none for a free one"
        ) from error


def address_of(server: Server) -> str:
    """Return the address to open."""
    return f"http://{HOST}:{server.server_address[1]}/"
