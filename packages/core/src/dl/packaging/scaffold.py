"""Write a new plugin as a distribution of its own, from the templates in `dl/templates`.

A template is a working project for a plugin called ``newplugin``; a new project has its own name instead. Files that
begin with a dot are kept under names that begin with ``dot_``.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dl import files
from dl.errors import BadOption, CannotWrite, nearest
from dl.plugins.discovery import OWN, installed, normalized
from dl.plugins.loading import inspect_plugins
from dl.terminal import safe_text
from dl.version import PROJECT, VERSION

KINDS = ("dataset", "model", "task", "regularizer", "check", "domain")
FIELDS = {  # field of Plugins, by kind
    "dataset": "datasets",
    "model": "models",
    "task": "tasks",
    "regularizer": "regularizers",
    "domain": "domains",
}
TEMPLATES = Path(__file__).parents[1] / "templates"
SHARED = "shared"
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 30  # characters of a name, so that lines of the templates stay within the limit
PREFIX = "dl-"
RESERVED = {  # words with a meaning of their own on the command line
    "last": "the newest run",
    "none": "no plugin, in DL_PLUGINS",
}
PLACEHOLDER = "newplugin"  # the name in templates
VERSION_PLACEHOLDER = "DL_VERSION"  # the version of dl in templates
PROJECT_PLACEHOLDER = "DL_PROJECT"  # before the names of its distributions


@dataclass(frozen=True)
class Project:
    """A created project.

    Args:
        name: Of the plugin.
        folder: Of the project.
        files: Relative to the folder.
    """

    name: str
    folder: Path
    files: tuple[Path, ...]


def write_project(name: str, kind: str, folder: Path | None = None) -> Project:
    """Write a new plugin that installs, passes its tests and registers one working specification.

    Args:
        name: Of the plugin; its distribution is ``dl-<name>``.
        kind: One of `KINDS`.
        folder: To create; None creates ``dl-<name>`` in the current folder.

    Raises:
        BadOption: If the name or the kind is invalid, or the name is taken.
        CannotWrite: If the folder already exists, or cannot be written. Nothing is ever overwritten.
    """
    name = name.removeprefix(PREFIX)
    if kind not in KINDS:
        raise BadOption(f"no kind of plugin named {kind!r}{nearest(kind, KINDS)}  kinds: {', '.join(KINDS)}")
    check_name(name, kind)
    target = (folder or Path(PREFIX + name)).expanduser()
    _refuse_existing(target)
    rendered = dict(_rendered(name, kind))
    files.make_folder(target.absolute().parent)
    try:
        _write(target, rendered)
    except OSError as error:
        raise CannotWrite(f"{safe_text(target)!r} cannot be written: {error.strerror}") from error
    return Project(name, target, tuple(sorted(rendered)))


def _write(target: Path, rendered: Mapping[Path, str]) -> None:
    """Write the files beside the target, then move them there; an existing target is empty."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.absolute().parent) as beside:
        folder = Path(beside) / "project"
        for path, text in rendered.items():
            files.make_folder((folder / path).parent)
            files.write_text(folder / path, text)
        if not target.is_dir():
            folder.replace(target)
            return
        for entry in sorted(folder.iterdir()):
            entry.replace(target / entry.name)


def check_name(name: str, kind: str) -> None:
    """Refuse a name that is invalid or taken.

    Raises:
        BadOption: With the reason.
    """
    if not NAME.fullmatch(name) or len(name) > LONGEST:
        allowed = f"small letters, digits and single hyphens, a letter first, at most {LONGEST} characters"
        raise BadOption(f"a plugin cannot be called {safe_text(name)!r}: {allowed}  example: dl new plugin my-waves")
    if name in RESERVED:
        raise BadOption(f"a plugin cannot be called {name!r}, which means {RESERVED[name]}  choose another name")
    if f"{PROJECT}-{name}" in OWN or name == PLACEHOLDER:
        raise BadOption(f"the name {name!r} is dl's own; choose another")
    for one in installed():
        if one.name == name or normalized(one.distribution) == PREFIX + name:
            raise BadOption(f"a plugin {one.name!r} {one.origin} is installed already; choose another name")
    taken = getattr(inspect_plugins(), FIELDS[kind]) if kind in FIELDS else {}
    if name in {spec.name for spec in taken.values()}:
        raise BadOption(f"a {kind} named {name!r} exists already, and would have precedence; choose another name")


def _refuse_existing(target: Path) -> None:
    try:
        if target.is_dir() and not any(target.iterdir()):
            return
        taken = target.exists() or target.is_symlink()
    except (OSError, ValueError) as error:
        raise CannotWrite(f"{safe_text(target)!r} cannot be a folder: {error}") from error
    if taken:
        raise CannotWrite(
            f"{safe_text(target)!r} exists already, and is not overwritten  choose another: --folder PATH"
        )


def _rendered(name: str, kind: str) -> Iterator[tuple[Path, str]]:
    """Yield path and text of each file of a project."""
    for root in (TEMPLATES / SHARED, TEMPLATES / kind):
        for path in sorted(path for path in root.rglob("*") if path.is_file()):
            inside = path.relative_to(root).parts
            if not any(word.startswith((".", "__pycache__")) for word in inside):  # leftovers of tools
                names = [_named(re.sub("^dot_", ".", word), name) for word in inside]
                yield Path(*names), _named(path.read_text(encoding="utf-8"), name)


def _named(text: str, name: str) -> str:
    """Replace the placeholders by the name, with underscores in module names, and the version."""
    module = text.replace(f"dl_{PLACEHOLDER}", f"dl_{name.replace('-', '_')}")
    return module.replace(PLACEHOLDER, name).replace(VERSION_PLACEHOLDER, VERSION).replace(PROJECT_PLACEHOLDER, PROJECT)
