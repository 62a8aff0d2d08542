"""The command line: ``dl COMMAND ...``. Results go to stdout, progress to stderr, an error is one line.

With ``--json`` stdout holds one document, which of an error is its code, line and mending command. The exit codes are
those of `dl.exit_codes`. Nothing here imports torch until a command needs it.
"""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dl.background import is_abandoned, leave_soon
from dl.cli import json_output, rescue
from dl.cli.json_output import begin_command, error_document, is_asked, print_document
from dl.cli.mending import command_of, with_command
from dl.errors import DLError, NoAccess, PluginFailed, ProcessLost, barred_place, is_out_of_memory
from dl.exit_codes import DONE, FAILED, LOST, PLUGIN, STOPPED, USAGE, of_signal
from dl.launch import is_watched
from dl.plugins.registered import loading_once, registered
from dl.signals import SecondSignal, ignored, signal_of
from dl.terminal import console, safe_text
from dl.version import VERSION
from dl.work_display import showing

if TYPE_CHECKING:
    from dl.plugins.registry import Plugins
    from dl.plugins.states import PluginState
    from dl.specs import CommandSpec

# The module of each command; only that of the requested command is imported, to keep the start fast.
MODULES = {
    "fit": "fit",
    "test": "evaluate",
    "predict": "predict",
    "cv": "cv",
    "baseline": "baseline",
    "check": "check",
    "tune": "tune",
    "workflow": "workflow",
    "tutorial": "tutorial",
    "status": "status",
    "stop": "detach",
    "export": "export",
    "ls": "look",
    "show": "look",
    "doctor": "look",
    "rm": "tidy",
    "tag": "tidy",
    "note": "tidy",
    "plugins": "extend",
    "install": "extend",
    "uninstall": "extend",
    "new": "author",
    "completion": "completion",
}
VERSION_FLAG = "--version"


