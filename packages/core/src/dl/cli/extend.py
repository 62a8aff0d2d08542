"""The commands about plugins: plugins (with trust, untrust, lock and check), install, uninstall."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from dl.cli.author import CHECK, check
from dl.cli.flags import Json
from dl.cli.json_output import print_json
from dl.errors import BadOption, UnknownName, nearest
from dl.exit_codes import DONE, PLUGIN
from dl.terminal import console, plain

if TYPE_CHECKING:
    from dl.packaging.install import Changes
    from dl.plugins.states import PluginState

MOST_NAMES = 6  # names of one hook listed in the table
LONGEST = 1000  # characters of a message about a plugin


def add_to(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    group = typer.Typer(invoke_without_command=True, rich_markup_mode=None)
    group.callback(help=_PLUGINS)(plugins)
    group.command(help=_TRUST)(trust)
    group.command(help=_UNTRUST)(untrust)
    group.command(help=_LOCK)(lock)
    group.command(name="check", help=CHECK)(check)
    app.add_typer(group, name="plugins")
    app.command(help=_INSTALL)(install)
    app.command(help=_UNINSTALL)(uninstall)


_PLUGINS = """List plugins with origin, state, hooks and errors.

Example: dl plugins
"""


def plugins(
    context: typer.Context,
    hook: Annotated[str, typer.Option(help="List only plugins with this hook, with all names they register.")] = "",
    as_json: Json = False,
) -> int:
    """List the plugins."""
    if context.invoked_subcommand:
        return DONE
    from dl.plugins.loading import HOOKS, inspect_plugins
    from dl.plugins.states import strict

    if hook and hook not in HOOKS:
        raise UnknownName(f"dl has no hook {hook!r}{nearest(hook, HOOKS)}  hooks: {', '.join(HOOKS)}")
    found = inspect_plugins()
    listed = [state for state in found.states if not hook or hook in state.registered]
    if as_json:
        print_json([state.as_dict() for state in listed])
    else:
        _show(listed, hook)
        for note in found.notes:
            console(stderr=True).print(plain(f"dl: {note}", "yellow", LONGEST), soft_wrap=True)
    return PLUGIN if strict() and found.failures else DONE


def _show(states: Sequence[PluginState], hook: str) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2), header_style="dim")
    for name in ("plugin", "from", "state"):
        table.add_column(name, no_wrap=name != "from", overflow="fold")
    table.add_column("registers", overflow="fold")
    for state in states:
        lines = [_registers(name, names, whole=bool(hook)) for name, names in state.registered.items()]
        lines = [line for line in lines if not hook or line.startswith(hook)] + (
            [state.message] if state.message else []
        )
        where = f"{state.distribution} {state.version}" if state.distribution else state.path
        first = [plain(state.name), plain(where), plain(state.state)]
        style = {"ok": "", "blocked": "dim"}.get(state.state, "bold red")
        for number, line in enumerate(lines or [""]):
            table.add_row(*(first if not number else ["", "", ""]), plain(line, "", LONGEST), style=style)
    console().print(table if states else plain("no plugin", "dim"))


def _registers(hook: str, names: Sequence[str], *, whole: bool) -> str:
    shown = names if whole else names[:MOST_NAMES]
    more = f", and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return f"{hook}: {', '.join(shown)}{more}" if names else hook


_TRUST = """Trust the one-file plugins in a folder. Read them first: they run with your permissions.
A file that changes must be trusted again.

Example: dl plugins trust
"""


def trust(
    folder: Annotated[Path, typer.Argument(help="Folder with the plugins.")] = Path("dl_plugins"),
    as_json: Json = False,
) -> None:
    """Trust a folder of one-file plugins."""
    from dl.plugins import local

    chosen = local.plugin_folder(folder)
    trusted = local.trust(chosen)
    if as_json:
        print_json({"folder": str(chosen), "trusted": trusted})
        return
    for name, digest in trusted.items():
        console().print(plain(f"trusted {chosen / name}  sha256 {digest[:12]}"), soft_wrap=True)


_UNTRUST = """Stop trusting the one-file plugins in a folder.

Example: dl plugins untrust
"""


def untrust(
    folder: Annotated[Path, typer.Argument(help="Folder with the plugins.")] = Path("dl_plugins"),
    as_json: Json = False,
) -> None:
    """Stop trusting a folder of one-file plugins."""
    from dl.plugins import local

    chosen = local.plugin_folder(folder)
    local.untrust(chosen)
    if as_json:
        print_json({"folder": str(chosen), "trusted": {}})
        return
    console().print(plain(f"the plugins in {chosen} are no longer trusted and will not run"), soft_wrap=True)


_LOCK = """Write a lock file of the installed plugins, with hashes. Install from it with: dl install --lock FILE

