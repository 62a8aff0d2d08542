"""Install and uninstall distributions in dl's own environment.

pip or uv does the work, whichever created the environment; their errors are summarized in one line, and the changes are
determined by comparing the environment before and after.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import site
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from dl import regular
from dl.errors import BadOption, InstallFailed, UnknownName, nearest
from dl.packaging.held import constraint, held, refusal
from dl.packaging.needs import Need, broken_by, needs_of_dl
from dl.packaging.taken import breakage, refuse_taken
from dl.plugins.discovery import OWN, installed, metadata_folders, normalized
from dl.processes import words_of_dl
from dl.version import VERSION

Done = TypeVar("Done")
Packages = dict[str, tuple[str, int]]  # version, and when it was installed, by normalized name


@dataclass(frozen=True)
class Changes:
    """The changes of an installation.

    Args:
        added: Version of each new package.
        replaced: Old and new version of each replaced package; equal if it was reinstalled.
        removed: Version of each removed package.
        asked: The packages that were requested, not only required by others.
    """

    added: Mapping[str, str] = field(default_factory=dict)
    replaced: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    removed: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()

    @property
    def lines(self) -> list[str]:
        """One line of text per package, requested packages first."""
        lines = {name: f"added {name} {version}" for name, version in self.added.items()}
        lines |= {name: _replaced(name, *versions) for name, versions in self.replaced.items()}
        lines |= {name: f"removed {name} {version}" for name, version in self.removed.items()}
        return [lines[name] for name in sorted(lines, key=lambda name: (name not in self.asked, name))]


def install(
    what: str, *, upgrade: bool = False, editable: bool = False, replace: Iterable[str] = (), force: bool = False
) -> Changes:
    """Install a distribution: by name, from a folder, a wheel or a URL.

    Args:
        what: The distribution.
        upgrade: Whether to replace an installed version by the newest.
        editable: Whether to install the folder itself, so that edits take effect.
        replace: Which of the held packages (`dl.packaging.held`) may be replaced.
        force: Whether it may break requirements of dl and of plugins, and take their names.

    Raises:
        UnknownName: If it is a path that does not exist.
        InstallFailed: If it cannot be installed, would replace a held package, break a requirement of dl or of a
            plugin, or take the name of one; nothing is changed then.
    """
    before, words = packages(), _words(what, upgrade=upgrade, editable=editable)
    keeping = Keeping.of(replace, force=force)
    if not force:
        refuse_taken(what, words[-1])
    _holding(lambda holding: _run(["install", *holding, *words], what), words, what, keeping)
    after = packages()
    if before == after and (wheel := Path(words[-1])).suffix == ".whl" and not _came_from(wheel):
        _run(["install", "--force-reinstall", "--no-deps", *words], what)  # another file of the same version
        after = packages()
    return difference(before, after)


def install_locked(lock: Path) -> Changes:
    """Install from a lock file, verifying the hash of each archive.

    Raises:
        UnknownName: If the file does not exist.
        InstallFailed: If it cannot be installed, or a hash differs.
    """
    if not lock.is_file():
        raise UnknownName(f"no lock file {str(lock)!r}  write one with: dl plugins lock")
    before = packages()
    _run(["install", "--require-hashes", "--no-deps", "--requirement", str(lock)], str(lock))
    return difference(before, packages())


def plan(
    what: str, *, upgrade: bool = False, editable: bool = False, replace: Iterable[str] = (), force: bool = False
) -> Changes:
    """Return the changes of an installation without making them.

    Raises:
        InstallFailed: If the installation would fail.
    """
    words = _words(what, upgrade=upgrade, editable=editable)
    keeping = Keeping.of(replace, force=force)
    if not force:
        refuse_taken(what, words[-1])
    new, asked = _holding(lambda holding: _dry_run([*holding, *words], what), words, what, keeping)
    before = {name: version for name, (version, _) in packages().items()}
    return Changes(
        added={name: version for name, version in new.items() if name not in before},
        replaced={name: (before[name], version) for name, version in new.items() if name in before},
        asked=frozenset(asked),
    )


def _dry_run(words: Sequence[str], what: str) -> tuple[dict[str, str], set[str]]:
    """Return the versions that would be installed, by normalized name, and the names of the requested packages."""
    if _tool()[0] == "uv":
        output = _run(["install", "--dry-run", *words], what).stderr
        found = re.findall(r"^ \+ (\S+?)==(\S+)", output, re.MULTILINE)
        return {normalized(name): version for name, version in found}, set()
    report = read_report(_run(["install", "--dry-run", "--quiet", "--report", "-", *words], what).stdout)
    new = {normalized(one["metadata"]["name"]): str(one["metadata"]["version"]) for one in report}
    return new, {normalized(one["metadata"]["name"]) for one in report if one.get("requested")}


@dataclass(frozen=True)
class Keeping:
    """What an installation has to keep.

    Args:
        versions: Of the held packages.
        needs: The requirements of dl and of its plugins that hold now.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    needs: Sequence[Need] = ()

    @classmethod
    def of(cls, replace: Iterable[str], *, force: bool) -> Keeping:
        """Return what is kept if the user names packages to replace; nothing if forced."""
        allowed = set(replace)
        versions = held(allowed)
        if force:
            return cls()
        return cls(versions, [need for need in needs_of_dl() if need.met and need.name not in allowed])

    @property
    def lines(self) -> list[str]:
        """The constraints of the resolver; a distribution of dl has the version of this one."""
        needed = {f"{need.name}{need.specifier}" for need in self.needs if need.specifier}
        own = [f"{name}=={VERSION}" for name in sorted(OWN)] if self.versions or self.needs else []
        return [*(f"{name}=={here}" for name, here in self.versions.items()), *sorted(needed), *own]


