"""Missing paths: what is said of one that is not there, with the nearest name in its folder."""

from __future__ import annotations

import difflib
import os
import re
from pathlib import Path

from dl.terminal import safe_text

MOST = 10_000  # names in a folder that are looked at
ALIKE = 0.6  # how alike two names are, without what says their kind, from which one may be meant for the other
_SUFFIX = re.compile(r"[^.].*\.[A-Za-z][A-Za-z0-9]{0,7}")


def looks_like_file(name: str) -> bool:
    """Return whether a name ends as names of files do: wine.csv, book.txt, photo.jpeg; but not v1.5."""
    return _SUFFIX.fullmatch(name) is not None


def path_hint(path: Path) -> str:
    """Return ``"; did you mean 'wine.csv'?"``, or which folder is not there either; empty where nothing can be said."""
    folder = path.parent
    if not os.path.isdir(folder):  # noqa: PTH112 - a name that can be no path is no folder, and no error
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


def what_is_wrong(path: Path) -> str:
    """Return why a path that should be a file is none, for the end of a sentence."""
    return "no regular file" if os.path.exists(path) else f"not there{path_hint(path)}"  # noqa: PTH110 - as above
