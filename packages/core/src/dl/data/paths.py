"""Paths to print and keep; hints for missing ones: the nearest name in the folder, or the parent that is missing."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from dl.terminal import safe_text

MOST = 10_000  # names in a folder that are compared
ALIKE = 0.6  # similarity of two names without suffix from which one may be a typo of the other
_SUFFIX = re.compile(r"[^.].*\.[A-Za-z][A-Za-z0-9]{0,7}")


def looks_like_file(name: str) -> bool:
    """Return whether a name has the suffix of a file: wine.csv, book.txt, photo.jpeg; but not v1.5."""
    return _SUFFIX.fullmatch(name) is not None


def whole_path(path: Path) -> Path:
    """Return the absolute path without ``..`` in it, where that is the same file: a symbolic link may lie between."""
    full = path.absolute()
    plain = Path(os.path.normpath(full))
    try:
        return plain if plain.samefile(full) else full
    except OSError:  # there is no such file
        return full


def path_hint(path: Path) -> str:
    """Return ``"; did you mean 'wine.csv'?"``, or name the parent folder that is missing; empty without a hint."""
    folder = path.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - False for an impossible path, where Path raises
        while folder.parent != folder and not os.path.isdir(folder.parent):  # noqa: PTH112 - as above
            folder = folder.parent
        is_file = os.path.exists(folder)  # noqa: PTH110 - as above
        return f"; {safe_text(folder)!r} is a file" if is_file else f"; there is no folder {safe_text(folder)!r}"
    try:
        names = sorted(entry.name for entry in folder.iterdir())[:MOST]
    except OSError:
        return ""
    by_stem: dict[str, str] = {}
    for name in names:
        by_stem.setdefault(Path(name).stem.casefold(), name)
    found = difflib.get_close_matches(path.stem.casefold(), by_stem, n=1, cutoff=ALIKE)
    return f"; did you mean {safe_text(path.with_name(by_stem[found[0]]))!r}?" if found else ""


def explain_missing(path: Path) -> str:
    """Return why a path is not a file, as the end of a sentence."""
    if os.path.islink(path) and not os.path.exists(path):  # noqa: PTH110, PTH114 - as above
        return "a link that leads nowhere"
    return "no regular file" if os.path.exists(path) else f"not there{path_hint(path)}"  # noqa: PTH110 - as above
