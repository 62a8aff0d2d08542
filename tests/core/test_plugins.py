import importlib.metadata
import warnings

import pytest

from dl import plugins as host
from dl.errors import DLError, PluginFailed, UnknownName
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins import PluginWarning, load_plugins
from dl.specs import DatasetSpec, ModelSpec


class Registers:
    """A plugin that registers data sets of these names."""

    def __init__(self, *names):
        self.names = names

    @hookimpl
    def register_datasets(self):
        return tuple(DatasetSpec(name, "vision", "of a test", lambda options: None) for name in self.names)


class Point:
    """An entry point that loads a plugin, or raises."""

    dist = None

    def __init__(self, name, plugin):
        self.name, self.plugin = name, plugin

    def load(self):
        if isinstance(self.plugin, BaseException):
            raise self.plugin
        return self.plugin


@pytest.fixture
def install(monkeypatch):
    """A function that installs entry points beside the real ones: install(name=plugin or exception)."""

    def add(**found):
        real = tuple(importlib.metadata.entry_points(group=host.GROUP))
        points = [*real, *(Point(name, plugin) for name, plugin in found.items())]
        monkeypatch.setattr(host, "entry_points", lambda group: points)

    return add


def test_what_is_installed_is_found():
    found = load_plugins()
    assert "vision" in found.domains and ("vision", "mnist") in found.datasets and ("vision", "convnet") in found.models


def test_there_is_no_global_host():
    assert ("vision", "mine") in load_plugins(extra=[Registers("mine")]).datasets
    assert ("vision", "mine") not in load_plugins().datasets


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ImportError("no module named torchsomething"), "ImportError: no module named torchsomething"),
        (SyntaxError("half a plugin"), "SyntaxError: half a plugin"),
        (DLError("needs dl 2"), "needs dl 2"),
    ],
)
def test_a_broken_plugin_is_one_warning_that_names_it_and_the_others_work(install, error, reason):
    install(broken=error, good=Registers("mine"))
    with pytest.warns(PluginWarning) as caught:
        found = load_plugins()
    assert [str(one.message) for one in caught] == [f"plugin 'broken' of an unknown distribution is left out: {reason}"]
    assert ("vision", "mine") in found.datasets and ("vision", "mnist") in found.datasets


def test_nothing_broken_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_plugins()


def test_two_plugins_of_one_name_are_refused_naming_both(install):
    install(first=Registers("twin"), second=Registers("twin"))
    with pytest.raises(PluginFailed, match="the data set 'twin' is registered by two plugins, 'first' and 'second'"):
        load_plugins()


def test_a_built_in_cannot_be_replaced_silently(install):
    install(sly=Registers("mnist"))
    with pytest.raises(PluginFailed, match=r"'mnist' is registered by two plugins, .*'sly'"):
        load_plugins()


def test_names_are_looked_up_with_the_nearest():
    found = load_plugins(extra=[Registers("mine")])
    assert found.dataset("vision", "mine").name == "mine"
    for look, kind in ((found.dataset, "data set"), (found.model, "model"), (found.recipe, "recipe")):
        with pytest.raises(UnknownName, match=f"no vision {kind} named 'zzzz'"):
            look("vision", "zzzz")
    with pytest.raises(UnknownName, match="did you mean 'vision'"):
        found.domain("visoin")


def test_specifications_are_listed_in_order_of_their_names():
    names = list(load_plugins(extra=[Registers("b", "a", "c")]).datasets)
    assert names == sorted(names) and ("vision", "a") in names


def test_a_report_that_no_plugin_renders_is_said(monkeypatch):
    monkeypatch.setattr(host, "entry_points", lambda group: ())
    assert load_plugins().render(None, None) is False


def test_every_registered_option_passes_its_own_check():
    found = load_plugins()
    for spec in (*found.domains.values(), *found.datasets.values(), *found.models.values()):
        assert spec.description and "\n" not in spec.description
        for option in spec.options:
            assert isinstance(option, Option) and option.help
            assert option.check(option.default, spec.name) == option.default


def test_a_model_of_a_plugin_is_registered_under_its_domain():
    class Adds:
        @hookimpl
        def register_models(self):
            return (ModelSpec("mine", "vision", "of a test", lambda shape, outputs, options: None),)

    assert load_plugins(extra=[Adds()]).model("vision", "mine").description == "of a test"