def _holding(do: Callable[[Sequence[str]], Done], words: Sequence[str], what: str, keeping: Keeping) -> Done:
    """Run an installation that keeps the held packages and all requirements of dl and its plugins.

    Args:
        do: The installation; takes the arguments that constrain the resolver.
        words: The flags, and the distribution as the last word.
        what: The distribution, as the user named it.
        keeping: What it has to keep.

    Raises:
        InstallFailed: If it fails; the message names what it would have to replace or break.
    """
    with constraint(keeping.lines) as holding:
        try:
            return do(holding)
        except InstallFailed as failed:
            if line := _would_break(words, what, keeping):
                raise InstallFailed(line) from failed
            raise


def _would_break(words: Sequence[str], what: str, keeping: Keeping) -> str:
    """Return what an installation without constraints would replace or break; empty if that fails, too."""
    try:
        new, _ = _dry_run(words, what)
    except InstallFailed:
        return ""
    if line := refusal(what, words[:-1], keeping.versions, new):
        return line
    broken = broken_by(new, keeping.needs)
    return breakage(what, words[:-1], broken, new) if broken else ""


def uninstall(name: str) -> Changes:
    """Uninstall a distribution with plugins, by its own name or that of a plugin.

    Raises:
        BadOption: If it is one of dl's own, or registers nothing with dl.
        UnknownName: If it is not installed.
        InstallFailed: If it cannot be uninstalled.
    """
    distribution = _removable(name)
    before = packages()
    options = [] if _tool()[0] == "uv" else ["--yes"]
    _run(["uninstall", *options, distribution], distribution)
    changes = difference(before, packages())
    if normalized(distribution) not in changes.removed:
        raise InstallFailed(f"{distribution} lies outside of this environment, {sys.prefix}  it was not removed")
    return changes


def environment() -> list[str]:
    """Return the folders that pip and uv install into; the search path may have others as well."""
    return list(dict.fromkeys([*map(sysconfig.get_path, ("purelib", "platlib")), site.getusersitepackages()]))


def packages() -> Packages:
    """Return every distribution of this environment with version and time of installation."""
    found: Packages = {}
    for name, folder in metadata_folders(environment()).items():
        path = Path(folder)
        with contextlib.suppress(OSError):  # removed by another process
            found[name] = (path.stem.partition("-")[2], path.stat().st_mtime_ns)
    return found


