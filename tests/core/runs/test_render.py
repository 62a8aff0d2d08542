"""The report of a run is printed by the first plugin that does it; one that fails is named."""

import pytest

from dl import hookspecs
from dl.errors import PluginFailed
from dl.hookspecs import hookimpl
from dl.plugins.loading import load_plugins
from dl.plugins.states import PluginWarning
from dl.runs.render import render_report


def test_a_report_that_no_plugin_renders_is_said(monkeypatch):
    monkeypatch.setenv("DL_PLUGINS", "-reports")
    assert render_report(None, None, load_plugins()) is False


class Renders:
    """A plugin that renders reports with a function of the hook's arguments."""

    def __init__(self, answer):
        self.answer = answer

    @hookimpl
    def render_report(self, run, plugins):
        return self.answer(run, plugins)


def test_a_third_partys_report_comes_before_ours_and_gets_what_is_registered():
    seen = []
    found = load_plugins(extra=[Renders(lambda run, plugins: seen.append((run, plugins)) or True)])
    assert render_report("a run", None, found) is True
    assert seen == [("a run", found)]


def test_a_report_that_fails_is_one_line_and_the_next_plugin_is_asked():
    def fail(run, plugins):
        raise RuntimeError("no paper")

    found = load_plugins(extra=[Renders(lambda run, plugins: True), Renders(fail)])
    with pytest.warns(
        PluginWarning, match="'Renders-2' .*render_report failed: RuntimeError: no paper .*DL_PLUGINS=-R"
    ):
        assert render_report(None, None, found) is True


def test_a_report_that_fails_ends_the_program_in_strict_mode(monkeypatch):
    found = load_plugins(extra=[Renders(lambda run, plugins: 1 / 0)])
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")
    with pytest.raises(PluginFailed, match="ZeroDivisionError"):
        render_report(None, None, found)


def test_a_plugin_that_takes_no_argument_at_all_may_render():
    class Plain:
        dl_api = hookspecs.API

        @hookimpl
        def render_report(self):
            return True

    assert render_report(None, None, load_plugins(extra=[Plain()])) is True