def command_line(word: str = "") -> typer.Typer:
    """Build the command line.

    Args:
        word: The first argument. If it is a command, only this one is built: of one of dl's own only its module is
            imported, and no plugin is loaded; nor is it for ``--version``.
    """
    app = typer.Typer(
        name="dl",
        help="Train networks by the universal workflow of deep learning. Start with: dl fit vision mnist",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback()(_global_flags)
    if word in MODULES:
        _add_own_commands(app, [MODULES[word]])
    elif word != VERSION_FLAG:
        plugins = registered()
        is_theirs = word in plugins.commands
        if not is_theirs:
            _add_own_commands(app, dict.fromkeys(MODULES.values()))
        _add_plugin_commands(app, plugins, [word] if is_theirs else plugins.commands)
    return app


def _add_own_commands(app: typer.Typer, modules: Iterable[str]) -> None:
    for module in modules:
        import_module(f"dl.cli.{module}").add_to(app)


def _print_version(requested: bool) -> None:
    if requested:
        print(f"dl {VERSION}")
        raise typer.Exit


def _global_flags(
    version: Annotated[
        bool,
        typer.Option(VERSION_FLAG, callback=_print_version, is_eager=True, help="Print the version of dl."),
    ] = False,
) -> None:
    """Accept the flags that belong to no command."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    code = run(sys.argv[1:] if arguments is None else list(arguments))
    # Threads of a lost connection may abort the program at exit, with another code; a tracker may block it for ever.
    if (code and is_watched()) or is_abandoned():
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    leave_soon(code)
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; a user's mistake is one line on stderr."""
    warnings.showwarning = _one_line(set())  # warnings of dl are for users, not for developers
    arguments = _fill_resume(arguments)
    begin_command()
    refuse = partial(_refuse, arguments)
    try:
        if not [word for word in arguments if word != json_output.FLAG]:
            from dl.cli.here import show_here

            show_here(as_json=bool(arguments))
            sys.stdout.flush()
            return DONE
        with showing(), loading_once(), _threads_in_one_line():
            code = _invoke(arguments)
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except DLError as error:
        if os.environ.get("DL_DEBUG") == "1":
            raise
        if isinstance(error, ProcessLost) and is_watched():
            return LOST  # whoever watches knows which process has ended, and why
        return refuse(error, with_command(error, arguments), error.exit_code)
    except typer.TyperException as error:  # a wrong flag or a missing argument
        context = getattr(error, "ctx", None)
        typed = f"dl {arguments[0]}" if arguments and arguments[0] in MODULES else "dl"
        return refuse(
            error, f"{error.format_message()}  see: {context.command_path if context else typed} --help", USAGE
        )
    except (typer.Abort, KeyboardInterrupt, SecondSignal) as error:
        return _stopped(refuse, error)
    except BrokenPipeError:  # the reader of stdout has exited (| head)
        return DONE
    except SystemExit as error:  # from inside of a verb: Lightning exits on a KeyboardInterrupt, a network may exit
        return _stopped(refuse, error) if signal_of(error) else _left(refuse, error)
    except BaseException as error:
        if os.environ.get("DL_DEBUG") == "1":
            raise
        if signal_of(error):
            return _stopped(refuse, error)
        if is_out_of_memory(error):
            advice = "close other programs, or take less at once: smaller files, batch_size="
            return refuse(error, f"out of memory: {error or type(error).__name__}  {advice}", FAILED)
        if isinstance(error, Exception) and arguments[:1] and arguments[0] in rescue.VERBS:
            return rescue.rescue(arguments, error)
        if barred := barred_place(error):
            return refuse(error, barred, NoAccess.exit_code)
        line = _plugin_error_line(error) or rescue.broken_environment(error)
        if not line:
            _suspect_plugins()
            if is_asked(arguments):
                print_document(error_document(FAILED, type(error).__name__, str(error)))
            raise
        return refuse(error, line, PLUGIN)


def _invoke(arguments: list[str]) -> object:
    """Build the command line and call the verb; typer's own way to call it turns a Ctrl-C into a bare exit code.

    Raises:
        Abort: If a question is asked and stdin has ended.
    """
    command = typer.main.get_command(command_line(*arguments[:1]))
    try:
        with command.make_context("dl", list(arguments), obj=arguments) as context:
            return command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except EOFError as error:
        raise typer.Abort from error


def _stopped(refuse: Callable[[BaseException, str, int], int], error: BaseException) -> int:
    """Tell that a signal, or a no to a question, has ended the command; a further signal does not keep it from that.

    An import, or Lightning, may have turned the interrupt into another error.
    """
    number = signal_of(error)
    with ignored():
        return refuse(KeyboardInterrupt() if number else error, "stopped", of_signal(number) or STOPPED)


def _left(refuse: Callable[[BaseException, str, int], int], error: SystemExit) -> int:
    """Tell that something has called `sys.exit` before the command ended by itself; never as if it had worked."""
    from dl.plugins.states import describe_error

    code = error.code if isinstance(error.code, int) and 0 < error.code < 256 else FAILED
    return refuse(error, _plugin_error_line(error) or f"the command was cut off: {describe_error(error)}", code)


def _fill_resume(arguments: list[str]) -> list[str]:
    """Name the newest unfinished run where ``--resume`` stands without a run."""
    if "--resume" not in arguments[1:] or arguments[0] != "fit":
        return arguments
    at = arguments.index("--resume") + 1
    is_bare = at == len(arguments) or arguments[at].startswith("-") or "=" in arguments[at]
    return [*arguments[:at], "last", *arguments[at:]] if is_bare else arguments


def _suspect_plugins() -> None:
    """Suggest DL_PLUGINS=none when no plugin appears in the traceback."""
    from dl.plugins.discovery import installed

    if any(not plugin.own for plugin in installed()):
        _print_error("an error in dl, or in a plugin that has patched it  find out: DL_PLUGINS=none")


def _plugin_error_line(error: BaseException) -> str:
    """Return the error line of the plugin whose code raised an error; empty if it is dl's own."""
    from dl.plugins.attribution import plugin_of_traceback
    from dl.plugins.states import PluginWarning, describe_error, plugin_line

    if isinstance(error, PluginWarning):  # where warnings are errors
        return str(error)
    plugin = plugin_of_traceback(error)
    return plugin_line(plugin.name, plugin.origin, describe_error(error)) if plugin else ""


def _add_plugin_commands(app: typer.Typer, plugins: Plugins, names: Iterable[str]) -> None:
    owners = {name: state for state in plugins.states for name in state.registered.get("register_commands", ())}
    for name in names:
        spec = plugins.commands[name]
        if _fits(spec, owners[name]):
            app.command(name=name, help=spec.description)(_attributed(spec, owners[name]))


def _fits(spec: CommandSpec, owner: PluginState) -> bool:
    """Return whether typer can build a command from a function; if not, warn and name its plugin."""
    if owner.own:
        return True
    alone = typer.Typer()
    alone.command(name=spec.name)(spec.function)
    try:
        typer.main.get_command(alone)
    except Exception as error:
        from dl.plugins.states import describe_error, plugin_line, warn_of_plugins

        message = f"the command {spec.name!r} is left out, since its parameters cannot be read: {describe_error(error)}"
        warn_of_plugins(plugin_line(owner.name, owner.origin, message))
        return False
    return True


def _attributed(spec: CommandSpec, owner: PluginState) -> Callable[..., Any]:  # Any: as the plugin's function returns
    """Wrap the function of a command so that its errors name the plugin."""

    @wraps(spec.function)
    def command(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
        from dl.plugins.states import describe_error, plugin_line, short_repr

        try:
            code = spec.function(*args, **kwargs)
        except (DLError, typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            if barred := barred_place(error):
                raise NoAccess(barred) from error
            message = f"the command {spec.name!r} failed: {describe_error(error)}"
            raise PluginFailed(plugin_line(owner.name, owner.origin, message)) from error
        is_code = type(code) is int and 0 <= code < 256  # the system keeps only the last 8 bits
        if code is not None and not is_code:
            message = f"the command {spec.name!r} returned {short_repr(code)}, not an exit code from 0 to 255"
            raise PluginFailed(plugin_line(owner.name, owner.origin, message))
        return code

    return command


def _refuse(arguments: Sequence[str], error: BaseException, message: str, code: int) -> int:
    """Print the line of an error on stderr, and as a document on stdout where JSON is asked for; return its code."""
    line = _print_error(message)
    if is_asked(arguments):
        print_document(error_document(code, type(error).__name__, line, command_of(line, arguments)))
    return code


def _print_error(message: str) -> str:
    line = safe_text(" ".join(message.split()) if "\n" in message else message, longest=2000)
    console(stderr=True).print(f"dl: {line}", style="red", soft_wrap=True)
    return line


@contextmanager
def _threads_in_one_line() -> Iterator[None]:
    """Tell what ends a thread in one line, as that of a library which writes in the background.

    Whoever waits for the thread, or uses the library next, tells more.
    """

    def tell(failed: threading.ExceptHookArgs) -> None:
        if os.environ.get("DL_DEBUG") == "1":
            before(failed)
            return
        from dl.plugins.states import describe_error

        error = failed.exc_value or failed.exc_type()
        line = safe_text(f"a thread has ended: {describe_error(error)}", longest=2000)
        console(stderr=True).print(f"dl: {line}", style="yellow", soft_wrap=True)

    before, threading.excepthook = threading.excepthook, tell
    try:
        yield
    finally:
        threading.excepthook = before


def _one_line(shown: set[str]) -> Callable[..., None]:
    """Return a `warnings.showwarning` that prints each warning as one line, and the same line once."""

    def show(message: Warning | str, *_: object, **__: object) -> None:
        line = safe_text(message, longest=2000)
        if line not in shown:
            shown.add(line)
            console(stderr=True).print(f"dl: {line}", style="yellow", soft_wrap=True)

    return show
