"""The lock: the third parties' plugins of this environment, with what they need, so that another gets the same bytes.

A lock file is a requirements file of exact versions with SHA-256 hashes, which ``pip install --require-hashes`` takes
as well. The hash is that of the wheel or source archive, not of the files in the environment: only that can be checked
before anything is unpacked. It stands in the distribution's ``direct_url.json`` where it came from a file or a URL;
for one from a package index pip is asked which file it would take.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from dl import files
from dl.errors import InstallFailed
from dl.packaging.install import environment, read_report, run_pip
from dl.plugins.discovery import OWN, installed, normalized

NAME = "dl-plugins.lock"


def write_lock(path: Path) -> list[str]:
    """Write the lock file and return the names it locks.

    Raises:
        InstallFailed: If a distribution has no file to take a hash of, or pip does not find it again.
        CannotWrite: If the file cannot be written.
    """
    names = to_lock()
    lines = [
        f"# Written by: dl plugins lock. Python {platform.python_version()} on {sys.platform} {platform.machine()}."
    ]
    lines += [f"# Install it with: dl install --lock {path.name}"]
    found = [(one, _origin(one)) for one in map(distribution, names)]
    if folders := [_in_folder(one, origin) for one, origin in found if origin and "archive_info" not in origin]:
        raise InstallFailed(
            f"what was installed from a folder has no hash: {', '.join(folders)}  build a wheel of it, and install that"
        )
    lines += [_requirement(one, origin) for one, origin in found]
    files.write_text(path, "\n".join(lines) + "\n")
    return names


def to_lock() -> list[str]:
    """Return the distributions of third parties' plugins and all they need beyond what dl needs itself."""
    plugins = {normalized(one.distribution) for one in installed(environment()) if not one.own}
    return sorted(closure(plugins) - closure(OWN))


def closure(names: Iterable[str]) -> set[str]:
    """Return the installed distributions among these and all that they need, normalized."""
    from packaging.requirements import InvalidRequirement, Requirement

    found: set[str] = set()
    waiting = [(name, frozenset({""})) for name in names]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            one = distribution(name)
        except PackageNotFoundError:
            continue
        found.add(normalized(name))
        for text in one.requires or ():
            try:
                needed = Requirement(text)
            except InvalidRequirement:
                continue
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append((normalized(needed.name), frozenset({"", *needed.extras})))
    return found


def _in_folder(one: Distribution, origin: Mapping[str, Any]) -> str:  # Any: JSON
    return f"{one.metadata['Name']} from {unquote(urlparse(str(origin.get('url'))).path)!r}"


def _requirement(one: Distribution, origin: Mapping[str, Any]) -> str:  # Any: JSON
    """Return the line that installs exactly this distribution.

    Raises:
        InstallFailed: If no hash of its archive is known.
    """
    name, version = one.metadata["Name"], one.version
    if not origin:
        url, digest = _from_index(name, version)
        return f"{name}=={version} --hash=sha256:{digest}  # {url}"
    digest = _sha256(origin["archive_info"]) or _hash_of_file(str(origin["url"]), name)
    return f"{name} @ {origin['url']} --hash=sha256:{digest}"


def _origin(one: Distribution) -> dict[str, Any]:  # Any: JSON
    """Return where a distribution came from, as the installer noted; nothing for a package index."""
    try:
        stored = json.loads(one.read_text("direct_url.json") or "{}")
    except ValueError:
        return {}
    return stored if isinstance(stored, dict) else {}


def _from_index(name: str, version: str) -> tuple[str, str]:
    words = [
        "install",
        "--dry-run",
        "--quiet",
        "--no-deps",
        "--ignore-installed",
        "--report",
        "-",
        f"{name}=={version}",
    ]
    for one in read_report(run_pip(words, f"{name}=={version}")):
        info = one["download_info"]
        if digest := _sha256(info.get("archive_info", {})):
            return str(info["url"]), digest
        return str(info["url"]), _hash_of_file(str(info["url"]), name)
    raise InstallFailed(f"pip does not say where {name} {version} comes from")


def _sha256(archive: dict[str, Any]) -> str:  # Any: JSON
    """Return the SHA-256 in an ``archive_info``, in its new or its old spelling; empty if there is none."""
    digest = str(archive.get("hashes", {}).get("sha256") or str(archive.get("hash", "")).removeprefix("sha256="))
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def _hash_of_file(url: str, name: str) -> str:
    """Hash the archive that a ``file:`` URL names; older installers did not note it."""
    import hashlib

    path = Path(unquote(urlparse(url).path))
    if not url.startswith("file:") or not path.is_file():
        raise InstallFailed(f"no hash is known of {url}  install {name} again, and lock then")
    return hashlib.sha256(path.read_bytes()).hexdigest()
