"""A third party's checks, sections and verbs come through the plugin host like our own."""

import sys
from itertools import repeat
from types import SimpleNamespace

import pytest

from dl.errors import PluginFailed
from dl.finding import Finding
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.plugins.states import PluginWarning
from dl.specs import CheckSpec, SectionSpec
from dl_reports.build import build_report


def check_spec(function, code="other-slow"):
    return CheckSpec(code, "the fit was slow", lambda: function, lambda: f"# {code}\n")


def plugin(checks=(), sections=()):
    return SimpleNamespace(
        register_checks=hookimpl(lambda: checks), register_sections=hookimpl(lambda: sections), __name__="other"
    )


def with_plugin(**registered):
    return load_plugins([plugin(**registered)])


def slow(facts):
    return [Finding("other-slow", "tip", f"{facts.manifest.seconds:.0f} seconds", {"seconds": facts.manifest.seconds})]


def test_a_third_partys_check_speaks_beside_ours(simulated):
    report = build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(slow)]))
    assert "3 seconds" in {finding.message for finding in report.findings}


def test_a_check_that_fails_is_named_and_the_others_go_on(simulated):
    def broken(facts):
        raise RuntimeError("out of luck")

    with pytest.warns(PluginWarning) as said:
        report = build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(broken)]))
    (line,) = [str(one.message) for one in said]
    assert line.startswith("plugin 'other' given by the program, dl ") and "the check 'other-slow' failed: Run" in line
    assert line.endswith("  switch it off: DL_PLUGINS=-other")
    why = next(one.why for one in report.unchecked if one.what == "other-slow")
    assert (
        why.startswith("the check 'other-slow' of plugin")
        and why.count("failed: RuntimeError: out of luck (test_run_checks.py:") == 1
    )
    assert report.curves is not None


@pytest.mark.parametrize(
    "answer", [["words"], [Finding("fit-gap", "tip", "not its own")], [Finding("other-slow", "doom", "x")]]
)
def test_a_check_that_returns_something_else_is_named(simulated, answer):
    with pytest.warns(PluginWarning, match="the check 'other-slow' returned something else"):
        report = build_report(
            simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(lambda facts: answer)])
        )
    assert "returned something else" in next(one.why for one in report.unchecked if one.what == "other-slow")


def test_of_two_checks_of_one_code_ours_stays():
    with pytest.warns(
        PluginWarning, match=r"the check 'fit-gap' is left out, since dl's own \(dl-workbench-reports\) has that name"
    ):
        assert with_plugin(checks=[check_spec(slow, "fit-gap")]).check("fit-gap").plugin == "reports"


class Odd(BaseException):
    """Not an Exception."""


def odd(facts):
    raise Odd("no")


def test_a_check_that_raises_what_is_no_exception_or_never_ends_is_named(simulated):
    for function, says in ((odd, "failed: Odd: no"), (lambda facts: repeat(slow(facts)[0]), "more than 10,000 values")):
        with pytest.warns(PluginWarning, match=f"the check 'other-slow' .*{says}"):
            report = build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(function)]))
        assert says in next(one.why for one in report.unchecked if one.what == "other-slow")


def test_in_strict_mode_a_check_that_fails_ends_the_report(simulated, monkeypatch):
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailed, match="the check 'other-slow' failed: Odd: no"):
        build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(odd)]))


def test_a_check_that_leaves_the_program_is_named_and_the_others_go_on(simulated):
    with pytest.warns(PluginWarning, match="it calls sys.exit"):
        report = build_report(
            simulated(signal=[3.0] * 3), plugins=with_plugin(checks=[check_spec(lambda facts: sys.exit(3))])
        )
    assert "it calls sys.exit(3)" in next(one.why for one in report.unchecked if one.what == "other-slow")


def test_a_page_that_is_no_text_is_said():
    spec = CheckSpec("other-odd", "of a test", lambda: slow, lambda: 7)
    with pytest.raises(PluginFailed, match="page of the check 'other-odd' returned 7, not a str"):
        with_plugin(checks=[spec]).check("other-odd").page()


def test_a_section_that_returns_one_text_is_named_and_not_taken_apart(simulated):
    spec = SectionSpec("energy", lambda: lambda facts: "12 Wh")
    with pytest.warns(PluginWarning, match="the section 'energy' returned '12 Wh', not a list"):
        report = build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(sections=[spec]))
    assert report.sections == ()
    (reason,) = [one.why for one in report.unchecked if one.what == "energy"]
    assert reason.endswith("returned '12 Wh', not a list")


def test_a_third_partys_section_is_in_the_report_and_an_empty_one_is_not(simulated):
    said = SectionSpec("energy", lambda: lambda facts: ["12 Wh"])
    silent = SectionSpec("nothing", lambda: lambda facts: [])
    report = build_report(simulated(signal=[3.0] * 3), plugins=with_plugin(sections=[said, silent]))
    assert [(one.title, one.lines) for one in report.sections] == [("energy", ("12 Wh",))]
