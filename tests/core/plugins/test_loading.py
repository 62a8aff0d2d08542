import re
import subprocess
import sys

import pytest

from dl import hookspecs
from dl.errors import PluginFailed
from dl.plugins.loading import HOOKS, inspect_plugins, load_plugins
from dl.plugins.states import PluginDeprecated, PluginWarning
from dl.plugins.validation import _FIELDS, KINDS
from dl.runs.render import render_report as render

OLD = """
from dl import hookimpl
from dl.specs import SectionSpec

dl_api = 1

@hookimpl
def report_sections():
    return [SectionSpec("energy", lambda: lambda facts: ["12 Wh"])]

@hookimpl
def render_report(run, console):
    console.print(f"the report of {run}")
    return True
"""
TO_BE_SAID = {
    "the hook report_sections is called register_sections since API 2",
    "the argument console of render_report is called out since API 2",
}


class Screen:
    """What a renderer prints to."""

    def __init__(self):
        self.lines = []

    def print(self, line):
        self.lines.append(line)


def states(**extra):
    return {state.name: state for state in inspect_plugins(**extra).states}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_plugin_of_the_version_before_works_and_only_dl_plugins_says_what_is_old(site):
    site.add("old", OLD)
    plugins, screen = load_plugins(), Screen()  # a PluginWarning would fail this test
    assert plugins.sections["energy"].load()(None) == ["12 Wh"] and plugins.sections["energy"].plugin == "old"
    assert render("run 1", screen, plugins) is True and screen.lines == ["the report of run 1"]
    state = next(state for state in plugins.states if state.name == "old")
    assert state.state == "ok" and set(state.message.split("; ")) == TO_BE_SAID and state.warning == ""


def test_its_author_sees_a_deprecation_warning(site):
    site.add("old", OLD)
    with pytest.warns(PluginDeprecated) as caught:
        load_plugins()
    assert {re.search(r"0.1.0: (.+?)  switch", str(one.message))[1] for one in caught} == TO_BE_SAID


def test_a_plugin_that_takes_no_argument_at_all_may_render():
    class Plain:
        dl_api = hookspecs.API

        @hookspecs.hookimpl
        def render_report(self):
            return True

    assert render(None, None, load_plugins(extra=[Plain()])) is True


def test_dl_uses_nothing_old_itself():
    assert all(not state.problems for state in states().values())


def test_every_hook_is_documented_and_called():
    assert all(getattr(hookspecs, hook).__doc__ for hook in HOOKS)
    assert {hook for kind in KINDS for hook in kind.hooks} | {"render_report"} == set(HOOKS)


def test_every_field_of_a_specification_has_its_check():
    assert {field for kind in KINDS for field in kind.spec.__dataclass_fields__} <= set(_FIELDS)


@pytest.mark.parametrize(
    ("wish", "there", "missing"),
    [
        ("-one", {"two", "three", "mnist"}, {"one"}),
        ("-one,-two", {"three", "mnist"}, {"one", "two"}),
        ("two", {"two", "mnist"}, {"one", "three"}),
        ("one, two", {"one", "two", "mnist"}, {"three"}),
        ("one,two,-two", {"one", "mnist"}, {"two", "three"}),
        ("dist-two", {"two"}, {"one"}),
        ("dist_two,-mnist", {"two"}, {"one", "mnist"}),
        ("none", {"mnist"}, {"one", "two", "three"}),
        ("-mnist", {"one", "two", "three"}, {"mnist"}),
        ("", {"one", "two", "three", "mnist"}, set()),
    ],
)
def test_plugins_are_switched_off_and_limited(site, good, monkeypatch, wish, there, missing):
    for name in ("one", "two", "three"):
        site.add(name, good(name), distribution=f"dist_{name}")
    monkeypatch.setenv("DL_PLUGINS", wish)
    plugins = load_plugins()
    names = {name for _, name in plugins.datasets}
    assert there <= names and not missing & names
    assert {state.name for state in plugins.states if state.state == "blocked"} >= missing


def test_a_plugin_that_is_switched_off_is_not_imported(site, monkeypatch, capfd):
    site.add("loud", "print('imported'); raise ValueError")
    monkeypatch.setenv("DL_PLUGINS", "-loud")
    assert states()["loud"].message == "switched off by DL_PLUGINS"
    load_plugins()
    assert capfd.readouterr().out == ""


def test_a_name_that_no_plugin_has_is_said_with_the_nearest(monkeypatch):
    monkeypatch.setenv("DL_PLUGINS", "-mnits")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")  # it is no plugin that has failed
    with pytest.warns(PluginWarning, match="names the plugin 'mnits', which is not there; did you mean 'mnist'"):
        load_plugins()


def test_each_call_is_traced_with_its_plugin_and_its_time(site, good, monkeypatch, capsys):
    module = site.add("traced", good("x"))
    monkeypatch.setenv("DL_TRACE_PLUGINS", "1")
    plugins = load_plugins()
    with pytest.raises(PluginFailed, match="returned None, not a Dataset"):
        plugins.dataset("vision", "x").load({})
    lines = [re.sub(r"[\d.]+ ms$", "T", line) for line in capsys.readouterr().err.splitlines() if "traced" in line]
    assert lines == [
        f"dl: trace  traced  import {module}  T",
        "dl: trace  traced  register_datasets  T",
        "dl: trace  traced  load of the data set 'x'  T",
    ]


def test_strict_mode_names_the_first_and_counts_the_others(site, monkeypatch):
    site.add("bad", "raise ValueError")
    site.add("worse", "raise TypeError")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailed, match=r"plugin 'bad' of dist-bad 1.0, .* and 1 more: dl plugins"):
        load_plugins()


def test_two_distributions_may_name_one_module(site, good):
    module = site.add("first", good("x"))
    site.add("second", "", target=module)
    found = states()
    assert found["first"].state == "ok" and "'x' is left out" in found["second"].message


def test_what_a_plugin_took_is_counted(site, good):
    site.add("napping", good("x", first="import time; time.sleep(0.2)"))
    assert 0.2 <= states()["napping"].seconds < 2 and states()["napping"].seconds < 0.2


def test_stdout_and_stderr_are_as_before_whatever_a_plugin_does(site, good, capfd):
    site.add("rude", good("x", first="import sys\nsys.stdout = sys.stderr = None"))
    site.add("ruder", good("y", first="import sys, os\nsys.stderr.close(); os.close(1)"))
    load = inspect_plugins()
    print("still here")
    assert capfd.readouterr().out == "still here\n"
    assert {("vision", "x"), ("vision", "y")} <= set(load.datasets)


def test_where_interrupts_are_ignored_one_that_a_plugin_raises_is_its_own(site, good):
    """A shell that starts a program in the background has it ignore Ctrl-C."""
    site.add("interrupts", "raise KeyboardInterrupt")
    site.add("after", good("after"))
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from dl.plugins.loading import inspect_plugins;"
        "states = {state.name: state for state in inspect_plugins().states};"
        "print(states['interrupts'].state, states['after'].state)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "failed ok\n"
