"""Write the lock file: the third-party plugins of this environment and their requirements, by version and hash.

It is a requirements file with SHA-256 hashes, which ``pip install --require-hashes`` reads as well. A hash is that of
the wheel or source archive, not of the installed files: only an archive can be verified before it is extracted. It is
read from the distribution's ``direct_url.json`` if it was installed from a file or a URL; for one from a package index,
pip reports the file it would install.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from dl import files, regular
from dl.errors import InstallFailed
from dl.packaging.install import environment, read_report, run_pip
from dl.packaging.needs import closure
from dl.plugins.discovery import OWN, installed, normalized

NAME = "dl-plugins.lock"


def write_lock(path: Path) -> list[str]:
    """Write the lock file and return the names of the locked distributions.

    Raises:
        InstallFailed: If a distribution has no archive to hash, or pip does not find it again.
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
            f"installed from a folder, so without a hash: {', '.join(folders)}  build a wheel of it, and install that"
        )
    lines += [_requirement(one, origin) for one, origin in found]
    files.write_text(path, "\n".join(lines) + "\n")
    return names


def to_lock() -> list[str]:
    """Return the distributions of third-party plugins and their requirements, without those of dl itself."""
    plugins = {normalized(one.distribution) for one in installed(environment()) if not one.own}
    return sorted(closure(plugins) - closure(OWN))


def _in_folder(one: Distribution, origin: Mapping[str, Any]) -> str:  # Any: JSON
    return f"{one.metadata['Name']} from {unquote(urlparse(str(origin.get('url'))).path)!r}"


def _requirement(one: Distribution, origin: Mapping[str, Any]) -> str:  # Any: JSON
    """Return the line of the lock file for a distribution.

    Raises:
        InstallFailed: If the hash of its archive is unknown.
    """
    name, version = one.metadata["Name"], one.version
    if not origin:
        url, digest = _from_index(name, version)
        return f"{name}=={version} --hash=sha256:{digest}  # {url}"
    digest = _sha256(origin["archive_info"]) or _hash_of_file(str(origin["url"]), name)
    return f"{name} @ {origin['url']} --hash=sha256:{digest}"


def _origin(one: Distribution) -> dict[str, Any]:  # Any: JSON
    """Return the origin of a distribution as recorded by the installer; empty for a package index."""
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
    raise InstallFailed(f"pip reports no archive of {name} {version}")


def _sha256(archive: dict[str, Any]) -> str:  # Any: JSON
    """Return the SHA-256 in an ``archive_info``, in its new or old form; empty if there is none."""
    digest = str(archive.get("hashes", {}).get("sha256") or str(archive.get("hash", "")).removeprefix("sha256="))
    return digest if re.fullmatch(r"[0-9a-f]{64}", digest) else ""


def _hash_of_file(url: str, name: str) -> str:
    """Hash the archive of a ``file:`` URL, for installers that did not record it."""
    import hashlib

    path = Path(unquote(urlparse(url).path))
    if not url.startswith("file:") or not path.is_file():
        raise InstallFailed(f"no hash is recorded for {url}  install {name} again, then lock")
    return hashlib.sha256(regular.read_bytes(path)).hexdigest()
