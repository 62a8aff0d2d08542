"""What `dl` alone tells: the data and the runs in this folder, and the commands to go on with.

Only names of files are looked at, and few of them, so that the answer comes at once in any folder; what data really
holds is told by ``dl show``.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote

from rich.text import Text

from dl import regular
from dl.cli.flags import DEFAULT_RUNS, usual_runs
from dl.cli.json_output import print_json
from dl.data.file_kinds import is_about
from dl.data.folders import SPLITS
from dl.terminal import console, plain
from dl.version import VERSION
from dl.words import many

IMAGES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
TABLES = (".csv", ".tsv", ".jsonl", ".parquet")
KINDS = {"image": IMAGES, "text": (".txt",), "table": TABLES}
FEWEST_TEXTS = 5  # of a class: a folder with fewer of them holds notes
MOST_FILES, MOST_FOLDERS = 20_000, 200  # looked at, in all
SHOWN = 4  # data sets; names of classes
MOST_COLUMNS = 8  # named of a table
LONGEST_HEADER = 64_000  # bytes


@dataclass(frozen=True)
class SeenData:
    """Data in a folder.

    Args:
        path: As it is typed.
        description: Of what its names tell, in one line.
        options: That its commands need.
    """

    path: str
    description: str
    options: str = ""

    @property
    def commands(self) -> list[str]:
        """The commands that look at it and fit it."""
        words = f"{quote(self.path)} {self.options}".rstrip()
        return [f"dl check {words}", f"dl fit {words}"]


class Glance:
    """Counts files by their suffixes, up to a number in all."""

    def __init__(self) -> None:
        self.left = MOST_FILES

    def kinds(self, folder: Path) -> Counter[str]:
        """Count the images, texts and tables of a folder itself."""
        found: Counter[str] = Counter()
        for entry in self._entries(folder):
            lower = entry.name.lower()
            if kind := next((kind for kind, ends in KINDS.items() if lower.endswith(ends)), ""):
                found[kind] += not is_about(lower) and _is_file(entry)
        return found

    def folders(self, folder: Path) -> list[Path]:
        """Return the folders in a folder, in order, without hidden ones."""
        names = sorted(entry.name for entry in self._entries(folder) if _is_folder(entry))
        return [folder / name for name in names[:MOST_FOLDERS] if not name.startswith((".", "__"))]

    def _entries(self, folder: Path) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    self.left -= 1
                    if self.left < 0:
                        return
                    yield entry
        except OSError:
            return

    def by_class(self, folder: Path) -> tuple[str, dict[str, int]]:
        """Return the kind of the files by class, and their number in each class; of a folder with splits, together.

        The kind is empty where the folders in a folder hold no such files.
        """
        inner = self.folders(folder)
        parts = [one for one in inner if one.name.lower() in SPLITS]
        classes = [one for part in parts for one in self.folders(part)] if parts else inner
        counts = {kind: Counter[str]() for kind in ("image", "text")}
        for one in classes:
            for kind, count in self.kinds(one).items():
                if kind in counts and count >= (FEWEST_TEXTS if kind == "text" else 1):
                    counts[kind][one.name] += count
        kind = max(counts, key=lambda kind: counts[kind].total())
        return (kind, dict(counts[kind])) if len(counts[kind]) > 1 else ("", {})


def look(folder: Path) -> list[SeenData]:
    """Return the data in a folder: the folder itself, tables in it, and folders in it."""
    glance = Glance()
    kind, counts = glance.by_class(folder)
    if kind:
        return [_described(".", kind, counts), *_tables(folder)]
    found = _tables(folder)
    if images := glance.kinds(folder)["image"]:
        found.append(SeenData(".", f"{many(images, 'image')}, not in folders of classes", "--task reconstruction"))
    for one in glance.folders(folder):
        kind, counts = glance.by_class(one)
        if kind:
            found.append(_described(one.name, kind, counts))
        else:
            found += [replace(table, path=f"{one.name}/{table.path}") for table in _tables(one)]
    return found


def _described(path: str, kind: str, counts: dict[str, int]) -> SeenData:
    names = sorted(counts)
    shown = ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
    return SeenData(path, f"{many(sum(counts.values()), kind)} in {len(names)} folders: {shown}")


def _tables(folder: Path) -> list[SeenData]:
    try:
        with os.scandir(folder) as entries:
            names = sorted(one.name for one, _ in zip(entries, range(MOST_FILES), strict=False) if _is_table(one))
    except OSError:
        return []
    return [_table(folder / name) for name in names]


def _table(path: Path) -> SeenData:
    """Describe a table by its header; the last column is taken for the target, as is usual, where there is one."""
    try:
        with regular.open_regular(path) as stream:
            first = stream.read(LONGEST_HEADER).decode("utf-8-sig").splitlines()[0]
        columns = next(csv.reader([first], delimiter="\t" if path.suffix.lower() == ".tsv" else ","))
    except (OSError, ValueError, IndexError, csv.Error):
        columns = []
    if path.suffix.lower() not in (".csv", ".tsv") or len(columns) < 2:
        return SeenData(path.name, "a table")
    first_ones, left_out = columns[:-1][: MOST_COLUMNS - 1], len(columns) > MOST_COLUMNS
    shown = ", ".join([*first_ones, *(["..."] if left_out else []), columns[-1]])
    return SeenData(path.name, f"a table of {shown}", f"--target {quote(columns[-1])}")


def _is_table(entry: os.DirEntry[str]) -> bool:
    return entry.name.lower().endswith(TABLES) and not entry.name.startswith(".") and _is_file(entry)


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir() and entry.name != DEFAULT_RUNS.name and not os.path.lexists(f"{entry.path}/pyvenv.cfg")
    except OSError:
        return False


def show_here(*, as_json: bool = False) -> None:
    """Print what lies in this folder, and the next commands."""
    from dl.errors import DLError

    found = look(Path())
    runs = usual_runs()
    try:
        lines, commands = _runs(runs)
    except (DLError, OSError):  # a folder of that name that holds no runs
        lines, commands = [], []
    if as_json:
        data = [{"path": one.path, "description": one.description, "commands": one.commands} for one in found]
        commands += [command for one in found[:1] for command in one.commands]
        print_json({"version": VERSION, "data": data, "runs": lines[0] if lines else "", "next": commands})
        return
    lines = [f"{_name(one.path)}: {one.description}" for one in found[:SHOWN]] + lines
    if len(found) > SHOWN:
        lines.insert(SHOWN, f"and {many(len(found) - SHOWN, 'more data set')}")
    commands += [command for one in found[:1] for command in one.commands]
    if not lines:
        lines = ["no data: folders of images or texts, one for each class, or a table (.csv, .tsv, .jsonl, .parquet)"]
    commands = commands or ["dl fit vision mnist", "dl ls datasets"]
    out = console()
    out.print(plain(f"dl {VERSION}: train networks by the universal workflow of deep learning", "bold"))
    for label, words in (("here", lines), ("next", [*commands, "dl --help"])):
        for number, line in enumerate(words):
            shown = plain(line, "bold" if label == "next" else "", longest=300)
            for at, part in enumerate([shown] if label == "next" else shown.wrap(out, max(out.width - 6, 20))):
                part.rstrip()
                out.print(Text.assemble((f"{'' if number or at else label:<6}", "dim"), part), soft_wrap=True)


def _name(path: str) -> str:
    return "this folder" if path == "." else path


def _runs(root: Path) -> tuple[list[str], list[str]]:
    """Describe the runs of a folder in a line, with the commands to go on with the newest."""
    from dl.cli.status import standing, standing_of_workflow
    from dl.runs.run import is_workflow, list_runs
    from dl.runs.workflow import read_workflow

    if not root.is_dir() or not (runs := list_runs(root)):
        return [], []
    newest = runs[-1]
    one = standing_of_workflow(read_workflow(newest.path)) if is_workflow(newest.path) else standing(newest)
    where = "" if root == DEFAULT_RUNS else f" in {root}"
    line = f"{many(len(runs), 'run')}{where}; the newest is {one.name}: {one.status}, {one.result}"
    return [line], [one.next or "dl report last"]
