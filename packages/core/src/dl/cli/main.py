"""The command line: ``dl VERB ...``. stdout is the result, stderr is progress, a mistake is one line.

Exit codes: 0 fine, 1 training failed or findings at the asked level, 2 usage, 3 the data, 4 a plugin,
130 and 143 stopped by a signal. Nothing here imports torch until a verb needs it.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dl.errors import DLError, PluginFailed
from dl.terminal import console, safe_text
from dl.version import VERSION

if TYPE_CHECKING:
    from dl.plugins.states import PluginState
    from dl.specs import CommandSpec

# Which module of this package has each verb; only that of the verb asked for is built, for a user waits for the rest.
ROOMS = {
    "fit": "train",
    "test": "train",
    "predict": "train",
    "ls": "look",
    "show": "look",
    "doctor": "look",
    "plugins": "extend",
    "install": "extend",
    "uninstall": "extend",
    "new": "author",
}
VERSION_FLAG = "--version"


def command_line(word: str = "") -> typer.Typer:
    """Build the command line.

    Args:
        word: The first word typed. Where it is one of our own verbs, only its module is built; then, and for
            ``--version``, no plugin is loaded.
    """
    app = typer.Typer(
        name="dl",
        help="The universal workflow of deep learning. Start with: dl fit vision mnist",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    rooms = [ROOMS[word]] if word in ROOMS else dict.fromkeys(ROOMS.values())
    for room in rooms:
        import_module(f"dl.cli.{room}").add_to(app)
    app.callback()(_before_any_verb)
    if word not in ROOMS and word != VERSION_FLAG:
        _add_plugin_verbs(app)
    return app


def _say_version(asked: bool) -> None:
    if asked:
        print(f"dl {VERSION}")
        raise typer.Exit


def _before_any_verb(
    version: Annotated[
        bool,
        typer.Option(VERSION_FLAG, callback=_say_version, is_eager=True, help="Print the version of dl."),
    ] = False,
) -> None:
    """Take the flags that belong to no verb."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; everything a user can do wrong is one line on stderr."""
    warnings.showwarning = _one_line(set())  # a warning of dl is for the user, not for a developer
    try:
        code = command_line(*arguments[:1])(arguments or ["--help"], standalone_mode=False, prog_name="dl")
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DLError as error:
        if os.environ.get("DL_DEBUG") == "1":
            raise
        return _refuse(str(error), error.exit_code)
    except typer.TyperException as error:  # a wrong flag or a missing argument
        context = getattr(error, "ctx", None)
        typed = f"dl {arguments[0]}" if arguments and arguments[0] in ROOMS else "dl"
        return _refuse(f"{error.format_message()}  see: {context.command_path if context else typed} --help", 2)
    except typer.Abort:
        return 130
    except KeyboardInterrupt:
        return _refuse("stopped", 130)
    except BrokenPipeError:  # the reader of stdout has gone (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit:
        raise
    except BaseException as error:
        if os.environ.get("DL_DEBUG") == "1" or not (line := _blamed(error)):
            _suspect_plugins()
            raise
        return _refuse(line, PluginFailed.exit_code)


def _suspect_plugins() -> None:
    """Say how to find out whether an error of nobody's is that of a plugin which has changed dl, or Python, itself."""
    from dl.plugins.discovery import installed

    if any(not plugin.own for plugin in installed()):
        _refuse("an error in dl, or in a plugin that has changed something of it  find out: DL_PLUGINS=none", 1)


def _blamed(error: BaseException) -> str:
    """Return the line about the plugin in whose code an error arose; empty if it is dl's own."""
    from dl.plugins.attribution import plugin_of_traceback
    from dl.plugins.states import PluginWarning, describe_error, plugin_line

    if isinstance(error, PluginWarning):  # warnings are errors here
        return str(error)
    plugin = plugin_of_traceback(error)
    return plugin_line(plugin.name, plugin.origin, describe_error(error)) if plugin else ""


def _add_plugin_verbs(app: typer.Typer) -> None:
    from dl.plugins.loading import load_plugins

    plugins = load_plugins()
    owners = {name: state for state in plugins.states for name in state.registered.get("register_commands", ())}
    for name, spec in plugins.commands.items():
        if _fits(spec, owners[name]):
            app.command(name=name, help=spec.description)(_answerable(spec, owners[name]))


def _fits(spec: CommandSpec, owner: PluginState) -> bool:
    """Return whether typer can make a verb of a function; if not, say whose it is."""
    if owner.own:
        return True
    alone = typer.Typer()
    alone.command(name=spec.name)(spec.function)
    try:
        typer.main.get_command(alone)
    except Exception as error:
        from dl.plugins.states import describe_error, plugin_line, warn_of_plugins

        message = f"the command {spec.name!r} is left out, for its parameters cannot be read: {describe_error(error)}"
        warn_of_plugins(plugin_line(owner.name, owner.origin, message))
        return False
    return True


def _answerable(spec: CommandSpec, owner: PluginState) -> Callable[..., Any]:  # Any: as the plugin's function returns
    """Return a verb's function that, when it fails, says whose it is."""

    @wraps(spec.function)
    def verb(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
        from dl.plugins.states import describe_error, plugin_line, short_repr

        try:
            code = spec.function(*args, **kwargs)
        except (DLError, typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            message = f"the command {spec.name!r} failed: {describe_error(error)}"
            raise PluginFailed(plugin_line(owner.name, owner.origin, message)) from error
        is_code = type(code) is int and 0 <= code < 256  # a system keeps the last 8 bits
        if code is not None and not is_code:
            message = f"the command {spec.name!r} returned {short_repr(code)}, not an exit code from 0 to 255"
            raise PluginFailed(plugin_line(owner.name, owner.origin, message))
        return code

    return verb


def _refuse(message: str, code: int) -> int:
    line = safe_text(" ".join(message.split()) if "\n" in message else message, longest=2000)
    console(stderr=True).print(f"dl: {line}", style="red", soft_wrap=True)
    return code


def _one_line(said: set[str]) -> Callable[..., None]:
    """Return what shows a warning as one line, and the same line once."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        line = safe_text(message, longest=2000)
        if line not in said:
            said.add(line)
            console(stderr=True).print(f"dl: {line}", style="yellow", soft_wrap=True)

    return show
