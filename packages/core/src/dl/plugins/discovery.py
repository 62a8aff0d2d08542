"""Discover the installed plugins without importing them.

The folders of the module search path are read for distributions that name an entry point in the group ``dl``. Python's
own `importlib.metadata` finds the same, but takes 20 ms to import and reads every distribution twice as slowly; it is
asked only for what is not a plain folder of ``.dist-info``: zip files and old eggs.
"""

from __future__ import annotations

import operator
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import partial, reduce
from importlib import import_module

from dl.version import CORE, PROJECT

Numbers = tuple[int, ...]
GROUP = "dl"
# The distributions of this repository; they share a version, are loaded first and are never overridden.
OWN = frozenset(
    f"{PROJECT}-{name}"
    for name in (
        "augment",
        "backbones",
        "core",
        "loggers",
        "mnist",
        "regularizers",
        "reports",
        "reviews",
        "sequences",
        "serve",
        "tabular",
        "toys",
        "text",
        "vision",
        "words",
    )
) | {PROJECT}
COMPARE: Mapping[str, Callable[[Numbers, Numbers], bool]] = {">=": operator.ge, "<": operator.lt, "==": operator.eq}
SPELLINGS = CORE.replace("-", "[-_.]")  # of the core in metadata
LONGEST_FIELD = 100  # characters of a name or a version
LONGEST_HEADERS = 100_000  # bytes of a METADATA file that are read


@dataclass(frozen=True)
class FoundPlugin:
    """A plugin that is found but not yet imported.

    Args:
        name: Of its entry point, of its file without ``.py``, or of the object passed by a program.
        load: Imports it and returns the module or object with the hooks.
        distribution: As spelled in its metadata; empty for a file or an object.
        version: Of the distribution.
        path: Of the distribution or the file.
        target: The entry point's ``module:attribute``.
        needs: Its requirement on dl's core, like ``>=0.2``; empty for none.
        barred: Why it must not be imported, or an empty string.
        beside: Another version of the distribution with metadata in the same folder, left by an interrupted
            installation; empty if there is none.
    """

    name: str
    load: Callable[[], object]
    distribution: str = ""
    version: str = ""
    path: str = ""
    target: str = ""
    needs: str = ""
    barred: str = ""
    beside: str = ""

    @property
    def own(self) -> bool:
        """Whether it ships with dl."""
        return normalized(self.distribution) in OWN

    @property
    def origin(self) -> str:
        """Its origin for messages: distribution and version, or the file."""
        if self.distribution:
            return f"of {self.distribution} {self.version}"
        return f"in {self.path}" if self.path else "given by the program"


