"""Check in a subprocess that a plugin imports no heavy package when it is listed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache

from dl.plugins.registry import Plugins
from dl.plugins.selection import NONE, VARIABLE
from dl.testing.rules import Broken, Skipped, owner

HEAVY = ("torch", "lightning", "torchmetrics", "scipy", "sklearn", "pandas", "PIL", "matplotlib", "tokenizers")
_LIST = (
    "import json, sys\n"
    "from dl.plugins.loading import inspect_plugins\n"
    "states = {state.name for state in inspect_plugins().states if state.registered}\n"
    "print(json.dumps([sorted(states), [name for name in sys.argv[1:] if name in sys.modules]]))"
)


def lists_lightly(plugins: Plugins, field: str, key: object) -> None:
    """Check that the plugin of a specification imports nothing heavy when it is listed.

    Args:
        plugins: The registered plugins.
        field: Of `Plugins`, like ``datasets``.
        key: Of the specification there.

    Raises:
        Broken: Naming the imported packages.
        Skipped: If no installed plugin registered it.
    """
    state = owner(plugins, field, key)
    registered, heavy = _listed(state.name, state.path) if state and state.path else ((), ())
    if state is None or state.name not in registered:
        raise Skipped("it is not registered by an installed plugin")
    heavy = heavy if state.own else tuple(one for one in heavy if one not in _listed(NONE, "")[1])
    if heavy:
        raise Broken(f"the plugin {state.name!r} imports {', '.join(heavy)} when it is listed; import it in functions")


@lru_cache
def _listed(name: str, _path: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the plugins that register something and the imported heavy packages, with only this plugin and dl's own.

    Cached by name and path.
    """
    given = {**os.environ, VARIABLE: name}
    command = [sys.executable, "-c", _LIST, *HEAVY]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=given)
    try:
        registered, heavy = json.loads(done.stdout)
    except ValueError:
        raise Skipped(f"dl does not start in a process of its own: {done.stderr.strip()[-200:]}") from None
    return tuple(registered), tuple(heavy)
