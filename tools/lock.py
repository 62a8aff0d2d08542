"""Write requirements.lock: what the usual set needs, by exact version and hash, with the build of torch for CPUs.

python -m tools.lock    ask pip what it would install under constraints.txt, and write its answer

It holds for the Python and system on which it was made, those of CI. pip installs exactly these files or nothing, with
`--require-hashes -r requirements.lock`; the members themselves are installed afterwards, from their wheels.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dl.version import PROJECT
from tools.members import ROOT, find_members

LOCK = ROOT / "requirements.lock"
CPU_BUILD = "+cpu"  # the local version of a build of torch without CUDA


def main() -> int:
    """Write the lock file and return the exit code."""
    found = resolve(third_party())
    if not any(one["metadata"]["version"].endswith(CPU_BUILD) for one in found if one["metadata"]["name"] == "torch"):
        print("pip would install another build of torch than that for CPUs; name its index in pip's settings")
        return 1
    LOCK.write_text(render(found), encoding="utf-8")
    print(f"wrote {LOCK.name}: {len(found)} distributions")
    return 0


def third_party() -> list[str]:
    """Return the requirements of the members on others than members, without those of extras."""
    stated = [
        one
        for folder in find_members()
        for one in tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    ]
    return sorted({one for one in stated if not is_own(Requirement(one).name)})


def is_own(name: str) -> bool:
    """Return whether a distribution is the usual set or a member."""
    return canonicalize_name(name) == PROJECT or canonicalize_name(name).startswith(f"{PROJECT}-")


def resolve(requirements: Iterable[str]) -> list[dict[str, Any]]:  # Any: JSON
    """Return pip's report on each distribution that it would install where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = ["--dry-run", "--ignore-installed", "--quiet", "--only-binary=:all:", "--report", str(report)]
        words += ["--constraint", str(ROOT / "constraints.txt"), *requirements]
        subprocess.run([sys.executable, "-m", "pip", "install", *words], check=True)
        found: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return sorted(found, key=lambda one: canonicalize_name(one["metadata"]["name"]))


def render(found: Iterable[dict[str, Any]]) -> str:  # Any: JSON
    """Return the text of the lock file; addresses of archives are left out."""
    here = f"Python {'.'.join(platform.python_version_tuple()[:2])}, {platform.system()} {platform.machine()}"
    lines = [f"# Written by: python -m tools.lock. {here}.", *map(_line, found)]
    return "\n".join(lines) + "\n"


def _line(one: dict[str, Any]) -> str:  # Any: JSON
    name, version = canonicalize_name(one["metadata"]["name"]), one["metadata"]["version"].removesuffix(CPU_BUILD)
    return f"{name}=={version} --hash=sha256:{_digest(one['download_info'])}"


def _digest(download: dict[str, Any]) -> str:  # Any: JSON
    known = download["archive_info"].get("hashes", {}).get("sha256")
    if known:
        return str(known)
    archive = Path(unquote(urlparse(download["url"]).path))  # of a folder with archives
    return hashlib.sha256(archive.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
