"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dl.hookspecs import hookimpl
from dl.specs import CheckSpec

from dl_newplugin import CODE

dl_api = 4  # the version of dl's hooks

DESCRIPTION = "the first epoch was the best: training made the network worse"


@hookimpl
def register_checks() -> tuple[CheckSpec, ...]:
    """Return the checks of every report, one finding code each."""
    return (CheckSpec(CODE, DESCRIPTION, _load, _page),)


def _load() -> Callable[[Any], Any]:  # Any: as in CheckSpec
    from dl_newplugin.check import best_is_first

    return best_is_first


def _page() -> str:
    return (Path(__file__).parent / f"{CODE}.md").read_text(encoding="utf-8")
