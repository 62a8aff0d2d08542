"""Run the conformance suites on everything one plugin registered, for ``dl plugins check NAME``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dl.data.examples import Dataset
from dl.errors import unknown
from dl.options import check
from dl.plugins.discovery import normalized
from dl.plugins.registry import Plugins
from dl.plugins.states import OK, PluginState
from dl.recipes.resolve import resolve
from dl.specs import ModelSpec, RecipeSpec, RegularizerSpec
from dl.testing.check import check_check
from dl.testing.command import check_command
from dl.testing.dataset import check_dataset
from dl.testing.domain import check_domain
from dl.testing.logger import check_logger
from dl.testing.model import check_model
from dl.testing.regularized import find_named
from dl.testing.regularizer import check_regularizer
from dl.testing.rules import Broken, DoesNotConform, Result, Results, Rules, Skipped, ask
from dl.testing.section import check_section
from dl.testing.task import check_task

_Suite = Callable[[Any, Plugins], Results]  # Any: one kind of specification


@dataclass(frozen=True)
class CheckedRule:
    """The result of one rule for one specification.

    Args:
        kind: The kind of specification, such as ``model``.
        name: Its name.
        result: The result.
    """

    kind: str
    name: str
    result: Result

    def as_dict(self) -> dict[str, str]:
        """Return the JSON value."""
        return {"kind": self.kind, "name": self.name, **self.result.as_dict()}


def plugins_named(name: str, plugins: Plugins) -> list[PluginState]:
    """Return the plugins with this name, or of the distribution with this name.

    Raises:
        UnknownName: If there is none.
    """
    found = [state for state in plugins.states if state.name == name]
    found = found or [
        state for state in plugins.states if state.distribution and normalized(state.distribution) == normalized(name)
    ]
    if not found:
        raise unknown("plugin", name, [state.name for state in plugins.states], "dl plugins")
    return found


@dataclass(frozen=True)
class AskedOn:
    """The model and the data to test models and regularizers of one domain with.

    Args:
        domain: Of the model and the data.
        model: For regularizers; empty takes the first that they accept.
        sample: The data; None takes dl's own or a registered data set.
    """

    domain: str = ""
    model: str = ""
    sample: Dataset | None = None

    def check_model(self, spec: ModelSpec, plugins: Plugins) -> Results:
        """Test a model, on the data if it has its domain."""
        return check_model(spec, plugins, self.sample if spec.domain == self.domain else None)

    def check_regularizer(self, spec: RegularizerSpec, plugins: Plugins) -> Results:
        """Test a regularizer, with the model and the data unless it is for another domain."""
        if not self.model or spec.only_for not in ("", self.domain):
            return check_regularizer(spec, plugins)
        return check_regularizer(spec, plugins, self.sample, f"{self.domain}/{self.model}")


def asked_on(plugins: Plugins, model: str = "", dataset: str = "") -> AskedOn:
    """Return the model and the data to test with.

    Args:
        plugins: The registered plugins.
        model: Name or domain/name of a model; empty for none, or for the default model of the data set.
        dataset: Name or domain/name of a data set, loaded with default options; empty for none.

    Raises:
        DLError: If a name is unknown, or their domains differ.
    """
    if not dataset:
        return AskedOn(*find_named("model", model, plugins.models)) if model else AskedOn()
    domain, name = find_named("data set", dataset, plugins.datasets)
    spec = plugins.dataset(domain, name)
    model = find_named("model", model, plugins.models, domain)[1] if model else resolve(plugins, domain, name).model
    return AskedOn(domain, model, spec.load(check((*plugins.domain(domain).options, *spec.options), {}, name)))


def check_plugin(state: PluginState, plugins: Plugins, on: AskedOn | None = None) -> Iterator[CheckedRule]:
    """Test everything that a plugin registered against every rule; yield the results as they come.

    Args:
        state: Of the plugin.
        plugins: The registered plugins.
        on: A model and data for models and regularizers; None takes suitable ones.
    """
    yield CheckedRule("plugin", state.name, _loaded(state))
    on = on or AskedOn()
    suites = SUITES | {"model": ("models", on.check_model), "regularizer": ("regularizers", on.check_regularizer)}
    for kind, (field, suite) in suites.items():
        for key, spec in getattr(plugins, field).items():
            if plugins.owners.get((field, key)) == state.name:
                for result in _results(suite, spec, plugins):
                    yield CheckedRule(kind, spec.name, result)


def _loaded(state: PluginState) -> Result:
    rule = "it is loaded without a problem"
    return Result(rule, OK) if state.state == OK and not state.message else Result(rule, "failed", state.message)


def _results(suite: Callable[[Any, Plugins], Results], spec: Any, plugins: Plugins) -> Results:  # Any: one kind
    try:
        return suite(spec, plugins)
    except DoesNotConform as error:
        return error.results


def check_recipe(spec: RecipeSpec, plugins: Plugins) -> Results:
    """Test that a named recipe can be fitted.

    Raises:
        DoesNotConform: If it cannot.
    """
    rules: Rules[RecipeSpec] = {
        "it has a description": _described,
        "its names are registered, and its options fit": lambda spec: _resolved(spec, plugins),
    }
    return ask(f"the recipe {spec.name!r}", spec, rules)


def _described(spec: RecipeSpec) -> None:
    if not spec.description.strip():
        raise Broken("its description is empty; in a file it is the first line, a comment")


def _resolved(spec: RecipeSpec, plugins: Plugins) -> str:
    names = [name for domain, name in plugins.datasets if domain == spec.domain]
    if not names:
        raise Skipped("no data set of its domain is registered")
    return f"it takes the model {resolve(plugins, spec.domain, names[0], recipe=spec.name).model}"


SUITES: dict[str, tuple[str, _Suite]] = {
    "domain": ("domains", check_domain),
    "data set": ("datasets", check_dataset),
    "model": ("models", check_model),
    "task": ("tasks", check_task),
    "regularizer": ("regularizers", check_regularizer),
    "recipe": ("recipes", check_recipe),
    "check": ("checks", check_check),
    "section": ("sections", check_section),
    "command": ("commands", check_command),
    "logger": ("loggers", check_logger),
}
