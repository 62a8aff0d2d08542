"""What all distributions have in common comes from one place, and the version is raised by one command."""

import datetime
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dl.version import PROJECT, VERSION
from tools import members, version

ROOT = Path(__file__).parents[2]
FOLDERS = members.find_members()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def stated(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_member_has_what_all_have_in_common(folder):
    text = (folder / "pyproject.toml").read_text(encoding="utf-8")
    assert members.render(text, folder) == text, "write it: python -m tools.members"
    assert (folder / "LICENSE").read_text(encoding="utf-8") == (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert (folder / "README.md").read_text(encoding="utf-8").startswith(f"# {stated(folder)['name']}\n\n")
    assert all((source / "py.typed").is_file() for source in folder.glob("src/dl*"))


def test_the_usual_set_brings_every_member_of_its_own_version_and_every_extra():
    usual, others = stated(members.USUAL_SET), [stated(one) for one in FOLDERS if one != members.USUAL_SET]
    assert set(usual["dependencies"]) == {f"{one['name']}=={VERSION}" for one in others}
    brought = [Requirement(one) for extra in usual["optional-dependencies"].values() for one in extra]
    extras = {(one["name"], extra) for one in others for extra in one.get("optional-dependencies", {})}
    assert {(one.name, extra) for one in brought for extra in one.extras} == extras
    assert {str(one.specifier) for one in brought} == {f"=={VERSION}"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_the_distributions_as_they_are_called(page):
    text = page.read_text(encoding="utf-8")
    assert members.rename(text) == text


def test_another_name_of_the_project_reaches_each_requirement_and_nothing_else(monkeypatch):
    monkeypatch.setattr(members, "PROJECT", "other")
    folder = ROOT / "plugins/mnist"
    new = tomllib.loads(members.render((folder / "pyproject.toml").read_text(encoding="utf-8"), folder))
    old = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))
    assert new["project"]["name"] == "other-mnist"
    assert new["project"]["dependencies"] == [f"other-core=={VERSION}", f"other-vision=={VERSION}", "numpy>=2"]
    assert new["project"]["entry-points"] == old["project"]["entry-points"] and new["tool"] == old["tool"]


def test_a_new_member_may_name_others_in_short():
    text = (
        '[project]\nname = "x"\ndescription = "y"\ndependencies = ["dl-core", "dl-loggers[wandb]", "dl-corelib>=1"]\n'
    )
    found = tomllib.loads(members.render(text, ROOT / "plugins/new"))["project"]
    assert found["name"] == f"{PROJECT}-new" and found["version"] == VERSION and found["license"] == "MIT"
    core, loggers = f"{PROJECT}-core=={VERSION}", f"{PROJECT}-loggers[wandb]=={VERSION}"
    assert found["dependencies"] == [core, loggers, "dl-corelib>=1"]


@pytest.mark.parametrize(
    ("wanted", "reason"),
    [
        ("0.2.0", ""),
        ("0.2.0rc1", ""),
        ("0.1.0", "0.1.0 does not follow 0.1.0"),
        ("0.0.9", "0.0.9 does not follow 0.1.0"),
        ("v0.2", "write it 0.2"),
        ("next", "'next' is no version; expected one such as 0.2.0 or 0.2.0rc1"),
    ],
)
def test_a_version_is_refused_that_does_not_follow(wanted, reason):
    assert version.refusal(wanted, "0.1.0") == reason


def test_raising_the_version_closes_the_open_part_of_the_changelog():
    home = (ROOT / "packages/core/src/dl/version.py").read_text(encoding="utf-8")
    assert version.read_version(version.with_version(home, "9.0.1")) == "9.0.1"
    before = "# Changelog\n\n## Unreleased\n\n- A.\n"
    after = "# Changelog\n\n## Unreleased\n\n## 9.0.1 - 2026-02-03\n\n- A.\n"
    assert version.closed(before, "9.0.1", datetime.date(2026, 2, 3)) == after
