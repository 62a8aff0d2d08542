"""Commit a run: replace `run.json` last, so that everything written before becomes visible at once.

What it lists no longer, or a crash left half done, is removed afterwards.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dl import files, regular, sealed
from dl.runs.manifest import Manifest, parse_manifest

WRITTEN = ("best-*.safetensors", "outcomes/*.npz", "heads/*/outcomes/*.npz")  # by dl alone


def commit(folder: Path, manifest: Manifest) -> Manifest:
    """Write `run.json` with the list of all files of the run, and return the manifest.

    Raises:
        CannotWrite: If it cannot be written; the run is as it was, and the next commit lists the same files.
    """
    if folder.parent.name == sealed.HEADS:  # it is listed by the run
        sealed.write(folder / sealed.RUN, manifest.to_json().encode())
        whole = folder.parent.parent
        commit(whole, _stored(whole))
        return manifest
    lines = sealed.waiting(folder)
    manifest = replace(manifest, files={name: str(seal) for name, seal in sorted(lines.items())})
    files.write_text(folder / sealed.RUN, manifest.to_json(sealed=True))
    sealed.forget(folder)
    _remove_others(folder, {folder / seal.file for seal in lines.values()})
    return manifest


def _remove_others(folder: Path, kept: set[Path]) -> None:
    """Remove files of dl that are listed no longer, and those that a crash left."""
    for pattern in WRITTEN:
        for path in folder.glob(pattern):
            if path not in kept:
                files.remove(path)


def remove_run(folder: Path) -> None:
    """Remove the folder of a run, with what was written into it and is not listed yet."""
    sealed.forget(folder)
    files.remove_folder(folder)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file of a committed run in its place, as a recipe, which others know by its path.

    Until it is done, both contents are listed, so that a crash leaves a file that is right.

    Raises:
        CannotWrite: If it cannot be written.
    """
    folder = sealed.folder_of(sealed.absolute(path))
    if folder is None:
        files.write_bytes(path, content)
        return
    manifest = _stored(folder)
    seal, following = sealed.seal_of(content, path.name), path.with_name(path.name + sealed.NEXT)
    sealed.note(following, seal)
    commit(folder, manifest)
    files.write_bytes(path, content)
    sealed.note(path, seal)
    sealed.drop(following)
    commit(folder, manifest)


def _stored(folder: Path) -> Manifest:
    return parse_manifest(regular.read_text(folder / sealed.RUN), str(folder / sealed.RUN))
