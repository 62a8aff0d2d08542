"""Hold torch, lightning and numpy at their installed versions when plugins are installed.

A requirement of a plugin may need another torch, and the resolver would install it: another version, or a build for
another device. `--replace torch` allows that.
"""

from __future__ import annotations

import contextlib
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dl import files
from dl.errors import BadOption

HELD = ("torch", "lightning", "numpy")


def held(replace: Iterable[str] = ()) -> dict[str, str]:
    """Return the installed version of each held package, without those that may be replaced.

    Raises:
        BadOption: If a name in ``replace`` is not a held package.
    """
    allowed = set(replace)
    if others := sorted(allowed - set(HELD)):
        raise BadOption(f"--replace {others[0]}: only {', '.join(HELD)} are held; others are replaced as needed")
    found = {}
    for name in HELD:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return {name: here for name, here in found.items() if name not in allowed}


@contextlib.contextmanager
def constraint(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield the arguments with which pip and uv keep to these requirements."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "held.txt"
        files.write_text(path, "".join(f"{line}\n" for line in lines))
        yield ["--constraint", str(path)] if lines else []


def refusal(what: str, words: Sequence[str], versions: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return an error message that names the held packages an installation would replace; empty if it replaces none.

    Args:
        what: The distribution, as the user named it.
        words: The user's flags.
        versions: Of the held packages.
        new: Versions that would be installed, by normalized name.
    """
    moved = [name for name, here in versions.items() if new.get(name, here) != here]
    if not moved:
        return ""
    changes = " and ".join(f"{name} {versions[name]} by {name} {new[name]}" for name in moved)
    again = shlex.join(["dl", "install", *words, what, *(word for name in moved for word in ("--replace", name))])
    return (
        f"installing {what!r} would replace {changes}; nothing was installed"
        f"  ask for a version of it that fits, or go on with: {again}"
    )
