"""Local plugins: every ``*.py`` in ``./dl_plugins``, once the user has trusted that folder.

A downloaded folder must not run code unasked. ``dl plugins trust`` records the folder's real path and a SHA-256 of each
file; a new or changed file needs trust again, while the others keep running. The hashed bytes are those that run: a
file is read once, and no compiled copy beside it is used.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import ModuleType

from dl import regular
from dl.errors import BadFile, UnknownName
from dl.plugins.discovery import FoundPlugin
from dl.stored import parse_json

FOLDER = "dl_plugins"
LARGEST = 1_000_000  # bytes; a plugin of one file is a page or two
VERSION = 1

Hashes = dict[str, str]  # of the files of one folder, by name


def local_plugins() -> list[FoundPlugin]:
    """Find the one-file plugins of the current folder; those that must not run have a reason in ``barred``."""
    folder = Path(FOLDER)
    try:
        names = _names(folder)
    except OSError:
        return []
    if not names:
        return []
    try:
        trusted: Mapping[str, str] = read_trusted().get(os.path.realpath(folder), {})
    except BadFile:
        trusted = {}
    return [_found(folder / name, trusted) for name in names]


def untrusted(plugins: Iterable[FoundPlugin]) -> list[str]:
    """Return a line about the plugins that are not trusted; an empty list if there are none."""
    names = [Path(one.path).name for one in plugins if one.barred]
    if not names:
        return []
    shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
    return [f"not run, since ./{FOLDER} is not trusted as it is now: {shown}  read them, then: dl plugins trust"]


def trust(folder: Path) -> Hashes:
    """Trust a folder as it is now; return the hashes of its files.

    Raises:
        UnknownName: If it holds no one-file plugin.
        BadFile: If the record of trusted folders, or a file of the folder, cannot be read.
        CannotWrite: If the record cannot be written.
    """
    hashes: Hashes = {}
    path = folder
    try:
        for path in map(folder.joinpath, _names(folder)):
            hashes[path.name] = _hash(_read(path))
    except FileNotFoundError:
        pass
    except OSError as error:
        raise BadFile(f"{str(path)!r} cannot be read: {error.strerror or error}") from error
    if not hashes:
        raise UnknownName(f"no one-file plugin (*.py) in {str(folder)!r}")
    _write_trusted(read_trusted() | {os.path.realpath(folder): hashes})
    return hashes


def untrust(folder: Path) -> None:
    """Stop trusting a folder.

    Raises:
        UnknownName: If the folder is not trusted.
    """
    known = read_trusted()
    real = os.path.realpath(folder)
    if real not in known:
        raise UnknownName(f"{str(folder)!r} is not a trusted folder")
    _write_trusted({path: hashes for path, hashes in known.items() if path != real})


def plugin_folder(folder: Path) -> Path:
    """Return the folder of plugins: itself, or the ``dl_plugins`` inside."""
    return folder / FOLDER if folder.name != FOLDER and (folder / FOLDER).is_dir() else folder


def trust_file() -> Path:
    """Return the file with the trusted folders: in ``$DL_CONFIG``, or the user's configuration folder."""
    given = os.environ.get("DL_CONFIG")
    if given:
        return Path(given) / "trusted.json"
    import platformdirs

    return Path(platformdirs.user_config_dir("dl")) / "trusted.json"


def read_trusted() -> dict[str, Hashes]:
    """Read the trusted folders, by real path.

    Raises:
        BadFile: If the record cannot be read or is malformed.
    """
    path = trust_file()
    try:
        stored = parse_json(regular.read_text(path))
        if stored["version"] != VERSION:
            raise ValueError("of another version")
        folders: dict[str, dict[str, str]] = stored["folders"]
        return {str(folder): {str(k): str(v) for k, v in hashes.items()} for folder, hashes in folders.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadFile(
            f"the record of trusted folders, {str(path)!r}, cannot be read  delete it to start again"
        ) from error


def _write_trusted(folders: dict[str, Hashes]) -> None:
    from dl import files

    path = trust_file()
    files.make_folder(path.parent)
    files.write_text(path, json.dumps({"version": VERSION, "folders": folders}, indent=1) + "\n")


def _found(path: Path, trusted: Mapping[str, str]) -> FoundPlugin:
    target = f"{FOLDER}.{path.stem}"
    try:
        source = _read(path)
    except OSError as error:
        return FoundPlugin(
            path.stem, partial(_raise_barred, path), path=str(path), barred=f"it cannot be read: {error}"
        )
    barred = ""
    if trusted.get(path.name) != _hash(source):
        barred = "it has changed since you trusted it" if path.name in trusted else "it is not trusted"
    return FoundPlugin(path.stem, partial(_run, path, target, source), path=str(path), target=target, barred=barred)


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.name.endswith(".py") and entry.is_file())


def _read(path: Path) -> bytes:
    with regular.open_regular(path) as stream:
        source = stream.read(LARGEST + 1)
    if len(source) > LARGEST:
        raise OSError(f"it has more than {LARGEST:,} bytes")
    return source


def _hash(source: bytes) -> str:
    import hashlib  # imported here: it takes 4 ms, and most folders have no plugins

    return hashlib.sha256(source).hexdigest()


def _raise_barred(path: Path) -> object:
    raise BadFile(f"{str(path)!r} must not be run")


def _run(path: Path, name: str, source: bytes) -> object:
    """Run a file as a module, once per process for the same content."""
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__source__", None) == source:
        return known
    module = ModuleType(name)
    module.__file__ = str(path.absolute())
    vars(module)["__source__"] = source
    sys.modules[name] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module
