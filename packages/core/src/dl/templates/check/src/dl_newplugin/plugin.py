"""What this distribution adds to dl. It is imported with every command: import what is heavy in functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dl.hookspecs import hookimpl
from dl.specs import CheckSpec

from dl_newplugin import CODE

dl_api = 4  # the version of dl's hooks that this is written for

DESCRIPTION = "the first epoch was the best: training made the network worse"


@hookimpl
def register_checks() -> tuple[CheckSpec, ...]:
    """Return the checks that every report asks, one finding code each."""
    return (CheckSpec(CODE, DESCRIPTION, _load, _page),)


def _load() -> Callable[[Any], Any]:  # Any: as CheckSpec says
    from dl_newplugin.check import best_is_first

    return best_is_first


def _page() -> str:
    return (Path(__file__).parent / f"{CODE}.md").read_text(encoding="utf-8")