def normalized(distribution: str) -> str:
    """Return the normalized name of a distribution (PEP 503)."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


def installed(folders: Iterable[str] | None = None) -> list[FoundPlugin]:
    """Find the installed plugins: dl's own first, then by name and distribution.

    Args:
        folders: To search; None takes the module search path. Of two distributions with one name the first counts.
    """
    searched = list(sys.path if folders is None else folders)
    beside: dict[str, str] = {}
    paths = metadata_folders(searched, beside)
    found = [replace(one, beside=beside.get(path, "")) for path in paths.values() for one in _plugins_of(path)]
    for folder in searched:
        found.extend(one for one in _by_importlib(folder) if normalized(one.distribution) not in paths)
    return sorted(found, key=lambda one: (not one.own, one.name, one.distribution))


def metadata_folders(
    folders: Iterable[str] | None = None, beside: MutableMapping[str, str] | None = None
) -> dict[str, str]:
    """Return the metadata folder of every distribution, by normalized name; of two the first counts.

    Args:
        folders: To search; None takes the module search path.
        beside: Gets the version of another one in the same folder, by the path of the first.
    """
    found: dict[str, str] = {}
    for folder in sys.path if folders is None else folders:
        for name, path in _distributions(folder):
            first = found.setdefault(name, path)
            if first != path and beside is not None and os.path.dirname(first) == os.path.dirname(path):  # noqa: PTH120
                beside[first] = _stem(path).partition("-")[2]
    return found


def load_target(target: str) -> object:
    """Import the object that an entry point names."""
    module, _, attributes = target.partition(":")
    return reduce(getattr, filter(None, attributes.split(".")), import_module(module))


def satisfies(needs: str, version: str) -> bool:
    """Return whether a version satisfies a requirement; an invalid requirement is satisfied by all."""
    stated = [clause.strip() for clause in needs.split(",") if clause.strip()]
    clauses = [re.fullmatch(r"(>=|<|==)\s*(\d+(?:\.\d+)*)", clause) for clause in stated]
    plain = re.fullmatch(r"\d+(?:\.\d+)*", version)
    if plain and all(clauses):  # nearly every requirement; packaging takes 15 ms to import
        have = _numbers(version)
        return all(COMPARE[c[1]](have, _numbers(c[2])) for c in clauses if c)
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(needs).contains(version, prereleases=True)
    except InvalidSpecifier:
        return True


def _numbers(version: str) -> Numbers:
    """Return (1, 2) for 1.2.0: trailing zeros are dropped."""
    numbers = [int(number) for number in version.split(".")]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _distributions(folder: str) -> Iterator[tuple[str, str]]:
    """Give name and metadata folder of every distribution in a folder, in the order of their folders' names."""
    try:
        with os.scandir(folder or ".") as entries:
            paths = sorted(
                entry.path
                for entry in entries
                if entry.name.endswith((".dist-info", ".egg-info"))
                and not entry.name.startswith("~")  # pip's leftovers
            )
    except (OSError, ValueError):
        return
    for path in paths:
        yield normalized(_stem(path).partition("-")[0]), path


def _stem(path: str) -> str:
    return os.path.basename(path).rpartition(".")[0]  # noqa: PTH119 - a Path costs more than all the rest here


def _plugins_of(path: str) -> list[FoundPlugin]:
    points = entry_points(_read(f"{path}/entry_points.txt"))
    if not points:
        return []
    headers = _read(f"{path}/METADATA") or _read(f"{path}/PKG-INFO")
    return [_found(name, target, headers, path) for name, target in points]


def _found(name: str, target: str, headers: str, path: str) -> FoundPlugin:
    headers = headers.partition("\n\n")[0]
    fields = {key: _field(headers, key) for key in ("Name", "Version")}
    needs = re.search(
        rf"^Requires-Dist:[ \t]*{SPELLINGS}[ \t]*\(?([<>=!~][^;)\n]*)\)?[ \t]*$", headers, re.IGNORECASE | re.MULTILINE
    )
    return FoundPlugin(
        name=name,
        load=partial(load_target, target),
        distribution=fields["Name"] or os.path.basename(path).partition("-")[0],  # noqa: PTH119
        version=fields["Version"] or "of unknown version",
        path=path,
        target=target,
        needs=needs[1].strip() if needs else "",
    )


def _field(headers: str, key: str) -> str:
    found = re.search(rf"^{key}:[ \t]*(.*)$", headers, re.MULTILINE)
    return found[1].strip()[:LONGEST_FIELD] if found else ""


def entry_points(text: str) -> list[tuple[str, str]]:
    """Return name and target of each entry point in our group."""
    points: list[tuple[str, str]] = []
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == GROUP and line and not line.startswith(("#", ";")):
            name, _, target = line.partition("=")
            points.append((name.strip(), target.partition("[")[0].strip()))
    return points


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8-sig", errors="replace") as stream:  # noqa: PTH123
            return stream.read(LONGEST_HEADERS)
    except (OSError, ValueError):
        return ""


def _by_importlib(folder: str) -> list[FoundPlugin]:
    """Find plugins in a zip file or an egg; nothing for a plain folder."""
    if not folder.endswith((".zip", ".whl", ".egg")) or not os.path.exists(folder):  # noqa: PTH110
        return []
    from importlib.metadata import distributions

    found = []
    for one in distributions(path=[folder]):
        for name, target in entry_points(one.read_text("entry_points.txt") or ""):
            found.append(_found(name, target, one.read_text("METADATA") or one.read_text("PKG-INFO") or "", folder))
    return found