Example: dl plugins lock
"""


def lock(
    file: Annotated[Path, typer.Argument(help="File to write.")] = Path("dl-plugins.lock"), as_json: Json = False
) -> None:
    """Write the lock file."""
    from dl.packaging.lock import write_lock

    names = write_lock(file)
    if as_json:
        print_json({"file": str(file), "locked": list(names)})
        return
    summary = f"locked {', '.join(names)}" if names else "no plugin but dl's own is installed; nothing to lock"
    console().print(plain(f"wrote {file}: {summary}", "", LONGEST), soft_wrap=True)


_INSTALL = """Install a plugin by name, from a folder, a wheel or a URL. It goes into the environment of dl.

Example: dl install ./my-plugin
"""


def install(
    what: Annotated[str, typer.Argument(metavar="[NAME|FOLDER|WHEEL|URL]", help="The plugin to install.")] = "",
    upgrade: Annotated[bool, typer.Option("-U", "--upgrade", help="Upgrade to the newest version.")] = False,
    editable: Annotated[bool, typer.Option("-e", "--editable", help="Install a folder in editable mode.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")] = False,
    lock: Annotated[Path | None, typer.Option("--lock", help="Install from a lock file.")] = None,
    replace: Annotated[
        list[str] | None, typer.Option(help="Allow replacing torch, lightning or numpy; repeatable.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Install even what breaks or replaces parts of dl.")] = False,
    as_json: Json = False,
) -> int:
    """Install a distribution and list what it registers."""
    if bool(what) == (lock is not None) or (lock and (upgrade or editable or dry_run or replace or force)):
        raise BadOption(
            "install takes a name, a folder, a wheel or a URL, or --lock FILE alone  see: dl install --help"
        )
    from dl.packaging import install

    asked = {"upgrade": upgrade, "editable": editable, "force": force}
    if dry_run:
        _print_changes(install.plan(what, replace=replace or (), **asked), "would have ", as_json=as_json)
        return DONE
    changes = install.install_locked(lock) if lock else install.install(what, replace=replace or (), **asked)
    if not as_json:
        _print_changes(changes)
    return _print_registered(changes, what, as_json=as_json)


_UNINSTALL = """Uninstall a plugin, by its name or that of its distribution.

Example: dl uninstall my-plugin
"""


def uninstall(
    name: Annotated[str, typer.Argument(help="Name of a plugin or its distribution; see: dl plugins")],
    as_json: Json = False,
) -> None:
    """Uninstall a distribution."""
    from dl.packaging import install

    _print_changes(install.uninstall(name), as_json=as_json)


def _print_changes(changes: Changes, how: str = "", *, as_json: bool = False) -> None:
    if as_json:
        print_json({"changes": [how + line for line in changes.lines], "plugins": []})
        return
    for line in changes.lines:
        console().print(plain(how + line), soft_wrap=True)
    if not changes.lines:
        console().print("nothing has changed")


def _print_registered(changes: Changes, what: str, *, as_json: bool) -> int:
    """List what the requested distributions register; return 4 if one of their plugins cannot be used."""
    from dl.packaging.install import fresh_states, packages, registered_by
    from dl.plugins.discovery import normalized

    asked = sorted(changes.asked) or [name for name in [normalized(what)] if name in packages()]
    states = fresh_states()
    found = [state for name in asked for state in registered_by(states, name)]
    if as_json:
        print_json({"changes": list(changes.lines), "plugins": found})
    elif asked and not found:
        line = f"{', '.join(asked)}: registers nothing with dl, since it has no entry point in the group 'dl'"
        console().print(plain(line, "", LONGEST), soft_wrap=True)
    for state in [] if as_json else found:
        for line in _registered(state):
            console().print(plain(line, "", LONGEST), soft_wrap=True)
    broken = [state for state in found if state["state"] not in ("ok", "blocked")]
    for state in broken:
        console(stderr=True).print(plain(f"dl: {_broken_message(state)}", "red", LONGEST), soft_wrap=True)
    return PLUGIN if broken else DONE


def _registered(state: Mapping[str, Any]) -> Iterable[str]:  # Any: JSON
    yield f"plugin {state['name']!r} of {state['distribution']} {state['version']}: {state['state']}"
    for hook, names in state["hooks"].items():
        yield f"  {_registers(hook, names, whole=True)}"


def _broken_message(state: Mapping[str, Any]) -> str:  # Any: JSON
    remove = f"remove it: dl uninstall {state['distribution']}"
    return f"it is installed, but cannot be used: {state['message']}  {remove}"
