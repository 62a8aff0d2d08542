"""The conformance suite for commands: that typer can build one from the function, and that it has a useful help.

A command is never run, since its effects are unknown: only its help is printed.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from functools import cached_property
from io import StringIO

import typer

from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error, short_repr
from dl.plugins.validation import OWN_COMMANDS
from dl.specs import CommandSpec
from dl.terminal import safe_text
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Results, Rules, ask

LONGEST = 100  # characters of the first line of a help
MOST = 20_000  # characters of a help that are checked


def check_command(spec: CommandSpec, plugins: Plugins | None = None) -> Results:
    """Test a command against every rule; it is run only with ``--help``.

    Args:
        spec: From ``plugins.commands["its name"]``, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    subject = _CommandSubject(spec, plugins or load_plugins())
    return ask(f"the command {spec.name!r}", subject, RULES, needed=("dl can make a verb of it",))


@dataclass(frozen=True)
class _CommandSubject:
    spec: CommandSpec
    plugins: Plugins

    @cached_property
    def verb(self) -> typer.Typer:
        """A command line with this command alone."""
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(name=self.spec.name, help=self.spec.description)(self.spec.function)
        return alone

    @cached_property
    def help(self) -> str:
        """The output of ``--help``."""
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()):
            self.verb(["--help"], standalone_mode=False, prog_name=f"dl {self.spec.name}")
        return out.getvalue()


def _light(subject: _CommandSubject) -> None:
    lists_lightly(subject.plugins, "commands", subject.spec.name)


def _free(subject: _CommandSubject) -> None:
    if subject.spec.name in OWN_COMMANDS:
        raise Broken(f"dl has its own verb {subject.spec.name!r}, which takes precedence")


def _described(subject: _CommandSubject) -> None:
    first, *rest = subject.spec.description.strip().splitlines() or [""]
    if not first or len(first) > LONGEST:
        raise Broken(f"the first line of its description is empty, or longer than {LONGEST} characters")
    if safe_text(subject.spec.description.replace("\n", " "), MOST) != subject.spec.description.replace("\n", " "):
        raise Broken("its description has control characters")
    example = f"Example: dl {subject.spec.name}"
    if not any(f"{line.strip()} ".startswith(f"{example} ") for line in rest):
        raise Broken(f"its description has no line that begins with {example!r}")


def _made(subject: _CommandSubject) -> None:
    try:
        typer.main.get_command(subject.verb)
    except Exception as error:
        raise Broken(f"its parameters cannot be read: {describe_error(error)}; annotate each with a type") from error


def _helps(subject: _CommandSubject) -> str:
    before = set(sys.modules)
    first = subject.spec.description.strip().partition("\n")[0]
    if " ".join(first.split()) not in " ".join(subject.help.split()):
        raise Broken(f"dl {subject.spec.name} --help prints {short_repr(subject.help)}, not its description")
    if heavy := sorted({"torch", "lightning"} & (set(sys.modules) - before)):
        raise Broken(f"dl {subject.spec.name} --help imports {', '.join(heavy)}; import it inside the function")
    return ""


RULES: Rules[_CommandSubject] = {
    "listing it imports nothing heavy": _light,
    "no verb of dl has its name": _free,
    "it has a description with an example": _described,
    "dl can make a verb of it": _made,
    "it prints a help": _helps,
}
