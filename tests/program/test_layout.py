"""Tests lie where their modules lie: each module has a file of its name in the same room, and no file is without one.

So whoever changes a module finds its facts at once, and a module that is removed takes its tests along.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
MEMBERS = {  # the modules of a member, and where their tests lie
    "core": (ROOT / "packages/core/src/dl", TESTS / "core"),
    "vision": (ROOT / "packages/vision/src/dl_vision", TESTS / "vision"),
    "text": (ROOT / "packages/text/src/dl_text", TESTS / "text"),
    "tabular": (ROOT / "packages/tabular/src/dl_tabular", TESTS / "tabular"),
    "reports": (ROOT / "reports/src/dl_reports", TESTS / "reports"),
    "mnist": (ROOT / "plugins/mnist/src/dl_mnist", TESTS / "mnist"),
    "toys": (ROOT / "plugins/toys/src/dl_toys", TESTS / "toys"),
    "backbones": (ROOT / "plugins/backbones/src/dl_backbones", TESTS / "backbones"),
    "sequences": (ROOT / "plugins/sequences/src/dl_sequences", TESTS / "sequences"),
    "serve": (ROOT / "plugins/serve/src/dl_serve", TESTS / "serve"),
    "words": (ROOT / "plugins/words/src/dl_words", TESTS / "words"),
    "reviews": (ROOT / "plugins/reviews/src/dl_reviews", TESTS / "reviews"),
    "loggers": (ROOT / "plugins/loggers/src/dl_loggers", TESTS / "loggers"),
    "regularizers": (ROOT / "plugins/regularizers/src/dl_regularizers", TESTS / "regularizers"),
    "augment": (ROOT / "plugins/augment/src/dl_augment", TESTS / "regularizers/augment"),  # share fits on a few digits
}
UNTESTED = {  # modules without a file of their own, and why
    ("core", "__main__.py"): "test_streams.py and test_rescue.py of cli, and tests/program, start `python -m dl`",
}
OF_SEVERAL = {  # test files that are about several modules, or about what is no module of a member
    ("reports", "checks/levels.py"): "how often each check speaks where nothing happens but noise",
    ("reports", "checks/levels_of_numbers.py"): "the same, where the task is no classification",
    ("reports", "render/shot.py"): "reports/gallery/shot.py draws the picture of the README",
    ("reports", "tasks.py"): "a real fit and its whole report for each task",
}
TEMPLATES = "templates"  # text of new projects: tests/program/test_new.py writes, installs and tests each


def modules(member):
    """The modules of a member, by their path below it; a room's __init__ is empty, or only names what is elsewhere."""
    source = MEMBERS[member][0]
    paths = (path.relative_to(source) for path in source.rglob("*.py") if path.stem != "__init__")
    return {path for path in paths if path.parts[0] != TEMPLATES}


def covered(member):
    """The module that each test file of a member is about, by its path."""
    folder = MEMBERS[member][1]
    inner = [where for _, where in MEMBERS.values() if where != folder and where.is_relative_to(folder)]
    paths = [path for path in folder.rglob("test_*.py") if not any(path.is_relative_to(other) for other in inner)]
    return {path.relative_to(folder).with_name(path.name.removeprefix("test_")) for path in paths}


def test_every_package_and_plugin_is_a_member():
    sources = {
        path
        for part in ("packages/*", "plugins/*", "reports")
        for path in ROOT.glob(f"{part}/src/dl*")
        if path.is_dir()
    }
    assert {source for source, _ in MEMBERS.values()} == sources


@pytest.mark.parametrize("member", MEMBERS)
def test_every_module_has_a_test_file_of_its_name_in_the_same_room(member):
    untested = {Path(path) for name, path in UNTESTED if name == member}
    assert sorted(modules(member) - covered(member) - untested) == []


@pytest.mark.parametrize("member", MEMBERS)
def test_every_test_file_has_a_module(member):
    of_several = {Path(path) for name, path in OF_SEVERAL if name == member}
    assert sorted(covered(member) - modules(member) - of_several) == []


def test_each_exception_is_one():
    assert all(Path(path) in modules(member) - covered(member) for member, path in UNTESTED)
    assert all(Path(path) in covered(member) - modules(member) for member, path in OF_SEVERAL)
    assert len(UNTESTED) + len(OF_SEVERAL) <= 5