def difference(before: Packages, after: Packages) -> Changes:
    """Return the changes between two states of the environment."""
    changed = {name for name in after if before.get(name) != after[name]}
    folders = metadata_folders(environment())
    return Changes(
        added={name: after[name][0] for name in changed - set(before)},
        replaced={name: (before[name][0], after[name][0]) for name in changed & set(before)},
        removed={name: before[name][0] for name in before if name not in after},
        asked=frozenset(name for name in changed if (Path(folders[name]) / "REQUESTED").exists()),
    )


def fresh_states() -> list[dict[str, Any]]:  # Any: JSON
    """Return the output of `dl plugins --json` in a new process, which sees a new installation."""
    done = subprocess.run(words_of_dl(["plugins", "--json"]), capture_output=True, text=True, check=False)
    try:
        states: list[dict[str, Any]] = json.loads(done.stdout)  # Any: JSON
    except ValueError:
        raise InstallFailed(f"dl does not start any more: {summarize(done.stderr)}") from None
    return states


def read_report(text: str) -> list[dict[str, Any]]:  # Any: JSON
    """Return the distributions in pip's installation report."""
    try:
        listed: list[dict[str, Any]] = json.loads(text)["install"]  # Any: JSON
    except (ValueError, KeyError, TypeError) as error:
        raise InstallFailed(
            "this pip is too old for a dry run with a report  update it: python -m pip install -U pip"
        ) from error
    return listed


def run_pip(words: Sequence[str], what: str) -> str:
    """Run pip, for tasks that uv does not support, and return its output.

    Raises:
        InstallFailed: If it fails or is not installed.
    """
    if find_spec("pip") is None:
        raise InstallFailed("this needs pip  add it: python -m ensurepip")
    return _run(words, what, ("pip", *_PIP)).stdout


_PIP = (sys.executable, "-P", "-m", "pip", "--disable-pip-version-check", "--no-input")


def _tool() -> tuple[str, ...]:
    """Return the name and command of pip or uv; ``-P`` keeps the current folder off the search path."""
    uv = shutil.which("uv")
    if uv and (_made_by_uv() or find_spec("pip") is None):
        return ("uv", uv, "pip")
    if find_spec("pip") is None:
        raise InstallFailed(f"{sys.executable} has neither pip nor uv  add pip: python -m ensurepip")
    return ("pip", *_PIP)


def _made_by_uv() -> bool:
    try:
        config = regular.read_text(Path(sys.prefix) / "pyvenv.cfg")
        return re.search(r"^uv\s*=", config, re.MULTILINE) is not None
    except (OSError, UnicodeDecodeError):
        return False


def _run(words: Sequence[str], what: str, tool: tuple[str, ...] | None = None) -> subprocess.CompletedProcess[str]:
    """Run pip or uv.

    Raises:
        InstallFailed: If it fails, with a summary of its output.
    """
    name, *command = tool or _tool()
    verb, *rest = words
    python = ["--python", sys.executable] if name == "uv" else []
    done = subprocess.run([*command, verb, *python, *rest], capture_output=True, text=True, check=False)
    if os.environ.get("DL_DEBUG") == "1":
        sys.stderr.write(done.stderr if "--report" in words else done.stdout + done.stderr)
    if done.returncode:
        output = done.stderr or done.stdout
        raise InstallFailed(
            f"{name} could not {verb} {what!r}: {summarize(output)}{_hint(what)}  its whole output: DL_DEBUG=1"
        )
    return done


def _words(what: str, *, upgrade: bool, editable: bool) -> list[str]:
    if not what.strip() or what.startswith("-"):
        raise BadOption(f"{what!r} is no distribution: expected a name, a folder, a wheel or a URL")
    if _is_path(what) and not Path(what).expanduser().exists():
        raise UnknownName(f"no file or folder {what!r}  a name from the package index has no / in it")
    here = _is_path(what) or (editable and os.path.isdir(what))  # noqa: PTH112
    where = str(Path(what).expanduser().absolute()) if here else what  # pip reads a bare folder name as a distribution
    if editable and not Path(where).is_dir():
        raise BadOption(f"{what!r} is not a folder; -e installs a folder, so that edits in it count")
    return [*(["--upgrade"] if upgrade else []), *(["--editable"] if editable else []), where]


