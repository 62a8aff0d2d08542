"""DL_PLUGINS: which plugins stay, and which of its names belong to no plugin."""

import pytest

from dl.plugins.discovery import FoundPlugin
from dl.plugins.loading import inspect_plugins, load_plugins
from dl.plugins.selection import Selection, read_selection
from dl.plugins.states import PluginWarning


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
    states = {state.name: state for state in inspect_plugins().states}
    assert states["loud"].message == "switched off by DL_PLUGINS"
    load_plugins()
    assert capfd.readouterr().out == ""


def test_a_name_that_no_plugin_has_is_said_with_the_nearest(monkeypatch):
    monkeypatch.setenv("DL_PLUGINS", "-mnits")
    monkeypatch.setenv("DL_STRICT_PLUGINS", "1")  # it is no plugin that has failed
    with pytest.warns(PluginWarning, match="names the plugin 'mnits', which is not installed; did you mean 'mnist'"):
        load_plugins()


def found(name, distribution=""):
    return FoundPlugin(name, list, distribution)


@pytest.mark.parametrize(
    ("text", "only", "off"),
    [
        ("", (), ()),
        (" , -, ,", (), ()),
        ("one, two", ("one", "two"), ()),
        ("-one,- two ,three", ("three",), ("one", "two")),
    ],
)
def test_names_are_parted_at_commas_and_a_minus_switches_off(text, only, off):
    assert read_selection(text) == Selection(frozenset(only), frozenset(off))


def test_only_third_parties_are_limited_and_all_can_be_switched_off():
    assert read_selection("one").blocks(found("two")) == "not named by DL_PLUGINS"
    assert read_selection("one").blocks(found("two", "dl-workbench-mnist")) == ""
    assert read_selection("-two").blocks(found("two", "dl-workbench-mnist")) == "switched off by DL_PLUGINS"


@pytest.mark.parametrize("name", ["one", "My_Dist", "my-dist"])
def test_a_plugin_has_its_own_name_and_both_spellings_of_its_distribution(name):
    assert read_selection(f"-{name}").blocks(found("one", "My_Dist"))
    assert read_selection(f"-{name}").unknown([found("one", "My_Dist")]) == []


def test_none_is_no_name_that_could_be_missing():
    assert read_selection("none,nobody").unknown([]) == [
        "DL_PLUGINS names the plugin 'nobody', which is not installed  see: dl plugins"
    ]
