"""The files of a run, each listed in `run.json` under its name with a checksum, its size and the file that holds it.

    "files": {"best.safetensors": "9f86d081... 1048 best-00003.safetensors", ...}

`write` never touches a file that is listed: it takes a free name beside it, and `dl.runs.commit` lists that by
replacing `run.json`. So what belongs together becomes visible at once. `read` finds the listing above a path and
compares the checksum. Where nothing is listed, as in runs of an earlier dl, a name is that of its file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dl import files, regular
from dl.errors import DamagedRun

RUN, HEADS = "run.json", "heads"
NEXT = "~"  # behind the name of a file that is about to be replaced in its place
HISTORY = "history.csv"  # its size is a number of rows, and its checksum theirs
INNER = ("folds", "trials", "fits")  # folders of runs in that of a run, which list their files themselves
DEEPEST = 5  # folders between a file of a run and the folder above that of the run
RESTORE = "restore it from a copy, or fit again"


class Seal(NamedTuple):
    """The line of a file.

    Args:
        sha256: Of its content, in hexadecimal digits.
        size: In bytes.
        file: Where it lies, relative to the folder of the run; before it is listed, its name.
    """

    sha256: str
    size: int
    file: str

    def __str__(self) -> str:
        return f"{self.sha256} {self.size} {self.file}"


_pending: dict[Path, Seal | None] = {}  # by path: written, or None if dropped, but not listed yet; files lie beside it
_known: dict[Path, tuple[tuple[int, int, int], dict[str, Seal]]] = {}  # by run folder: stamp of run.json, its listing


def seal_of(content: bytes, file: str) -> Seal:
    """Return the line of a content that lies in a file."""
    return Seal(hashlib.sha256(content).hexdigest(), len(content), file)


def parse(files_: Mapping[str, str]) -> dict[str, Seal]:
    """Read the lines of a listing.

    Raises:
        ValueError: If one is none.
    """
    found = {}
    for name, line in files_.items():
        digest, size, file = line.split(" ", 2)
        found[name] = Seal(digest, int(size), file)
        if ".." in Path(file).parts or Path(file).is_absolute():
            raise ValueError(f"{file!r} lies outside of the run")
    return found


def listed(folder: Path) -> dict[str, Seal]:
    """Return what the `run.json` of a folder lists; nothing where it lists nothing or cannot be read."""
    try:
        stamp = regular.stamp_of(folder / RUN)
        if folder not in _known or _known[folder][0] != stamp:
            content = json.loads(regular.read_bytes(folder / RUN))
            lines = content.get("files") if isinstance(content, dict) else None
            _known[folder] = stamp, parse(lines) if isinstance(lines, dict) else {}
        return _known[folder][1]
    except (OSError, ValueError, AttributeError, RecursionError):  # whoever reads the manifest names what is wrong
        return {}


def folder_of(path: Path) -> Path | None:
    """Return the folder of the run whose `run.json` lists a file; None for a file of no run."""
    folder = str(path)
    for _ in range(DEEPEST):  # in text: a list of a thousand runs asks for thousands of files
        above, folder = folder, os.path.dirname(folder)  # noqa: PTH120
        if folder == above:
            return None
        of_head = os.path.basename(os.path.dirname(folder)) == HEADS  # noqa: PTH119, PTH120
        if not of_head and os.path.exists(f"{folder}/{RUN}"):  # noqa: PTH110 - False for an impossible path
            return Path(folder)
    return None


def _find(path: Path) -> tuple[Path, str, Seal | None]:
    """Return the folder of the run, the name and the line of a file, given by its name or where it lies."""
    path = absolute(path)
    if path in _pending:
        return path.parent, path.name, _pending[path]
    folder = folder_of(path) or path.parent
    name, lines = path.relative_to(folder).as_posix(), listed(folder)
    if name in lines:
        return folder, name, lines[name]
    return next(((folder, key, seal) for key, seal in lines.items() if seal.file == name), (folder, name, None))


def absolute(path: Path) -> Path:
    """Return a path from the root, with its links."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` follows links


