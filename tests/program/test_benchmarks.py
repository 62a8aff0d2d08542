"""The benchmarks import what there is, also in the programs that they write: none of them is run here."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

from dl.intervals import Interval
from dl.plugins.loading import load_plugins

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if path.name != "__main__.py")


def programs(tree):
    """The text constants of a module that are programs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "import " in node.value:
            try:
                yield ast.parse(node.value)
            except SyntaxError:
                continue


def names(tree):
    """What a module, and the programs in it, import of ours: pairs of a module and a name of it."""
    for part in (tree, *programs(tree)):
        for node in ast.walk(part):
            if isinstance(node, ast.ImportFrom) and node.module.partition("_")[0].partition(".")[0] == "dl":
                yield from ((node.module, alias.name) for alias in node.names)
            elif isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names if alias.name.partition(".")[0] == "dl")


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_what_a_benchmark_imports_of_ours_is_there(path):
    for module, name in names(ast.parse(path.read_text(encoding="utf-8"))):
        found = importlib.import_module(module)
        assert not name or hasattr(found, name) or importlib.import_module(f"{module}.{name}"), f"{module}.{name}"


def test_every_benchmark_is_imported(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    for path in MODULES:
        importlib.import_module(f"benchmarks.{path.stem}" if path.stem != "__init__" else "benchmarks")
    for name in [name for name in sys.modules if name.partition(".")[0] == "benchmarks"]:
        del sys.modules[name]


def test_the_three_answers_of_a_fit_are_judged_by_a_set_that_it_never_saw(monkeypatch, tmp_path, one_thread):
    monkeypatch.syspath_prepend(str(ROOT))
    draws, fits, answers = (
        importlib.import_module(f"benchmarks.{name}") for name in ("answer_draws", "answer_fits", "answers")
    )
    draw = draws.grouped(8, 0, constant=False)
    judged = answers.judge(draw.kind, draw.name, fits.fitted(draw, tmp_path / "fit", 0))
    assert [one.question for one in judged] == ["skill", "memorization", "turn"]
    assert not any(one.contradicted for one in judged) and all(one.beyond == 0 for one in judged)
    assert fits.fitted(draw, tmp_path / "fit", 0).run.path == fits.fitted(draw, tmp_path / "fit", 0).run.path, "kept"


def test_a_truth_certainly_on_the_other_side_contradicts_and_one_within_both_errors_does_not(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    answers = importlib.import_module("benchmarks.answers")
    truth = answers.Truth(-1.0, 0.5)
    assert truth.below(0.0) and not truth.below(-0.5) and not truth.above(-1.5)
    assert truth.beyond(1.0, Interval(0.0, 2.0)) == -1 and truth.beyond(0.0, Interval(-1.0, 1.0)) == 0


def test_a_regularizer_is_measured_in_a_step_that_a_fit_takes(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    regularizers = importlib.import_module("benchmarks.regularizers")
    for reg in ({}, {"mixup": {}}, {"l2": {}}, {"resample": {}}):
        assert regularizers.step_of(reg, load_plugins(), "mnist-even")() > 0
