"""An error whose line names no command gets the one that mends it."""

import pytest

from dl.cli.main import MODULES
from dl.cli.mending import OF_RUNS, with_command
from dl.errors import BadData, BadRecipe, BadRun, DamagedRun


@pytest.mark.parametrize(
    ("error", "typed", "line"),
    [
        (DamagedRun("x is damaged"), ["report", "3"], "x is damaged  which files: dl doctor 3"),
        (DamagedRun("x is damaged"), ["test"], "x is damaged  which files: dl doctor last"),
        (DamagedRun("x is damaged"), ["fit", "--from", "my run"], "x is damaged  which files: dl doctor 'my run'"),
        (DamagedRun("x is damaged"), ["ls", "runs"], "x is damaged  see: dl ls runs"),
        (DamagedRun("x is damaged"), ["doctor", "3"], "x is damaged"),
        (DamagedRun("x is gone  fit it: dl fit y"), ["report"], "x is gone  fit it: dl fit y"),
        (BadRecipe("not TOML"), ["fit"], "not TOML  see: dl ls recipes"),
        (BadRecipe("x.toml: leave --recipe out"), ["fit"], "x.toml: leave --recipe out"),
        (BadRun("too few to compare"), ["compare", "1", "2"], "too few to compare"),
        (BadData("every target is 3"), ["fit", "x.csv"], "every target is 3"),
    ],
)
def test_a_line_ends_with_the_command_that_mends_it_where_there_is_one(error, typed, line):
    assert with_command(error, typed) == line


def test_the_verbs_of_runs_are_verbs():
    assert set(OF_RUNS) <= {*MODULES, "report", "compare"}
