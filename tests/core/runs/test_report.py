"""Reports and comparisons in a program: computed by the first plugin that answers, whatever names the run."""

from dataclasses import replace

import pytest

import dl
from dl.errors import BadRun
from dl.runs.report import find_run


@pytest.fixture
def run(fit, blobs):
    return fit(blobs(), epochs=1)


def test_the_report_is_computed_by_the_first_plugin_that_answers(run, plugins_with):
    plugins = replace(plugins_with(), reporters=(lambda **given: None,), comparers=())
    with pytest.raises(dl.PluginFailed, match=r"^no plugin reports on runs  install one: dl install dl-reports$"):
        run.report(plugins=plugins)
    with pytest.raises(dl.PluginFailed, match=r"^no plugin compares runs  install one: dl install dl-reports$"):
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