def place(path: Path) -> Path:
    """Return where the content of a name lies."""
    folder, _, seal = _find(path)
    return path if seal is None else folder / seal.file


def line(path: Path) -> Seal | None:
    """Return the line of a file; None if it is not listed, or written since."""
    return None if absolute(path) in _pending else _find(path)[2]


def exists(path: Path) -> bool:
    """Return whether a run has a file of a name; one that a crash left and that is not listed does not count."""
    folder, name, seal = _find(path)
    if seal is not None:
        return (folder / seal.file).is_file()
    return path.exists() and not (listed(folder) and name.endswith((".npz", ".safetensors", HISTORY)))


def read(path: Path) -> bytes:
    """Read a file of a run by its name, and verify it if it is listed.

    Raises:
        BadRun: If it has changed since it was written.
        OSError: If it cannot be read.
    """
    if path.name == RUN and path.parent.parent.name != HEADS:  # it lists the others, and has a checksum of its own
        return regular.read_bytes(path)
    folder, _, seal = _find(path)
    if seal is None or path.name == HISTORY or absolute(path) in _pending:
        return regular.read_bytes(place(path))
    content = regular.read_bytes(folder / seal.file)
    if (why := fault(content, seal)) and not _is_next(folder, seal, content):
        raise DamagedRun(f"{str(folder / seal.file)!r} is damaged: {why}; {RESTORE}")
    return content


def _is_next(folder: Path, seal: Seal, content: bytes) -> bool:
    """Return whether a content is the one that was about to replace the listed one in its place."""
    following = listed(folder).get(seal.file + NEXT)
    return following is not None and not fault(content, following)


def fault(content: bytes, seal: Seal) -> str:
    """Return why a content is not the one that was listed; empty if it is."""
    if len(content) != seal.size:
        return f"it has {len(content):,} bytes, and {seal.size:,} were written"
    same = hashlib.sha256(content).hexdigest() == seal.sha256
    return "" if same else "it is not what was written, its checksum differs"


def write(path: Path, content: bytes, tag: str = "") -> None:
    """Write a file of a run under a name; it is listed, in place of the one before, by the next commit of the run.

    Args:
        path: Its name, in the folder of the run.
        content: All of it.
        tag: Put behind the stem of the file that holds it, as the number of an epoch.

    Raises:
        CannotWrite: If it cannot be written; what is listed is unchanged.
    """
    path = absolute(path)
    folder = folder_of(path) or path.parent
    lines = listed(folder)
    seal = lines.get(path.relative_to(folder).as_posix())
    if seal is not None and (folder / seal.file).is_file() and not fault(content, seal):
        _pending.pop(path, None)
        return
    taken = {folder / one.file for one in lines.values()}
    first = path.with_name(f"{path.stem}-{tag}{path.suffix}") if tag else path
    free = next(one for one in _names(first) if one not in taken)
    files.write_bytes(free, content)
    _pending[path] = seal_of(content, free.name)


def _names(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1


def drop(path: Path) -> None:
    """List a file no longer from the next commit of the run on, which removes it."""
    _pending[absolute(path)] = None


def note(path: Path, seal: Seal) -> None:
    """List a line with the next commit of the run."""
    _pending[absolute(path)] = seal


def waiting(folder: Path) -> dict[str, Seal]:
    """Return the listing of a run as its next commit makes it."""
    folder = absolute(folder)
    lines: dict[str, Seal | None] = {**listed(folder)}
    for path, seal in _pending.items():
        if folder in path.parents and (name := path.relative_to(folder)).parts[0] not in INNER:
            lines[name.as_posix()] = seal and seal._replace(file=(name.parent / seal.file).as_posix())
    return {name: seal for name, seal in lines.items() if seal is not None}


def forget(folder: Path) -> None:
    """Forget what waits for a commit of a run: it is done, or the folder is removed."""
    folder = absolute(folder)
    for path in [path for path in _pending if folder in path.parents]:
        if path.relative_to(folder).parts[0] not in INNER:
            del _pending[path]
