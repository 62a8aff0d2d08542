"""The board as a folder that opens without a server: a page, its script, data as scripts, and some reports."""

from __future__ import annotations

from pathlib import Path

from dl import files
from dl.errors import BadOption
from dl_reports.board import pages
from dl_reports.board.entries import Entries, Entry, Snapshot, script

NEWEST = 3  # reports that are written unless more are asked for: each takes about a tenth of a second
MARK = "board.js"  # a folder with it is that of a board


def write_site(root: Path, out: Path, most: int | None = NEWEST) -> tuple[Snapshot, int]:
    """Write the board of a folder, and return what it shows and the number of its reports.

    Args:
        root: Folder of run folders.
        out: A new or empty folder, or that of an earlier board, which is written anew.
        most: Whole reports to write, of the newest runs in the folder itself; None for those of all, also inside of
            studies.

    Raises:
        BadOption: If the folder holds something else.
        CannotWrite: If it cannot be written.
    """
    if out.exists() and not (out.is_dir() and ((out / MARK).exists() or not any(out.iterdir()))):
        raise BadOption(f"{str(out)!r} is not empty, and no board  take a new folder: --out site")
    snapshot, title = Entries(root).read(), title_of(root)
    for folder in (out, out / "data", out / pages.REPORTS):
        files.make_folder(folder)
    written = _write_reports(snapshot, out, most)
    files.write_text(out / "data/curves.js", script("dlCurves", snapshot.curves))
    files.write_text(out / "data/runs.js", script("dlBoard", pages.content(snapshot, title, written)))
    files.write_text(out / MARK, pages.script())
    files.write_text(out / "index.html", pages.page(title))
    for path in (out / pages.REPORTS).glob("*.html"):
        if f"{pages.REPORTS}/{path.name}" not in written.values():
            files.remove(path)
    return snapshot, len(written)


def title_of(root: Path) -> str:
    """Return the name of a folder of runs."""
    return root.resolve().name or str(root)


def _write_reports(snapshot: Snapshot, out: Path, most: int | None) -> dict[str, str]:
    """Write reports, and return where each lies, by the key of its entry."""
    written = {}
    for entry in _reported(snapshot, most):
        if (text := pages.try_page(entry)) is not None:
            written[entry.key] = pages.report_file(entry.key)
            files.write_text(out / written[entry.key], text)
    return written


def _reported(snapshot: Snapshot, most: int | None) -> list[Entry]:
    """Return the entries whose reports are written."""
    found = [entry for entry in snapshot.entries if entry.row["kind"] in pages.REPORTED]
    return found if most is None else [entry for entry in reversed(found) if not entry.row["inside"]][:most]
