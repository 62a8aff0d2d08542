"""An error whose line names no command gets the one that mends it."""

import pytest

from dl.cli.main import MODULES
from dl.cli.mending import OF_RUNS, command_of, with_command
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


@pytest.mark.parametrize(
    ("line", "typed", "command"),
    [
        ("no run '9' in 'runs'  see: dl ls runs", "report 9", "dl ls runs"),
        ("no data set named 'minst'; did you mean 'mnist'?  see: dl ls datasets", "fit minst", "dl fit mnist"),
        ("no option 'widht'; did you mean 'width'?  see: dl show convnet", "fit x widht=3", "dl show convnet"),
        ("there is no terminal; add --yes", "rm 3", "dl rm 3 --yes"),
        ("name runs  example: dl rm 3 4, or dl rm --where x", "rm", "dl rm 3 4"),
        ("one of: dl completion bash, dl completion zsh", "completion", "dl completion bash"),
        ("keep rows in another file, and compare its predictions: dl predict 1 FILE", "test 1", "dl predict 1 FILE"),
        ("3 columns could be the target; pass --target with one of: a, b", "fit x.csv", "dl fit x.csv --target COLUMN"),
        ("the loss is nan  try: lr=0.1 or clip=1", "fit x.csv lr=9", "dl fit x.csv lr=0.1"),
        ("or continue without them: bad_rows=skip", "fit x.csv", "dl fit x.csv bad_rows=skip"),
        ("every target is 3", "fit x.csv", ""),
    ],
)
def test_the_command_that_mends_is_told_to_programs(line, typed, command):
    assert command_of(line, typed.split()) == command
