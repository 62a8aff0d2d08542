"""The gallery: real reports of eight fits that yield a finding each, and of one for each row of the decision table.

python reports/gallery/make.py             train all and write reports/gallery/<name>/
python reports/gallery/make.py flipped     only some
`README.md` beside this file lists them, with what each had to yield; it is written when all are made.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import replace
from pathlib import Path

from pieces import PIECES, SEED, Piece, Variants
from rich.console import Console
from rows import ROWS, Odd
from shot import to_svg

import dl
from dl.errors import TrainingFailed
from dl.plugins.loading import load_plugins
from dl.runs.run import Run
from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.render.html import to_html
from dl_reports.render.markdown import to_markdown
from dl_reports.render.terminal import print_report
from dl_reports.report import Report

GALLERY = Path(__file__).resolve().parent
RUNS = Path("runs")  # in a folder for each piece
WIDTH = 100  # columns of report.txt
SHOWN = "overfitted"  # the README shows its terminal report as a picture
LARGEST_PAGE = 400_000  # bytes
FORMS = (("text", "txt"), ("page", "html"), ("Markdown", "md"), ("JSON", "json"))
SHORT = FORMS[:2]  # of the rows
HEAD = "# The gallery\n\nReal reports, made by `python reports/gallery/make.py`."
OF_ROWS = "One fit for each row of [the decision table](../../docs/reports.md#the-verdict):"


def make(piece: Piece, runs: Path, gallery: Path = GALLERY) -> str:
    """Fit a piece unless its run is kept, write its report, and return what it yielded: a code, or its first sentence.

    Raises:
        AssertionError: If it yields something else.
    """
    place = (runs / piece.name).resolve()
    place.mkdir(parents=True, exist_ok=True)
    with chdir(place):  # so that a report names its run as a user would, and no folder of this machine
        if not any(RUNS.glob("0001-*")):
            fit(piece, RUNS)
        run = Run(next(RUNS.glob("0001-*")))
        report = build_report(run)
    found = [finding.code for finding in report.findings]
    yielded = [code for code in piece.code if code in found]
    assert yielded or not piece.code, (
        f"{piece.name} must yield {' or '.join(piece.code)}, but yields {', '.join(found)}"
    )
    assert piece.row in ("", report.verdict.row), f"{piece.name} is '{report.verdict.row}': {report.verdict.sentence}"
    write(piece, replace(report, header=replace(report.header, path=f"runs/{run.name}")), gallery / piece.name)
    print(f"{piece.name}: {report.verdict.row} (of {', '.join(found)})")
    return yielded[0] if yielded else report.verdict.sentence


def fit(piece: Piece, root: Path) -> None:
    """Train a piece, showing progress, and do to the run what is to be done after it."""
    if piece.fit:
        piece.fit(piece, root)
        return
    plugins, console = load_plugins(extra=[Variants(), Odd()]), Console(stderr=True)
    try:
        run = dl.fit(piece.domain, piece.data, plugins=plugins, runs=root, console=console, seed=SEED, **piece.options)
    except TrainingFailed as error:  # some are to fail
        console.print(str(error), markup=False)
    else:
        if piece.then:
            piece.then(run)


def write(piece: Piece, report: Report, folder: Path) -> None:
    """Write one report, in every form unless it is that of a row."""
    folder.mkdir(exist_ok=True, parents=True)
    page = to_html(report)
    assert len(page.encode()) <= LARGEST_PAGE, f"{piece.name}: the page has {len(page.encode()):,} bytes"
    with (folder / "report.txt").open("w", encoding="utf-8") as stream:
        print_report(report, Console(file=stream, width=WIDTH, no_color=True))
    (folder / "report.html").write_text(page, encoding="utf-8")
    if piece.row:
        return
    if piece.name == SHOWN:
        (folder / "report.svg").write_text(to_svg(report, WIDTH), encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.json").write_text(to_json(report), encoding="utf-8")


def index(yields: Mapping[str, str]) -> str:
    """Return the list of the gallery, as Markdown."""
    codes = [f"| {piece.description} | `{yields[piece.name]}` | {_links(piece)} |" for piece in PIECES]
    rows = [f"| {piece.row} | {piece.description} | {yields[piece.name]} | {_links(piece)} |" for piece in ROWS]
    first = [HEAD, "", "| fit | finding | report |", "| :-- | :-- | :-- |", *codes]
    return "\n".join(
        [*first, "", OF_ROWS, "", "| row | fit | sentence | report |", "| :-- | :-- | :-- | :-- |", *rows, ""]
    )


def _links(piece: Piece) -> str:
    return ", ".join(f"[{kind}]({piece.name}/report.{end})" for kind, end in (SHORT if piece.row else FORMS))


def main() -> None:
    """Make the pieces that were asked for, and print what each yields."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = (*PIECES, *ROWS)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(piece.name for piece in every))
    parser.add_argument("--runs", type=Path, help="keep the runs here, and use those that are there")
    chosen = parser.parse_args()
    wanted = [piece for piece in every if not chosen.names or piece.name in chosen.names]
    with tempfile.TemporaryDirectory() as scratch:
        yields = {piece.name: make(piece, chosen.runs or Path(scratch)) for piece in wanted}
    if len(yields) == len(every):
        (GALLERY / "README.md").write_text(index(yields), encoding="utf-8")


if __name__ == "__main__":
    main()
