"""What a task's kind decides is a field of its row: no source compares a task's name, read from the syntax trees."""

import ast
from pathlib import Path

import pytest

from dl.tasks.plugin import OWN

ROOT = Path(__file__).parents[2]
SOURCES = [
    path
    for folder in ("packages", "plugins", "reports/src")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "templates" not in path.parts
]
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}


def holds_a_name(node):
    """Whether a literal is the name of a task, or holds one."""
    if isinstance(node, ast.Constant):
        return node.value in OWN if isinstance(node.value, str) else False
    if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
        return any(map(holds_a_name, node.elts))
    if isinstance(node, ast.Dict):
        return any(key is not None and holds_a_name(key) for key in node.keys)
    return isinstance(node, ast.Call) and any(map(holds_a_name, node.args)) and ast.unparse(node.func) == "frozenset"


def constants(trees):
    """The names of all constants, of any module, that are the name of a task or hold one."""
    return {
        target.id
        for tree in trees
        for node in tree.body
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None and holds_a_name(node.value)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name)
    }


def names_compared(tree, named):
    """The lines on which the name of a task is compared, looked up in a literal, or matched."""

    def is_one(node):
        referred = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
        return holds_a_name(node) or referred in named

    def is_kind(node):  # of a metric, one of which is called like a task
        return (isinstance(node, ast.Attribute) and node.attr == "kind") or (
            isinstance(node, ast.Name) and node.id == "kind"
        )

    for node in ast.walk(tree):
        compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
        compared += [node.value] if isinstance(node, ast.MatchValue) else []
        compared += [node.value] if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Dict) else []
        if any(map(is_one, compared)) and not any(map(is_kind, compared)):
            yield node.lineno


def test_no_name_of_a_task_is_compared():
    named = constants(TREES.values())
    found = [f"{path.relative_to(ROOT)}:{line}" for path, tree in TREES.items() for line in names_compared(tree, named)]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "if task.name == 'binary': pass",
        "if task.name in ('binary', 'multiclass'): pass",
        "if task.row.name != NEXT: pass",
        "if specs.NEXT == name: pass",
        "wide = {'binary': 1}[task.name]",
        "match name:\n    case 'regression': pass",
    ],
)
def test_the_guard_finds_a_comparison(source):
    assert list(names_compared(ast.parse(source), constants([ast.parse("NEXT = 'next-token'")])))


def test_the_guard_lets_a_name_be_said():
    assert not list(names_compared(ast.parse("tasks += ['regression']\nreturn_ = 'binary'"), set()))
