"""The plugin of dl-serve: the verb serve."""

from __future__ import annotations

from dl.hookspecs import hookimpl
from dl.specs import CommandSpec


@hookimpl
def register_commands() -> tuple[CommandSpec, ...]:
    """Register the verb serve; FastAPI and uvicorn are imported when it is called."""
    from dl_serve import command

    return (CommandSpec("serve", command.SERVE, command.serve),)
