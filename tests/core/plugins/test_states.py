"""The state of a plugin and the one line about it, whatever its code raises."""

import json

import pytest

from dl.errors import BadOption, PluginFailed
from dl.plugins.loading import load_plugins
from dl.plugins.states import (
    LONGEST_REASON,
    STRICT,
    PluginState,
    PluginWarning,
    Problem,
    describe_error,
    short_repr,
    shortened,
    warn_of_plugins,
)


def test_strict_mode_names_the_first_and_counts_the_others(site, monkeypatch):
    site.add("bad", "raise ValueError")
    site.add("worse", "raise TypeError")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailed, match=r"plugin 'bad' of dist-bad 1.0, .* and 1 more: dl plugins"):
        load_plugins()


def state(*problems, name="mine"):
    return PluginState(name, "of dist-mine 1.0", "dist-mine", problems=problems)


def test_a_state_is_the_worst_that_a_problem_makes_of_it():
    assert state().state == "ok"
    assert state(Problem("old", state="ok"), Problem("needs", state="incompatible")).state == "incompatible"
    assert state(Problem("a"), Problem("b", state="blocked")).state == "failed"


def test_only_what_is_said_aloud_is_in_the_line_and_all_is_in_the_message():
    told = state(Problem("it fails"), Problem("a hook is old", warns=False), Problem("it prints"))
    line = "plugin 'mine' of dist-mine 1.0, dl 0.1.0: it fails; it prints  switch it off: DL_PLUGINS=-mine"
    assert told.warning == line and told.message == "it fails; a hook is old; it prints"
    assert state(Problem("a hook is old", warns=False)).warning == ""


def test_a_plugin_whose_name_cannot_be_typed_is_switched_off_by_its_distribution():
    assert state(Problem("it fails"), name="two words").warning.endswith("DL_PLUGINS=-dist-mine")


def test_a_state_as_json_has_its_hooks_as_lists_and_its_time_in_milliseconds():
    kept = PluginState("mine", "", registered={"register_models": ("a", "b")}, seconds=0.01234)
    assert json.loads(json.dumps(kept.as_dict())) == {
        "name": "mine",
        "distribution": "",
        "version": "",
        "path": "",
        "own": False,
        "state": "ok",
        "message": "",
        "hooks": {"register_models": ["a", "b"]},
        "milliseconds": 12.3,
    }


class Hostile(BaseException):
    """An exception that does all it can not to be shown."""

    def __str__(self):
        raise SystemExit(3)

    __repr__ = __str__


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError("x"), "KeyError: 'x'"),
        (ValueError(), "ValueError"),
        (ValueError("one\n  two"), "ValueError: one two"),
        (BadOption("no such thing"), "no such thing"),
        (SystemExit(3), "it calls sys.exit(3)"),
        (Hostile(), "Hostile: (its message cannot be shown)"),
    ],
)
def test_an_error_is_a_few_words_on_one_line(error, words):
    assert describe_error(error) == words


def test_an_error_that_was_raised_is_told_with_its_file_and_line():
    with pytest.raises(ZeroDivisionError) as caught:
        1 / 0  # noqa: B018
    line = caught.traceback[-1].lineno + 1
    assert describe_error(caught.value) == f"ZeroDivisionError: division by zero (test_states.py:{line})"


def test_what_is_long_is_cut_with_a_mark():
    assert shortened("abcdef", 6) == "abcdef" and shortened("abcdefg", 6) == "abcde…"
    assert len(describe_error(ValueError("x" * 1000))) == LONGEST_REASON
    assert short_repr(Hostile()) == "a Hostile" and len(short_repr("x" * 1000)) == 60


def test_each_line_is_a_warning_or_the_first_ends_the_program(monkeypatch):
    monkeypatch.delenv(STRICT, raising=False)
    with pytest.warns(PluginWarning) as caught:
        warn_of_plugins("line one", "line two")
    assert [str(one.message) for one in caught] == ["line one", "line two"]
    monkeypatch.setenv(STRICT, "1")
    with pytest.raises(PluginFailed, match=r"^line one  and 1 more: dl plugins$"):
        warn_of_plugins("line one", "line two")
