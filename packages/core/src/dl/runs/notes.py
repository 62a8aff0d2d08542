"""Tags and a note of a run, a study or a workflow, which its reader adds: a file of its own beside those of the fit.

    runs/0003-mnist-convnet/notes.json    {"tags": ["kept"], "note": "the wide one", "seal": "..."}

A fit never writes it, so that a run can be tagged while it is made.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from dl import files, regular
from dl.errors import BadOption, DamagedRun
from dl.stored import from_sealed, seal_text

NOTES = "notes.json"  # in the folder of a run
LONGEST_TAG, MOST_TAGS, LONGEST_NOTE = 40, 50, 2_000
_TAG = re.compile(r"""[^\s\x00-\x1f\x7f,()<>=!~"']+""")


@dataclass(frozen=True)
class Notes:
    """What a reader keeps with a run.

    Args:
        tags: Words, sorted.
        note: A line of text.
    """

    tags: tuple[str, ...] = ()
    note: str = ""


def read_notes(folder: Path) -> Notes:
    """Read the tags and the note of a run; without a file it has none.

    Raises:
        BadRun: If the file is not as it was written.
    """
    path = folder / NOTES
    try:
        return from_sealed(regular.read_bytes(path), Notes)
    except FileNotFoundError:
        return Notes()
    except (OSError, ValueError) as error:
        raise DamagedRun(f"{path} is damaged: {error}; remove it, and tag the run again") from error


def add_tags(folder: Path, tags: Iterable[str]) -> Notes:
    """Add tags to those of a run.

    Raises:
        BadOption: If one is no word.
    """
    return _change(folder, lambda notes: Notes(_checked({*notes.tags, *tags}), notes.note))


def remove_tags(folder: Path, tags: Iterable[str]) -> Notes:
    """Remove tags of a run; one that it does not have is passed over."""
    return _change(folder, lambda notes: Notes(tuple(sorted({*notes.tags} - {*tags})), notes.note))


def write_note(folder: Path, note: str) -> Notes:
    """Replace the note of a run; an empty one removes it.

    Raises:
        BadOption: If it is longer than a note may be.
    """
    line = " ".join(note.split())
    if len(line) > LONGEST_NOTE:
        raise BadOption(f"the note has {len(line):,} characters; at most {LONGEST_NOTE:,} are kept")
    return _change(folder, lambda notes: Notes(notes.tags, line))


def _change(folder: Path, change: Callable[[Notes], Notes]) -> Notes:
    """Read, change and write the notes of a run under the lock of its folder."""
    with files.locked(folder):
        notes = change(read_notes(folder))
        files.write_text(folder / NOTES, seal_text(asdict(notes)))
    return notes


def _checked(tags: set[str]) -> tuple[str, ...]:
    for tag in tags:
        if not _TAG.fullmatch(tag) or len(tag) > LONGEST_TAG:
            raise BadOption(f"{tag!r} is no tag: one word of at most {LONGEST_TAG} characters, without , ( ) < > = ! ~")
    if len(tags) > MOST_TAGS:
        raise BadOption(f"a run takes at most {MOST_TAGS} tags")
    return tuple(sorted(tags))
