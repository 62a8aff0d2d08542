"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.specs import TaskSpec

if TYPE_CHECKING:
    from dl.tasks.task import TaskKind

dl_api = 4  # the version of dl's hooks

NAME = "newplugin"
DESCRIPTION = "counts from 0 up, by the Poisson deviance"


@hookimpl
def register_tasks() -> tuple[TaskSpec, ...]:
    """Return the rows that can be named after ``--task``, and how the target of a table is read for each."""
    return (TaskSpec(NAME, DESCRIPTION, _load, target_as="numbers"),)


def _load() -> TaskKind:
    from dl_newplugin.rates import row

    return row(NAME)
