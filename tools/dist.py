"""Build and check the distributions: a wheel and a source archive of every member, in dist/.

python -m tools.dist            build from a tree without changes
python -m tools.dist --dirty    build from the tree as it is; what git ignores is left out all the same

Each wheel is built from its source archive. Both are then built once more, from another folder, and have to be the same
byte for byte; times inside are those of the last commit. twine checks the metadata. No build environment is made: the
backend is that of constraints.txt.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tools.members import ROOT, find_members

DIST = ROOT / "dist"
AT_ONCE = 4  # much of it is waiting


def main(arguments: Sequence[str] = ()) -> int:
    """Build into dist/ and return the exit code."""
    if "--dirty" not in arguments and (changed := _git("status", "--porcelain").splitlines()):
        print(f"{len(changed)} files are changed or new, such as {changed[0][3:]}: commit them, or add --dirty")
        return 1
    shutil.rmtree(DIST, ignore_errors=True)
    files = build(DIST)
    if different := differing(files):
        print(f"built again, they differ: {', '.join(different)}")
        return 1
    twine = [sys.executable, "-m", "twine", "check", "--strict", *map(str, files)]
    done = subprocess.run(twine, capture_output=True, text=True, check=False)
    if done.returncode:
        print(done.stdout + done.stderr)
        return done.returncode
    for path in files:
        print(f"{path.stat().st_size / 1e6:7.2f} MB  {path.name}")
    print(f"{len(files)} files in {DIST.relative_to(ROOT)}: the same when built again; twine has no complaint")
    return 0


def build(out: Path) -> list[Path]:
    """Build every member's source archive, and its wheel from that archive."""
    return _in_copies(["build", "--no-isolation", "--outdir", str(out)], out)


def differing(files: Iterable[Path]) -> list[str]:
    """Build all from the tree, the wheels as well, and return the names of the files that are others then."""
    with tempfile.TemporaryDirectory() as folder:
        rebuilt = _in_copies(["hatchling", "build", "-d", folder], Path(folder))
        again = {path.name: path.read_bytes() for path in rebuilt}
    first = {path.name: path.read_bytes() for path in files}
    return sorted(name for name in first.keys() | again.keys() if first.get(name) != again.get(name))


def _in_copies(command: Sequence[str], out: Path) -> list[Path]:
    """Run a builder in a copy of each member, which holds the files that git knows or would add."""
    given = {**os.environ, "SOURCE_DATE_EPOCH": _git("log", "-1", "--format=%ct").strip()}
    with tempfile.TemporaryDirectory() as copies, ThreadPoolExecutor(AT_ONCE) as pool:
        folders = [copy_member(member, Path(copies)) for member in find_members()]

        def run(folder: Path) -> None:
            line = [sys.executable, "-m", *command]
            done = subprocess.run(line, cwd=folder, env=given, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{folder.name}: {done.stdout}{done.stderr}")

        list(pool.map(run, folders))
    return sorted(path for path in out.iterdir() if path.suffix in (".whl", ".gz"))


def copy_member(member: Path, into: Path) -> Path:
    """Copy a member without what git ignores, and return its new folder."""
    target = into / member.name
    known = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", str(member)).split("\0")
    for name in filter(None, known):
        if (source := ROOT / name).is_file():  # else removed, not yet from git
            copied = target / source.relative_to(member)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copied)
    return target


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
