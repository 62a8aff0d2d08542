import warnings

import pytest

from dl.errors import PluginFailed, UnknownName
from dl.hookspecs import hookimpl
from dl.options import Option
from dl.plugins.loading import load_plugins
from dl.plugins.states import PluginWarning
from dl.specs import DatasetSpec, ModelSpec, TaskSpec
from dl.tasks.plugin import OWN
from dl.tasks.rows import MULTICLASS


class Registers:
    """A plugin that registers data sets of these names."""

    def __init__(self, *names):
        self.names = names

    @hookimpl
    def register_datasets(self):
        return tuple(DatasetSpec(name, "vision", "of a test", lambda options: None) for name in self.names)


def test_what_is_installed_is_found():
    found = load_plugins()
    assert "vision" in found.domains and ("vision", "mnist") in found.datasets and ("vision", "convnet") in found.models


def test_there_is_no_global_host():
    assert ("vision", "mine") in load_plugins(extra=[Registers("mine")]).datasets
    assert ("vision", "mine") not in load_plugins().datasets


def test_nothing_broken_is_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_plugins()


@pytest.mark.filterwarnings("ignore::dl.plugins.states.PluginWarning")
def test_a_built_in_is_never_replaced():
    ours = load_plugins().dataset("vision", "mnist").description
    found = load_plugins(extra=[Registers("mnist", "mine")])
    assert found.dataset("vision", "mnist").description == ours != found.dataset("vision", "mine").description


def test_the_one_that_takes_a_name_is_told_whose_it_is():
    with pytest.warns(
        PluginWarning, match="plugin 'Registers' given by the program.* dl's own \\(dl-workbench-mnist\\) has that"
    ):
        load_plugins(extra=[Registers("mnist")])


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


class RegistersTasks:
    """A plugin that registers rows of the task table."""

    def __init__(self, *specs):
        self.specs = specs

    @hookimpl
    def register_tasks(self):
        return self.specs


def test_dls_own_tasks_are_registered_by_a_plugin_of_the_core():
    found = load_plugins()
    assert set(found.tasks) == set(OWN) and {found.owners["tasks", name] for name in OWN} == {"tasks"}
    with pytest.raises(UnknownName, match="no task named 'regresion'; did you mean 'regression'"):
        found.task("regresion")


def test_a_task_of_a_plugin_stands_beside_dls_own_and_none_is_replaced():
    mine = TaskSpec("mine", "of a test", lambda: MULTICLASS, "classes")
    with pytest.warns(PluginWarning, match="the task 'binary' is left out, since dl's own .dl-workbench-core. has"):
        found = load_plugins(extra=[RegistersTasks(mine, TaskSpec("binary", "of a test", lambda: MULTICLASS))])
    assert found.task("mine").load().metrics == MULTICLASS.metrics and found.task("binary").load().name == "binary"


def test_a_task_that_loads_something_else_is_one_line_about_its_plugin():
    found = load_plugins(extra=[RegistersTasks(TaskSpec("mine", "of a test", lambda: 7))])
    with pytest.raises(PluginFailed, match="load of the task 'mine' returned 7, not a TaskKind"):
        found.task("mine").load()


def test_a_target_that_is_read_in_no_known_way_is_refused():
    with pytest.warns(PluginWarning, match="has target_as='words', not one of classes, labels, numbers, text, none"):
        load_plugins(extra=[RegistersTasks(TaskSpec("mine", "of a test", lambda: MULTICLASS, "words"))])


def test_of_dls_own_rows_no_call_is_wrapped():
    assert load_plugins().task("multiclass").load() is MULTICLASS


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
