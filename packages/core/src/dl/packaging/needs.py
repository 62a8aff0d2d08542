"""The requirements of installed distributions: of dl, of every plugin, and of all that these require in turn.

They hold now and have to hold after an installation. Imports the standard library and `packaging` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import TYPE_CHECKING

from dl.packaging.held import HELD
from dl.plugins.discovery import OWN, installed, metadata_folders, normalized

if TYPE_CHECKING:
    from packaging.requirements import Requirement

Extras = dict[str, set[str]]  # extras of each distribution, by normalized name; "" is the distribution without one


@dataclass(frozen=True)
class Need:
    """One requirement of an installed distribution.

    Args:
        by: Name and version of the distribution.
        name: Normalized name of the required one.
        specifier: Of its versions, like ``>=15,<16``; empty for any.
        here: The installed version; empty if it is not installed.
    """

    by: str
    name: str
    specifier: str
    here: str

    @property
    def met(self) -> bool:
        """Whether the installed version satisfies it."""
        return self.holds(self.here)

    def holds(self, version: str) -> bool:
        """Return whether a version satisfies it; none, an empty text, never does."""
        from packaging.specifiers import SpecifierSet

        return bool(version) and SpecifierSet(self.specifier).contains(version, prereleases=True)

    def __str__(self) -> str:
        return f"{self.by} needs {self.name}{self.specifier}"


def needs_of_dl() -> list[Need]:
    """Return the requirements of dl, of every plugin, and of all that these require."""
    found = _extras_of(_roots())
    return [need for name in sorted(found) for need in _needs(name, found[name])]


def unmet_needs() -> list[Need]:
    """Return the requirements of these, and of any distribution on a held package, that are not satisfied."""
    others = sorted(set(metadata_folders()) - closure(_roots()))
    on_held = [need for name in others for need in _needs(name, {""}) if need.name in HELD and need.here]
    return [need for need in [*needs_of_dl(), *on_held] if not need.met]


def _roots() -> list[str]:
    return [*OWN, *(normalized(one.distribution) for one in installed())]


def broken_by(new: Mapping[str, str], needs: Iterable[Need]) -> list[Need]:
    """Return the requirements that hold now and would not hold with new versions.

    Args:
        new: Versions by normalized name.
        needs: Those that have to hold.
    """
    return [need for need in needs if need.name in new and need.met and not need.holds(new[need.name])]


def closure(names: Iterable[str]) -> set[str]:
    """Return the installed distributions among these and all their requirements, by normalized name."""
    return set(_extras_of(names))


def _extras_of(names: Iterable[str]) -> Extras:
    found: Extras = {}
    waiting = [(normalized(name), "") for name in names]
    while waiting:
        name, extra = waiting.pop()
        if extra in found.get(name, ()) or not (one := _installed(name)):
            continue
        found.setdefault(name, set()).add(extra)
        for need in _requirements(one, {extra, ""}):
            waiting.extend((normalized(need.name), wanted) for wanted in ("", *need.extras))
    return found


def _needs(name: str, extras: set[str]) -> Iterator[Need]:
    one = _installed(name)
    for need in _requirements(one, extras) if one else ():
        required = _installed(need.name)
        here = required.version if required else ""
        yield Need(f"{name} {one.version if one else ''}", normalized(need.name), str(need.specifier), here)


def _installed(name: str) -> Distribution | None:
    with suppress(PackageNotFoundError, ValueError, OSError):
        return distribution(name)
    return None


def _requirements(one: Distribution, extras: set[str]) -> Iterator[Requirement]:
    """Yield the requirements that apply here, as far as the metadata can be read."""
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
    from packaging.requirements import InvalidRequirement, Requirement

    for text in one.requires or ():
        with suppress(InvalidRequirement, UndefinedComparison, UndefinedEnvironmentName):
            need = Requirement(text)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in extras):
                yield need
