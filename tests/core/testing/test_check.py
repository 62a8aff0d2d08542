from pathlib import Path

import numpy as np
import pytest

from dl.finding import Finding
from dl.specs import CheckSpec
from dl.testing import check_check
from dl.testing.check import RULES

PAGE = "# made-slow\n\n" + "A page says how it is found, why it matters, and what is to be done about it. " * 2
_rng = np.random.default_rng(0)


def spec(function, name="made-slow", page=PAGE, load=None):
    return CheckSpec(name, "of a test", load or (lambda: function), lambda: page)


def finding(code="made-slow", severity="tip", message="it was slow", **more):
    return Finding(code, severity, message, **more)


def writes(facts):
    (facts.kept.run.path / "mine.txt").write_text("was here")
    return []


def changes(facts):
    path = Path(facts.kept.run.path / "history.csv")
    path.write_text(path.read_text() + "\n")
    return []


BROKEN = {
    "its code can be used": [spec(lambda facts: [], "slow"), spec(lambda facts: [], "Made-slow")],
    "it has a page": [spec(lambda facts: [], page="slow"), spec(lambda facts: [], page="# made-slow\n\nslow")],
    "it is loaded": [spec(None, load=lambda: 7), spec(None, load=lambda: 1 / 0)],
    "it has a result for any run": [
        spec(lambda facts: facts.kept.rows[5]),
        spec(lambda facts: "slow"),
        spec(lambda facts: None),
    ],
    "its findings are its own": [
        spec(lambda facts: ["slow"]),
        spec(lambda facts: [finding("fit-gap")]),
        spec(lambda facts: [finding(severity="doom")]),
        spec(lambda facts: [finding(message="")]),
        spec(lambda facts: [finding(message="\x1b[31mred")]),
        spec(lambda facts: [finding(next="rm -r")]),
        spec(lambda facts: [finding(evidence={"n": object()})]),
    ],
    "it has the same result again": [spec(lambda facts: [finding(evidence={"n": _rng.random()})])],
    "it does not change the run": [spec(writes), spec(changes)],
}
CASES = [pytest.param(rule, one, id=f"{rule} {k}") for rule, specs in BROKEN.items() for k, one in enumerate(specs)]


@pytest.mark.parametrize(("rule", "made"), CASES)
def test_what_breaks_a_rule_is_named(rule, made, broken, numbers):
    assert rule in broken(check_check, made, numbers)


def test_there_is_a_broken_check_for_every_rule():
    assert set(BROKEN) | {"listing it imports nothing heavy"} == set(RULES)


def test_a_check_that_holds_is_not_complained_about(broken, numbers):
    def slow(facts):
        return [finding(evidence={"seconds": facts.manifest.seconds}, next="dl doctor")]

    assert broken(check_check, spec(slow), numbers) == {}


@pytest.mark.parametrize("code", ["fit-overfit-loss", "fit-gap", "health-nan"])
def test_checks_of_ours_hold(code, broken, numbers):
    assert broken(check_check, numbers.check(code), numbers) == {}