def _came_from(wheel: Path) -> bool:
    """Return whether the installed distribution came from a wheel with the same content."""
    folder = metadata_folders(environment()).get(normalized(wheel.name.partition("-")[0]))
    try:
        origin = json.loads(regular.read_text(Path(folder or "") / "direct_url.json"))
        return bool(origin["archive_info"]["hashes"]["sha256"] == sha256(regular.read_bytes(wheel)).hexdigest())
    except (OSError, ValueError, KeyError, TypeError):  # installed from a folder or an index
        return False


def _is_path(what: str) -> bool:
    return "://" not in what and (what.startswith((".", "/", "~")) or what.endswith(".whl") or os.sep in what)


def _hint(what: str) -> str:
    return f"  this folder has a {what!r}: dl install ./{what}" if not _is_path(what) and os.path.isdir(what) else ""  # noqa: PTH112


def summarize(output: str) -> str:
    """Return the reason in the output of pip or uv, in one line."""
    for pattern, words in _KNOWN:
        if found := re.search(pattern, output):
            return found.expand(words)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if re.match(r"(error|ERROR)\b|\w*(Error|Exception):", line)]
    return re.sub(r"^(error|ERROR):\s*", "", (errors or lines or ["it gave no reason"])[-1])[:300]


_CONTRADICTION = r"ResolutionImpossible|conflicting dependencies|No solution found when resolving"
_KNOWN = (
    (r"externally-managed-environment", "this Python is the operating system's; give dl an environment of its own"),
    (r"DO NOT MATCH THE HASHES[^\n]*\n\s*([^\s@]+)[^\n]* from",
     r"the hash of \1 differs from the lock file; the archive has changed"),
    (r"(?:[Hh]ash mismatch for|mismatch for) `([^`]+)`",
     r"the hash of \1 differs from the lock file; the archive has changed"),
    (r"In --require-hashes mode, all requirements must[^\n]*", "a requirement has no version and hash"),
    (r"(?:Name or service not known|Temporary failure in name resolution|NewConnectionError)",
     "the package index cannot be reached"),
    (r"No matching distribution found for ([^\n]+)", r"there is no distribution \1 for this Python"),
    (r"Because ([\w.-]+) was not found", r"there is no distribution \1 for this Python"),
    (r"Invalid requirement: ([^\n]+?)(?::[^\n]*)?\n", r"\1 is no name of a distribution"),
    (r"does not appear to be a Python project|Neither 'setup.py' nor 'pyproject.toml' found",
     "it is no Python project: it has neither pyproject.toml nor setup.py"),
    (r"(?:is not a valid wheel filename|is not a supported wheel)[^\n]*", "it is not a wheel for this Python"),
    (r"Wheel '([^']+)'[^\n]* is invalid", r"the wheel of \1 is damaged"),
    (_CONTRADICTION, "its requirements contradict those of another package"),
)  # fmt: skip


def _removable(name: str) -> str:
    """Return the distribution with this name, or of the plugin with this name, if it may be uninstalled."""
    wanted = normalized(name)
    plugins = installed()
    known = {normalized(one.distribution): one.distribution for one in plugins}
    known |= {one.name: one.distribution for one in plugins if one.name not in known}
    distribution = known.get(wanted) or known.get(name)
    if wanted in OWN or (distribution and normalized(distribution) in OWN):
        raise BadOption(f"{name!r} belongs to dl itself  switch a plugin off with: DL_PLUGINS=-{name}")
    if distribution:
        return distribution
    if wanted in metadata_folders():
        raise BadOption(f"{name!r} registers nothing with dl  remove it with: python -m pip uninstall {wanted}")
    raise UnknownName(f"no distribution named {name!r} is installed{nearest(name, known)}  see: dl plugins")


def _replaced(name: str, before: str, after: str) -> str:
    return f"installed {name} {after} anew" if before == after else f"changed {name} {before} to {after}"


def registered_by(states: Iterable[Mapping[str, Any]], distribution: str) -> list[Mapping[str, Any]]:  # Any: JSON
    """Return the plugin states of one distribution."""
    return [state for state in states if normalized(str(state["distribution"])) == normalized(distribution)]
