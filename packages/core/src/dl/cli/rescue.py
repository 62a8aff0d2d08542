"""The verbs that mend an environment, where the command line itself cannot be used: plugins, uninstall, doctor.

An old rich or typer, brought by another distribution, keeps dl from starting. Here the standard library is enough:
plain lines, made from the metadata of distributions, without importing a plugin.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from dl.cli.json_output import error_document, is_asked, print_document
from dl.errors import DLError, InstallFailed
from dl.exit_codes import DONE, FAILED, PLUGIN
from dl.plugins.discovery import OWN, FoundPlugin, installed, metadata_folders

LONGEST = 300  # characters of an error


def rescue(arguments: Sequence[str], error: Exception) -> int:
    """Run a verb that mends, or tell why dl does not work and how to mend it; return the exit code."""
    verb, *words = arguments or ["--help"]
    line = f"{_kind(error)}: {error}{_reason()}"
    _print_error(line)
    if is_asked(arguments):
        print_document(error_document(PLUGIN, _kind(error), line))
    if verb not in VERBS or any(word.startswith("-") for word in words):
        _print_error("what still works: dl doctor, dl plugins, dl uninstall NAME")
        return PLUGIN
    try:
        return VERBS[verb](words)
    except DLError as failed:
        _print_error(str(failed))
        return failed.exit_code


def broken_environment(error: BaseException) -> str:
    """Return the line about an error that comes from unmet requirements; empty if all are met."""
    reason = _reason()
    return f"{_kind(error)}: {error}{reason}" if reason else ""


def _reason() -> str:
    """Return the first requirement that is not met, with the command that mends it; empty if all are met."""
    lines = list(_unmet())
    more = f" (and {len(lines) - 1} more: dl doctor)" if lines[1:] else ""
    return f"; {lines[0]}{more}" if lines else ""


def _unmet() -> Iterator[str]:
    from dl.packaging.needs import unmet_needs

    try:
        needs = unmet_needs()
    except ImportError as error:  # packaging itself
        yield f"{error}  install it: python -m pip install packaging"
        return
    for need in needs:
        here = f"{need.name} {need.here} is installed" if need.here else "it is not installed"
        yield f"{need}, and {here}  mend it: python -m pip install '{need.name}{need.specifier}'"


def _plugins(_words: Sequence[str]) -> int:
    """List the plugins by their metadata."""
    for one in installed():
        print(_safe(f"{one.name}  {_origin(one)}  {'of dl' if one.own else 'remove it: dl uninstall ' + one.name}"))
    return PLUGIN


def _origin(one: FoundPlugin) -> str:
    return f"{one.distribution} {one.version}"


def _uninstall(words: Sequence[str]) -> int:
    """Uninstall a distribution with plugins."""
    from dl.packaging.install import uninstall

    if len(words) != 1:
        raise InstallFailed("uninstall takes the name of one plugin  see: dl plugins")
    for line in uninstall(words[0]).lines:
        print(_safe(line))
    return DONE


def _doctor(_words: Sequence[str]) -> int:
    """List the versions of dl's distributions and every requirement that is not met."""
    print(_safe(f"ok  python  {sys.version.split()[0]} at {sys.executable}"))
    folders = metadata_folders()
    for name in sorted(OWN & set(folders)):
        print(_safe(f"ok  {name}  {Path(folders[name]).stem.partition('-')[2]}"))
    for line in _unmet():
        print(_safe(f"!!  {line}"))
    return FAILED


VERBS: dict[str, Callable[[Sequence[str]], int]] = {"plugins": _plugins, "uninstall": _uninstall, "doctor": _doctor}


def _kind(error: BaseException) -> str:
    return type(error).__name__


def _print_error(line: str) -> None:
    print(f"dl: {_safe(' '.join(line.split()) if chr(10) in line else line)}", file=sys.stderr)


def _safe(text: str) -> str:
    """Return a text without characters that act on a terminal, as `dl.terminal.safe_text` does with rich."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
