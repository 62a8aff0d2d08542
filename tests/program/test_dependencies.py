"""What a member imports stands in its dependencies, and in constraints.txt with an exact version."""

import ast
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from dl.plugins.discovery import OWN

ROOT = Path(__file__).parents[2]
MEMBERS = {
    path.parent.name: path.parent
    for path in (
        *ROOT.glob("packages/*/pyproject.toml"),
        *ROOT.glob("plugins/*/pyproject.toml"),
        ROOT / "reports/pyproject.toml",
    )
}
OURS = {source.name for folder in MEMBERS.values() for source in (folder / "src").iterdir()}
IN_PROGRAMS = {"ray"}  # extras of what a program on a page imports beside dl
BROUGHT = {"core": {"pytest"}}  # imported by the fixtures for authors, which pytest itself imports
BESIDE = {"load"}  # imported by a file that an export writes beside it
DISTRIBUTIONS = packages_distributions()


def project(folder):
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def imported(folder):
    """The other packages that a member imports, also inside functions and for types; templates are not imported."""
    found = {}
    for path in sorted((folder / "src").rglob("*.py")):
        if "templates" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                top = name.partition(".")[0]
                if top not in sys.stdlib_module_names and top not in OURS | BESIDE:
                    found.setdefault(top, f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def named(folder):
    """The distributions that a member names, those of its extras as well."""
    stated = project(folder)
    extras = [one for extra in stated.get("optional-dependencies", {}).values() for one in extra]
    return {canonicalize_name(Requirement(one).name) for one in [*stated["dependencies"], *extras]}


def tools():
    """The distributions that a contributor needs beside the members."""
    lines = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line).name for line in lines if line and not line.startswith("#")]


def pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_names_every_distribution_that_it_imports(member):
    unnamed = {
        top: where
        for top, where in imported(MEMBERS[member]).items()
        if not {canonicalize_name(one) for one in DISTRIBUTIONS.get(top, [top])} & named(MEMBERS[member])
    }
    assert unnamed.keys() <= BROUGHT.get(member, set()), unnamed


@pytest.mark.parametrize("member", MEMBERS)
def test_a_member_names_no_distribution_that_it_neither_imports_nor_reads(member):
    text = "\n".join(path.read_text(encoding="utf-8") for path in (MEMBERS[member] / "src").rglob("*.py"))
    imports = {canonicalize_name(one) for top in imported(MEMBERS[member]) for one in DISTRIBUTIONS.get(top, [top])}
    for name in named(MEMBERS[member]) - imports - IN_PROGRAMS:
        ours = name in OWN
        assert ours or re.search(rf"[\"']{re.escape(name)}[\"']", text, re.IGNORECASE), name


def test_every_distribution_that_is_named_has_an_exact_version_in_the_constraints():
    ours = {project(folder)["name"] for folder in MEMBERS.values()}
    needed = {canonicalize_name(one) for one in tools()}
    for folder in MEMBERS.values():
        imports = {canonicalize_name(one) for top in imported(folder) for one in DISTRIBUTIONS.get(top, [top])}
        stated = {canonicalize_name(Requirement(one).name) for one in project(folder)["dependencies"]}
        needed |= stated | (named(folder) & imports)  # of the extras those that are imported
    needed -= ours
    assert needed - {canonicalize_name(name) for name in pinned()} == set()


def test_no_line_of_the_constraints_is_for_nothing():
    reached = set()
    waiting = [Requirement(one).name for folder in MEMBERS.values() for one in project(folder)["dependencies"]]
    waiting += tools()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in reached:
            reached.add(name)
            try:
                waiting += [Requirement(one).name for one in requires(name) or ()]
            except PackageNotFoundError:  # for another system, or of an extra
                continue
    assert {canonicalize_name(name) for name in pinned()} <= reached
