"""Tell the files of a folder that are examples from those that lie beside them: a readme, a licence, a table of labels.

A suffix of the domain decides. Where such files are rare, the others are the examples, as mails without a suffix are.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from dl.terminal import safe_text
from dl.words import many

LITTER = {"thumbs.db", "desktop.ini", "__macosx"}
ABOUT = {  # names of files about a folder, without their suffix
    *("readme", "read_me", "license", "licence", "copying", "copyright", "notice", "authors", "credits", "citation"),
    *("changelog", "contributing", "attribution", "about"),
}
FOREIGN = (  # suffixes of what lies beside examples, unless there is nothing else
    *(".csv", ".tsv", ".json", ".jsonl", ".parquet", ".xlsx", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".db"),
    *(".py", ".ipynb", ".sh", ".pdf", ".docx", ".zip", ".gz", ".tar", ".npy", ".npz", ".pkl", ".pt", ".h5"),
    *(".png", ".jpg", ".jpeg", ".gif", ".bmp", ".tif", ".tiff", ".webp", ".svg", ".wav", ".mp3", ".mp4", ".avi"),
)
RARE = 10  # files of other suffixes for each wanted one, above which the others are the examples
GLANCED = 1000  # files seen to recognize the kind of a folder
NAMED = 5  # files in a note


def choose_kind(names: Sequence[str], suffixes: tuple[str, ...]) -> list[bool]:
    """Return which files below the class folders are examples.

    Args:
        names: Paths of the files.
        suffixes: Of the domain's files, in lower case.
    """
    lower = [os.path.basename(name).lower() for name in names]  # noqa: PTH119 - a million times, and the path is text
    about = [is_about(name) for name in lower]
    wanted = [name.endswith(suffixes) and not one for name, one in zip(lower, about, strict=True)]
    others = [not name.endswith((*suffixes, *FOREIGN)) and not one for name, one in zip(lower, about, strict=True)]
    kept = wanted if RARE * sum(wanted) > sum(others) else others
    called_so = [one and name.endswith(suffixes) for one, name in zip(about, lower, strict=True)]
    if sum(called_so) > sum(kept):  # the examples are readmes
        kept = [one or other for one, other in zip(kept, called_so, strict=True)]
    return kept if any(kept) else [True] * len(names)


def is_about(name: str) -> bool:
    """Return whether a file is called as one about its folder, as ``README.md``."""
    return name.lower().partition(".")[0] in ABOUT


def share_of_kind(root: Path, suffixes: tuple[str, ...]) -> float:
    """Return the share of files with these suffixes, among the first ones below the folders in a folder.

    Files of the folder itself count where there are none below.
    """
    below, beside = [0, 0], [0, 0]
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not _is_litter(name))
        for name in names:
            if not _is_litter(name) and not is_about(name):
                count = beside if folder == str(root) else below
                count[name.lower().endswith(suffixes)] += 1
        if sum(below) > GLANCED:
            break
    others, wanted = below if sum(below) else beside
    return wanted / (wanted + others) if wanted else 0.0


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in LITTER


def passed_over(names: Sequence[str]) -> tuple[str, ...]:
    """Return the note on files that are no examples, as ``2 files passed over: a.txt, b.json``; empty for none."""
    if not names:
        return ()
    shown = ", ".join(safe_text(name) for name in names[:NAMED]) + (", ..." if len(names) > NAMED else "")
    return (f"{many(len(names), 'file')} passed over: {shown}",)
