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
from typing import TYPE_CHECKING, Any

import typer

from dl.cli import author, extend, look, train
from dl.errors import DLError, PluginFailed
from dl.terminal import console, safe_text

if TYPE_CHECKING:
    from dl.plugins import PluginState
    from dl.specs import CommandSpec

app = typer.Typer(
    name="dl",
    help="The universal workflow of deep learning. Start with: dl fit vision mnist",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
train.add_to(app)
look.add_to(app)
extend.add_to(app)
author.add_to(app)


def _verbs() -> set[str]:
    """Return the verbs that are known so far."""
    commands = {str(command.name or getattr(command.callback, "__name__", "")) for command in app.registered_commands}
    return commands | {str(group.name) for group in app.registered_groups}


BUILT_IN = frozenset(_verbs())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; everything a user can do wrong is one line on stderr."""
    warnings.showwarning = _one_line(set())  # a warning of dl is for the user, not for a developer
    try:
        _add_plugin_verbs(arguments)
        code = app(arguments, standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except DLError as error:
        if os.environ.get("DL_DEBUG") == "1":
            raise
        return _refuse(str(error), error.exit_code)
    except typer.TyperException as error:  # a wrong flag or a missing argument
        return _refuse(f"{error.format_message()}  see: dl {_verb(arguments)}--help", 2)
    except typer.Abort:
        return 130
    except KeyboardInterrupt:
        return _refuse("stopped", 130)
    except BrokenPipeError:  # the reader of stdout has gone (| head)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if os.environ.get("DL_DEBUG") == "1" or not (line := _blamed(error)):
            raise
        return _refuse(line, PluginFailed.exit_code)


def _blamed(error: Exception) -> str:
    """Return the line about the plugin in whose code an error arose; empty if it is dl's own."""
    from dl.blame import culprit
    from dl.states import PluginWarning, one_line, told

    if isinstance(error, PluginWarning):  # warnings are errors here
        return str(error)
    plugin = culprit(error)
    return one_line(plugin.name, plugin.origin, told(error)) if plugin else ""


def _add_plugin_verbs(arguments: list[str]) -> None:
    """Add the verbs of the plugins, unless a built-in one is asked for: a fit need not wait for them."""
    if any(word in BUILT_IN for word in arguments[:1]):
        return
    from dl.plugins import load_plugins

    plugins, known = load_plugins(), _verbs()
    owners = {name: state for state in plugins.states for name in state.registered.get("register_commands", ())}
    for name, spec in plugins.commands.items():
        if name not in known and _fits(spec, owners[name]):
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
        from dl.plugins import complain
        from dl.states import one_line, told

        says = f"the command {spec.name!r} is left out, for its parameters cannot be read: {told(error)}"
        complain(one_line(owner.name, owner.origin, says))
        return False
    return True


def _answerable(spec: CommandSpec, owner: PluginState) -> Callable[..., Any]:  # Any: as the plugin's function returns
    """Return a verb's function that, when it fails, says whose it is."""

    @wraps(spec.function)
    def verb(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
        try:
            return spec.function(*args, **kwargs)
        except (DLError, typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except Exception as error:
            from dl.states import one_line, told

            says = f"the command {spec.name!r} failed: {told(error)}"
            raise PluginFailed(one_line(owner.name, owner.origin, says)) from error

    return verb


def _refuse(message: str, code: int) -> int:
    line = safe_text(" ".join(message.split()) if "\n" in message else message, longest=2000)
    console(stderr=True).print(f"dl: {line}", style="red", soft_wrap=True)
    return code


def _verb(arguments: list[str]) -> str:
    known = _verbs()
    return next((f"{word} " for word in arguments if word in known), "")


def _one_line(said: set[str]) -> Callable[..., None]:
    """Return what shows a warning as one line, and the same line once."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        line = safe_text(message, longest=2000)
        if line not in said:
            said.add(line)
            console(stderr=True).print(f"dl: {line}", style="yellow", soft_wrap=True)

    return show
