"""Raise the version of all members, and give the changelog's open part its number and date.

python -m tools.version 0.2.0

It writes `dl.version`, every pyproject.toml (`tools.members`), and `CHANGELOG.md`; commit what it has written.
"""

from __future__ import annotations

import datetime
import re
import subprocess
import sys

from packaging.version import InvalidVersion, Version

from tools.members import ROOT

HOME = ROOT / "packages/core/src/dl/version.py"
CHANGELOG = ROOT / "CHANGELOG.md"
OPEN = "## Unreleased\n"


def main(wanted: str) -> int:
    """Write the version everywhere and return the exit code."""
    home = HOME.read_text(encoding="utf-8")
    if reason := refusal(wanted, read_version(home)):
        print(reason)
        return 2
    HOME.write_text(with_version(home, wanted), encoding="utf-8")
    today = datetime.datetime.now(tz=datetime.UTC).date()
    CHANGELOG.write_text(closed(CHANGELOG.read_text(encoding="utf-8"), wanted, today), encoding="utf-8")
    return subprocess.run([sys.executable, "-m", "tools.members"], cwd=ROOT, check=False).returncode  # imports it anew


def read_version(home: str) -> str:
    """Return the version in the text of `dl.version`."""
    found = re.search(r'^VERSION = "(.+)"$', home, re.MULTILINE)
    if not found:
        raise ValueError(f"{HOME.relative_to(ROOT)}: no line VERSION = ...")
    return found[1]


def with_version(home: str, version: str) -> str:
    """Return the text of `dl.version` with another version."""
    return re.sub(r'^VERSION = ".+"$', f'VERSION = "{version}"', home, flags=re.MULTILINE)


def refusal(wanted: str, present: str) -> str:
    """Return why a version cannot follow the present one; empty if it can."""
    try:
        if str(Version(wanted)) != wanted:
            return f"write it {Version(wanted)}"
        return "" if Version(wanted) > Version(present) else f"{wanted} does not follow {present}"
    except InvalidVersion:
        return f"{wanted!r} is no version; expected one such as 0.2.0 or 0.2.0rc1"


def closed(changelog: str, version: str, day: datetime.date) -> str:
    """Return the changelog with its open part as that of a version, below a new open one."""
    return changelog.replace(OPEN, f"{OPEN}\n## {version} - {day.isoformat()}\n", 1)


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: python -m tools.version 0.2.0")
    sys.exit(main(sys.argv[1]))
