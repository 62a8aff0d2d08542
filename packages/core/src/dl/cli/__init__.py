"""The command line: ``dl VERB ...``. stdout is the result, stderr is progress, a mistake is one line.

Exit codes: 0 fine, 1 training failed or findings at the asked level, 2 usage, 3 the data, 4 a plugin,
130 and 143 stopped by a signal. Nothing here imports torch until a verb needs it.
"""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence

import typer

from dl.cli import look, train
from dl.errors import DLError, PluginFailed
from dl.terminal import console, safe_text

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


def _verbs() -> set[str]:
    """Return the verbs that are known so far."""
    return {str(command.name or getattr(command.callback, "__name__", "")) for command in app.registered_commands}


BUILT_IN = frozenset(_verbs())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Run one command and return its exit code; everything a user can do wrong is one line on stderr."""
    warnings.showwarning = _one_line  # a warning of dl is for the user, not for a developer
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


def _add_plugin_verbs(arguments: list[str]) -> None:
    """Add the verbs of the plugins, unless a built-in one is asked for: a fit need not wait for them.

    Raises:
        PluginFailed: If a plugin takes the name of a built-in verb.
    """
    if any(word in BUILT_IN for word in arguments[:1]):
        return
    from dl.plugins import load_plugins

    known = _verbs()
    for name, spec in load_plugins().commands.items():
        if name in BUILT_IN:
            raise PluginFailed(f"a plugin registers the command {name!r}, which is dl's own  uninstall that plugin")
        if name not in known:
            app.command(name=name, help=spec.description)(spec.function)


def _refuse(message: str, code: int) -> int:
    line = safe_text(" ".join(message.split()) if "\n" in message else message, longest=2000)
    console(stderr=True).print(f"dl: {line}", style="red", soft_wrap=True)
    return code


def _verb(arguments: list[str]) -> str:
    known = _verbs()
    return next((f"{word} " for word in arguments if word in known), "")


def _one_line(message: Warning | str, *_: object, **__: object) -> None:
    console(stderr=True).print(f"dl: {safe_text(message)}", style="yellow", soft_wrap=True)
