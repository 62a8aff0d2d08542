import pytest

from dl.options import Option, Space
from dl.testing.rules import Broken, DoesNotConform, Skipped, ask, options_hold


def raising(error):
    def rule(subject):
        raise error

    return rule


def test_every_rule_is_asked_and_one_that_raises_breaks_alone():
    rules = {
        "holds": lambda subject: None,
        "remarks": lambda subject: f"on {subject}",
        "breaks": raising(Broken("so")),
        "cannot": raising(Skipped("why")),
        "fails": raising(ValueError("odd")),
        "leaves": raising(SystemExit(3)),
    }
    with pytest.raises(DoesNotConform, match="it: 3 of 6 rules do not hold") as caught:
        ask("it", "x", rules)
    said = [(one.state, one.message) for one in caught.value.results]
    assert said[:4] == [("ok", ""), ("ok", "on x"), ("failed", "so"), ("skipped", "why")]
    assert said[4][0] == "failed" and said[4][1].startswith("ValueError: odd (test_rules.py:")
    assert said[5][0] == "failed" and said[5][1].startswith("it calls sys.exit(3)")
    assert "breaks: so" in str(caught.value)


def test_what_needs_a_rule_that_fails_is_skipped():
    rules = {"first": raising(Broken("no")), "second": raising(AssertionError("must not be asked"))}
    with pytest.raises(DoesNotConform) as caught:
        ask("it", None, rules, needed=("first",))
    assert caught.value.results[1].as_dict() == {
        "rule": "second",
        "state": "skipped",
        "message": "depends on: first",
    }


def test_what_holds_is_returned():
    assert [one.state for one in ask("it", None, {"a": lambda subject: None})] == ["ok"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([Option("a b", 1, "x")], "cannot be typed"),
        ([Option("n", 1, "x"), Option("n", 2, "x")], "two options have the name"),
        ([Option("n", 1, "x", low=2)], "n=1: expected a whole number, at least 2"),
        ([Option("n", "a", "x", choices=("b", "c"))], "expected one of b, c"),
        ([Option("n", 1, " ")], "no help"),
    ],
)
def test_an_option_that_cannot_be_used_is_said(options, message):
    with pytest.raises(Exception, match=message):
        options_hold(options)


@pytest.mark.parametrize(
    ("space", "words"),
    [
        (Space(), "has neither choices nor a range"),
        (Space(3, 2), "has neither choices nor a range: from 3 to 2"),
        (Space(0, 1, log=True), "is drawn by logarithms from 0; begin above 0"),
        (Space(1, 20), "holds a value that the option refuses"),
        (Space(choices=(1, 11)), "holds a value that the option refuses"),
    ],
)
def test_a_space_that_a_search_cannot_draw_from_breaks_the_rule(space, words):
    with pytest.raises(Broken, match=f"the space of 'level' {words}"):
        options_hold([Option("level", 1, "how strong", low=0, high=10, space=space)])


def test_a_space_within_the_option_holds():
    options_hold([Option("level", 1, "how strong", low=0, high=10, space=Space(1, 10, log=True))])
    options_hold([Option("rate", 1.0, "rate", low=0, space=Space(0.1, 10, log=True, relative=True))])
