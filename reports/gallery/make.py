"""The gallery: real reports of eight fits, each of which must yield its own finding.

python reports/gallery/make.py             train all and write reports/gallery/<name>/
python reports/gallery/make.py flipped     only some
`README.md` beside this file lists them, with the finding each had to yield; it is written when all are made.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from shot import to_svg

import dl
from dl.data.examples import Dataset
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.runs.run import Run
from dl.specs import DatasetSpec
from dl_mnist import mnist
from dl_reports.as_json import to_json
from dl_reports.build import build_report
from dl_reports.render.html import to_html
from dl_reports.render.markdown import to_markdown
from dl_reports.render.terminal import print_report
from dl_reports.report import Report

GALLERY = Path(__file__).parent
WIDTH = 100  # columns of report.txt
SHOWN = "overfitted"  # the README shows its terminal report as a picture
LARGEST_PAGE = 400_000  # bytes
SEED = 0
VAL = 10_000  # validation digits of the variants
FLIPPED = 0.05
COPIES = 500
FORMS = (("text", "txt"), ("page", "html"), ("Markdown", "md"), ("JSON", "json"))


@dataclass(frozen=True)
class Piece:
    """One report of the gallery.

    Args:
        name: Of its folder.
        description: Data and network, in one line.
        code: Of the finding that it must yield; one of these suffices.
        data: Name of the data set.
        options: Of the fit.
    """

    name: str
    description: str
    code: tuple[str, ...]
    data: str = "mnist"
    options: Mapping[str, Any] = field(default_factory=dict)  # Any: what dl.fit takes


SMALL: Mapping[str, Any] = {"recipe": "book-dense", "epochs": 30}
PIECES = (
    Piece(
        "book-convnet", "the book's convnet on MNIST", ("fit-gap", "fit-memorized"), options={"recipe": "book-convnet"}
    ),
    Piece("book-dense", "the book's dense net on MNIST", ("fit-gap",), options={"recipe": "book-dense"}),
    Piece(
        "overfitted",
        "two layers of 512 on 1,000 digits, 30 epochs",
        ("fit-overfit-loss",),
        options={**SMALL, "depth": 2, "val": 59_000},
    ),
    Piece(
        "few",
        "two layers of 512 on 150 digits, 20 epochs, 40 for validation",
        ("fit-gap", "fit-no-better-than-baseline", "data-small-validation"),
        "mnist-few",
        {**SMALL, "epochs": 20, "depth": 2},
    ),
    Piece("shuffled", "5,000 digits with shuffled labels", ("fit-no-better-than-baseline",), "mnist-shuffled", SMALL),
    Piece(
        "flipped",
        "20,000 digits, 5 % of the labels wrong",
        ("data-mislabelled",),
        "mnist-flipped",
        {"recipe": "book-dense", "epochs": 10},
    ),
    Piece(
        "duplicates",
        f"{COPIES} training digits planted into the validation set",
        ("data-duplicates-across-split",),
        "mnist-duplicates",
        {"recipe": "book-dense", "epochs": 10},
    ),
    Piece(
        "learning-rate-1",
        "a learning rate of 1",
        ("health-lr-too-high", "health-exploding-gradients", "health-nan"),
        "mnist-small",
        {"recipe": "book-dense", "epochs": 10, "lr": 1.0},
    ),
)


def small(count: int) -> Dataset:
    """Take so many training digits of MNIST, and 10,000 others for validation."""
    full = mnist.load("mnist")
    order = np.random.default_rng(SEED).permutation(len(full.train))
    train, val = order[:count], order[count : count + VAL]
    return replace(full, train=full.train.take(train), val=full.train.take(val))


def few() -> Dataset:
    """Take 150 training digits, and 40 others for validation."""
    data = small(150)
    assert data.val is not None
    return replace(data, val=data.val.take(np.arange(40)))


def shuffled() -> Dataset:
    """Take 5,000 digits and permute their labels."""
    return _relabelled(small(5_000), lambda labels, draws: draws.permutation(labels))


def flipped() -> Dataset:
    """Take 20,000 digits and give one in twenty another label."""

    def flip(labels: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        wrong = draws.random(len(labels)) < FLIPPED
        return np.where(wrong, (labels + draws.integers(1, 10, len(labels))) % 10, labels)

    return _relabelled(small(20_000), flip)


def duplicates() -> Dataset:
    """Take 20,000 digits and plant 500 of them into the validation set as well."""
    data = small(20_000)
    assert data.val is not None
    inputs, targets = data.val.array.copy(), data.val.targets.copy()
    inputs[:COPIES], targets[:COPIES] = data.train.array[:COPIES], data.train.targets[:COPIES]
    return replace(data, val=replace(data.val, inputs=inputs, targets=targets))


def _relabelled(data: Dataset, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> Dataset:
    draws = np.random.default_rng(SEED)
    assert data.val is not None
    parts = [replace(part, targets=change(part.targets, draws)) for part in (data.train, data.val)]
    return replace(data, train=parts[0], val=parts[1])


VARIANTS: dict[str, tuple[str, Callable[[], Dataset]]] = {
    "mnist-small": ("1,000 training digits", lambda: small(1_000)),
    "mnist-few": ("150 training digits, 40 for validation", few),
    "mnist-shuffled": ("5,000 digits with shuffled labels", shuffled),
    "mnist-flipped": ("20,000 digits, 5 % of the labels wrong", flipped),
    "mnist-duplicates": ("20,000 digits, some of them in both parts", duplicates),
}


class Variants:
    """A plugin: MNIST spoiled in known ways."""

    @hookimpl
    def register_datasets(self) -> tuple[DatasetSpec, ...]:
        """Register a data set for each way to spoil MNIST."""
        return tuple(_spec(name, *variant) for name, variant in VARIANTS.items())


def _spec(name: str, description: str, make: Callable[[], Dataset]) -> DatasetSpec:
    return DatasetSpec(name, "vision", description, lambda _: replace(make(), name=name))


def make(piece: Piece, runs: Path) -> str:
    """Fit a piece unless its run is kept, write the report in every form, and return the code that it had to yield."""
    root = runs / piece.name
    fitted = sorted(root.glob("0001-*"))
    run = Run(fitted[0]) if fitted else fit(piece, root)
    assert run.manifest.status == "finished", f"{piece.name} is {run.manifest.status}; delete {run.path}"
    report = build_report(run)
    found = [finding.code for finding in report.findings]
    yielded = [code for code in piece.code if code in found]
    assert yielded, f"{piece.name} must yield {' or '.join(piece.code)}, but yields {', '.join(found)}"
    write(piece, replace(report, header=replace(report.header, path=f"runs/{run.name}")), GALLERY / piece.name)
    print(f"{piece.name}: {yielded[0]} (of {', '.join(found)})")
    return yielded[0]


def fit(piece: Piece, root: Path) -> Run:
    """Train a piece, showing progress."""
    plugins, console = load_plugins(extra=[Variants()]), Console(stderr=True)
    return dl.fit("vision", piece.data, plugins=plugins, runs=root, console=console, seed=SEED, **piece.options)


def write(piece: Piece, report: Report, folder: Path) -> None:
    """Write one report in every form."""
    folder.mkdir(exist_ok=True)
    page = to_html(report)
    assert len(page.encode()) <= LARGEST_PAGE, f"{piece.name}: the page has {len(page.encode()):,} bytes"
    with (folder / "report.txt").open("w", encoding="utf-8") as stream:
        print_report(report, Console(file=stream, width=WIDTH, no_color=True))
    if piece.name == SHOWN:
        (folder / "report.svg").write_text(to_svg(report, WIDTH), encoding="utf-8")
    (folder / "report.html").write_text(page, encoding="utf-8")
    (folder / "report.md").write_text(to_markdown(report), encoding="utf-8")
    (folder / "report.json").write_text(to_json(report), encoding="utf-8")


def index(yields: Mapping[str, str]) -> str:
    """Return the list of the gallery, as Markdown."""
    rows = [
        f"| {piece.description} | `{yields[piece.name]}` | "
        + ", ".join(f"[{kind}]({piece.name}/report.{end})" for kind, end in FORMS)
        + " |"
        for piece in PIECES
    ]
    head = "# The gallery\n\nReal reports, made by `python reports/gallery/make.py`; each fit yields its own finding.\n"
    return "\n".join([head, "| fit | finding | report |", "| :-- | :-- | :-- |", *rows]) + "\n"


def main() -> None:
    """Make the pieces that were asked for, and print the finding of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(piece.name for piece in PIECES))
    parser.add_argument("--runs", type=Path, help="keep the runs here, and use those that are there")
    chosen = parser.parse_args()
    wanted = [piece for piece in PIECES if not chosen.names or piece.name in chosen.names]
    with tempfile.TemporaryDirectory() as scratch:
        yields = {piece.name: make(piece, chosen.runs or Path(scratch)) for piece in wanted}
    if len(yields) == len(PIECES):
        (GALLERY / "README.md").write_text(index(yields), encoding="utf-8")


if __name__ == "__main__":
    main()
