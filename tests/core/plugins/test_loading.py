import re

import pytest

from dl.errors import PluginFailed
from dl.plugins.loading import inspect_plugins, load_plugins
from dl.plugins.states import PluginDeprecated
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


def test_dl_uses_nothing_old_itself():
    assert all(not state.problems for state in states().values())


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


def test_two_distributions_may_name_one_module(site, good):
    module = site.add("first", good("x"))
    site.add("second", "", target=module)
    found = states()
    assert found["first"].state == "ok" and "'x' is left out" in found["second"].message


def test_what_a_plugin_took_is_counted(site, good):
    site.add("napping", good("x", first="import time; time.sleep(0.2)"))
    assert 0.2 <= states()["napping"].seconds < 2 and states()["napping"].seconds < 0.2
