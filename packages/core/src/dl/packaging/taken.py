"""Names and files that an installation must not take: those of dl, of its plugins and of other distributions.

A wheel and a project folder are read before pip runs; names of plugins from an index are checked when they are loaded.
"""

from __future__ import annotations

import re
import shlex
import sysconfig
import tomllib
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from dl import regular
from dl.errors import InstallFailed
from dl.packaging.needs import Need
from dl.plugins.discovery import GROUP, OWN, entry_points, installed, metadata_folders, normalized

MOST = 3  # broken requirements that are named
HEAD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")  # the name at the start of a requirement


@dataclass(frozen=True)
class Candidate:
    """What a distribution would bring, as far as it can be read before it is installed.

    Args:
        name: Normalized; empty if unknown.
        points: Names of its plugins.
        files: Paths below ``site-packages`` without those of its metadata.
    """

    name: str
    points: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


def refuse_taken(what: str, where: str) -> None:
    """Refuse a distribution that takes the name of dl's, a name of its plugins, or a file of another distribution.

    Args:
        what: The distribution, as the user named it.
        where: Its path, URL or requirement.

    Raises:
        InstallFailed: Naming what it takes.
    """
    candidate = _candidate(where)
    if reason := _taken(candidate):
        again = f"go on with: dl install {shlex.quote(what)} --force"
        raise InstallFailed(f"{what!r} {reason}; nothing was installed  rename it, or {again}")


def breakage(what: str, words: Sequence[str], broken: Sequence[Need], new: Mapping[str, str]) -> str:
    """Return an error message that names the requirements an installation would break.

    Args:
        what: The distribution, as the user named it.
        words: The user's flags.
        broken: The requirements.
        new: Versions that would be installed, by normalized name.
    """
    needs = "; ".join(f"{need}, and it would replace {need.here} by {new[need.name]}" for need in broken[:MOST])
    more = f"; and {len(broken) - MOST} more" if broken[MOST:] else ""
    again = shlex.join(["dl", "install", *words, what, "--force"])
    return (
        f"installing {what!r} would break what is installed: {needs}{more}; nothing was installed"
        f"  ask for a version of it that fits, or go on with: {again}"
    )


def _taken(candidate: Candidate) -> str:
    if candidate.name in OWN:
        return f"has the name of a distribution of dl, {candidate.name}, which pip alone installs and updates"
    points = {one.name: one for one in installed() if normalized(one.distribution) != candidate.name}
    for point in candidate.points:
        if point in points:
            return f"registers a plugin {point!r}, and that is the name of the plugin {points[point].origin}"
    if lies := next(_foreign_files(candidate), ""):
        return f"would replace {lies!r} of another distribution"
    return ""


def _foreign_files(candidate: Candidate) -> Iterator[str]:
    """Yield the files that exist and are not its own of an earlier version."""
    folder = metadata_folders().get(candidate.name)
    own: set[str] = set()
    with suppress(OSError, UnicodeDecodeError):
        record = regular.read_text(Path(folder) / "RECORD") if folder else ""
        own = {line.rsplit(",", 2)[0].strip('"') for line in record.splitlines()}
    home = Path(sysconfig.get_path("purelib"))
    return (name for name in candidate.files if name not in own and (home / name).is_file())


def _candidate(where: str) -> Candidate:
    path = Path(where)
    with suppress(
        OSError, ValueError, zipfile.BadZipFile, KeyError, tomllib.TOMLDecodeError, TypeError, AttributeError
    ):
        if where.endswith(".whl"):
            name = normalized(path.name.partition("-")[0])
            return _of_wheel(path, name) if path.is_file() else Candidate(name)
        if path.is_absolute() and path.is_dir():
            return _of_folder(path)
    found = HEAD.match(where)
    return Candidate(normalized(found[0]) if found and "://" not in where.partition("@")[0] else "")


def _of_wheel(path: Path, name: str) -> Candidate:
    """Read a wheel; its metadata counts, not the name of its file."""
    with zipfile.ZipFile(path) as archive:
        names = [one for one in archive.namelist() if not one.endswith("/")]
        info = next(one.partition("/")[0] for one in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", one))
        headers = archive.read(f"{info}/METADATA").decode("utf-8", "replace")
        points = f"{info}/entry_points.txt"
        text = archive.read(points).decode("utf-8", "replace") if points in names else ""
    if stated := re.search(r"^Name:[ \t]*(\S+)", headers, re.MULTILINE):
        name = normalized(stated[1])
    files = tuple(one for one in names if not one.startswith((f"{info}/", f"{info.removesuffix('.dist-info')}.data/")))
    return Candidate(name, tuple(point for point, _ in entry_points(text)), files)


def _of_folder(path: Path) -> Candidate:
    project = tomllib.loads(regular.read_text(path / "pyproject.toml"))["project"]
    return Candidate(normalized(str(project["name"])), tuple(project.get("entry-points", {}).get(GROUP, {})))
