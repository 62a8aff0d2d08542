from typing import Annotated

import pytest
import typer

from dl.specs import CommandSpec
from dl.testing import check_command
from dl.testing.command import RULES

HELP = "Greet somebody.\n\nExample: dl greet you"


def greet(name: str, loud: Annotated[bool, typer.Option(help="In capitals.")] = False) -> None:
    raise AssertionError("a suite must not run a verb")


def strange(name: dict[str, int]) -> None:
    """Take what cannot be typed."""


def ends(help: bool = False) -> None:
    """Take the place of --help."""


BROKEN = {
    "no verb of dl has its name": [CommandSpec("fit", "Fit.\n\nExample: dl fit you", greet)],
    "it has a description with an example": [
        CommandSpec("greet", "", greet),
        CommandSpec("greet", "Greet somebody.", greet),
        CommandSpec("greet", "Greet somebody.\n\nExample: dl greets you", greet),
        CommandSpec("greet", "Greet " + "everybody " * 12 + "\n\nExample: dl greet you", greet),
        CommandSpec("greet", "Greet \x1b[31m.\n\nExample: dl greet you", greet),
    ],
    "dl can make a verb of it": [CommandSpec("greet", HELP, strange)],
    "it prints a help": [CommandSpec("greet", HELP, ends)],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_command, made, numbers)


def test_there_is_a_broken_command_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def test_a_command_that_holds_is_not_complained_about_and_not_run(broken, numbers):
    assert broken(check_command, CommandSpec("greet", HELP, greet), numbers) == {}


@pytest.mark.parametrize("name", ["report", "explain", "compare"])
def test_commands_of_ours_hold(name, broken, numbers):
    assert broken(check_command, numbers.commands[name], numbers) == {}
