"""Reports and comparisons in a program: computed by the first plugin that answers, whatever names the run."""

from dataclasses import replace

import pytest

import dl
from dl.errors import BadRun, PluginFailed
from dl.plugins.loading import load_plugins
from dl.runs.report import find_run

INSTALL = "install one: pip install dl-workbench-reports"


@pytest.fixture
def run(fit, blobs):
    return fit(blobs(), epochs=1)


def test_the_report_is_computed_by_the_first_plugin_that_answers(run, plugins_with):
    plugins = replace(plugins_with(), reporters=(lambda **given: None,), comparers=())
    with pytest.raises(dl.PluginFailed, match=rf"^no plugin reports on runs  {INSTALL}$"):
        run.report(plugins=plugins)
    with pytest.raises(dl.PluginFailed, match=rf"^no plugin compares runs  {INSTALL}$"):
        dl.compare(run, run, plugins=plugins)


def test_each_plugin_is_given_what_was_asked_until_one_answers(run, runs, plugins_with):
    given = []
    hooks = (lambda **asked: None, lambda **asked: given.append(asked) or "answered", lambda **asked: 1 / 0)
    plugins = replace(plugins_with(), reporters=hooks, comparers=hooks)
    assert dl.report("last", ignore=["fit-gap"], runs=runs, plugins=plugins) == "answered"
    assert given[0]["run"] == run and [*given[0]["ignore"]] == ["fit-gap"]
    assert dl.compare(1, run, runs=runs, plugins=plugins) == "answered"
    assert (given[1]["first"], given[1]["second"]) == (run, run)


def test_a_run_is_found_by_itself_its_number_name_or_path(run, runs):
    assert all(find_run(which, runs) == run for which in (run, 1, "1", run.name, run.path, "last"))
    with pytest.raises(BadRun):
        find_run(7, runs)


def test_the_first_plugin_that_answers_reports(tmp_path):
    asked = []

    def leaves_it(**given):
        asked.append(given)

    plugins = replace(load_plugins(), reporters=(leaves_it, lambda **given: "a report", leaves_it))
    run = dl.Run(tmp_path)
    assert dl.report(run, ignore=["a-code"], plugins=plugins) == run.report(plugins=plugins) == "a report"
    assert asked[0] == {"run": run, "plugins": plugins, "ignore": ("a-code",)} and len(asked) == 2


def test_the_first_plugin_that_answers_compares(tmp_path):
    plugins = replace(load_plugins(), comparers=(lambda **given: sorted(given),))
    assert dl.compare(dl.Run(tmp_path), dl.Run(tmp_path), plugins=plugins) == ["first", "plugins", "second"]


def test_without_a_plugin_that_answers_one_line_says_which_to_install(tmp_path):
    plugins = replace(load_plugins(), reporters=(), comparers=(lambda **given: None,))
    run = dl.Run(tmp_path)
    with pytest.raises(PluginFailed, match=rf"^no plugin reports on runs  {INSTALL}$"):
        dl.report(run, plugins=plugins)
    with pytest.raises(PluginFailed, match=rf"^no plugin compares runs  {INSTALL}$"):
        dl.compare(run, run, plugins=plugins)


def test_a_run_stands_for_itself_and_others_are_found(tmp_path):
    run = dl.Run(tmp_path / "0001-a-b")
    assert find_run(run, tmp_path) is run
    with pytest.raises(dl.BadRun, match=r"^there is no run in "):
        find_run("last", tmp_path)
