from pathlib import Path

import numpy as np
import pytest

from dl.specs import SectionSpec
from dl.testing import check_section
from dl.testing.section import RULES

_rng = np.random.default_rng(0)


def spec(function, name="pace", load=None):
    return SectionSpec(name, load or (lambda: function))


def writes(facts):
    (Path(facts.kept.run.path) / "mine.txt").write_text("was here")
    return []


def prints(facts):
    print("fast")
    return ["fast"]


BROKEN = {
    "its title can be shown": [spec(lambda facts: [], "\x1b[31mpace"), spec(lambda facts: [], "pa\nce")],
    "it is loaded": [spec(None, load=lambda: ["fast"]), spec(None, load=lambda: 1 / 0)],
    "it has a result for any run": [
        spec(lambda facts: [facts.epochs[7].loss]),
        spec(lambda facts: "fast"),
        spec(lambda facts: None),
        spec(lambda facts, width: []),
    ],
    "its lines are plain text": [
        spec(lambda facts: [7]),
        spec(lambda facts: ["\x1b[31mfast"]),
        spec(lambda f: ["a\nb"]),
    ],
    "the report shows it": [spec(lambda facts: ["fast"], "[red]pace[/red]" + " " * 90 + "x")],
    "it prints nothing": [spec(prints)],
    "it has the same result again": [spec(lambda facts: [f"{_rng.random()}"])],
    "it does not change the run": [spec(writes)],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_section, made, numbers)


def test_there_is_a_broken_section_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def lines(facts):
    return [f"{len(facts.epochs)} epochs"] if len(facts.epochs) > 1 else []


def one_by_one(facts):
    yield from lines(facts)


@pytest.mark.parametrize("function", [lines, one_by_one])
def test_a_section_that_holds_is_not_complained_about(function, broken, numbers):
    assert broken(check_section, spec(function), numbers) == {}
    said = {one.rule: one.message for one in check_section(spec(function), numbers)}
    assert (
        "overfits: 1 line;" in said["it has a result for any run"]
        and "is short" not in said["it has a result for any run"]
    )
