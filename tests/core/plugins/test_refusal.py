import pytest

from dl.errors import BadOption, PluginFailed
from dl.options import Option
from dl.plugins.attribution import wrap_plugin
from dl.plugins.discovery import FoundPlugin
from dl.plugins.refusal import build_from
from dl.specs import ModelSpec

KNOWN = (Option("width", 64, "units"), Option("kind", "flat", "a word"), Option("share", 0.5, "a share"))
USUAL = {one.name: one.default for one in KNOWN}


def refusing(**bad):
    """A function that builds from everything but these values, each with its error."""

    def build(options):
        for name, (value, error) in bad.items():
            if options[name] == value:
                raise error
        return dict(options)

    return build


def refused(build, **typed):
    with pytest.raises(BadOption) as caught:
        build_from(build, USUAL | typed, KNOWN, "model tall")
    return str(caught.value)


def test_what_works_is_built_once():
    asked = []
    assert build_from(asked.append, USUAL | {"width": 3}, KNOWN, "model tall") is None
    assert asked == [USUAL | {"width": 3}]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BadOption("units must be positive"), "units must be positive"),
        (ValueError("units must be positive"), "ValueError: units must be positive (test_refusal.py:"),
        (ZeroDivisionError(), "ZeroDivisionError (test_refusal.py:"),
    ],
)
def test_a_value_without_which_it_works_is_named_with_the_authors_reason(error, reason):
    said = refused(refusing(width=(0, error)), width=0, kind="steep")
    assert said.startswith(f"model tall: width=0 is refused: {reason}") and said.endswith("  by default: 64")


def test_a_refusal_that_names_its_option_stays_as_it_is():
    assert refused(refusing(width=(0, BadOption("width=0: even ones only"))), width=0) == "width=0: even ones only"


def test_values_that_are_bad_together_are_named_together():
    def build(options):
        if (options["width"], options["kind"]) != (64, "flat"):
            raise ValueError("only as it is")

    said = refused(build, width=3, kind="steep")
    assert said.startswith("model tall: width=3 kind=steep is refused: ValueError: only as it is")
    assert said.endswith("  by default: 64, flat")


@pytest.mark.parametrize("typed", [{}, {"width": 3}, {"width": 3, "kind": "steep"}])
def test_what_fails_at_its_defaults_too_is_no_fault_of_a_value(typed):
    def build(options):
        raise ValueError("never")

    with pytest.raises(ValueError, match="never"):
        build_from(build, USUAL | typed, KNOWN, "model tall")


def test_what_a_plugin_raises_is_shown_without_the_plugin_for_the_value_was_typed():
    def build(shape, outputs, options):
        return 1 // options["width"]

    spec = wrap_plugin(ModelSpec("tall", "vision", "x", build), FoundPlugin("theirs", lambda: None), "the model 'tall'")
    with pytest.raises(PluginFailed, match=r"plugin 'theirs'.* build of the model 'tall' failed: ZeroDivisionError"):
        spec.build((), 1, {"width": 0})
    said = refused(lambda options: spec.build((), 1, options) if options["width"] < 64 else None, width=0)
    assert said.startswith("model tall: width=0 is refused: ZeroDivisionError") and "theirs" not in said


def test_an_interrupt_is_no_refusal():
    def build(options):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_from(build, USUAL | {"width": 3}, KNOWN, "model tall")
