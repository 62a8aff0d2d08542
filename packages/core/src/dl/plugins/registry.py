"""The plugin host: what all plugins registered, as one frozen value with look-ups.

A plugin that cannot be used is one warning line; everything else goes on. There is no global: `load_plugins` returns a
new value. How a plugin is loaded is `dl.plugins.loading`, what became of it `dl.plugins.states`, and which plugin an
error in use belongs to `dl.plugins.attribution`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dl.errors import BadOption, UnknownName, unknown
from dl.plugins.states import PluginState, plugin_line

if TYPE_CHECKING:
    from torch import nn

    from dl.hookspecs import RunComparison, RunReport
    from dl.options import InputShape, Options
    from dl.specs import (
        CheckSpec,
        CommandSpec,
        DatasetSpec,
        DomainSpec,
        LoggerSpec,
        ModelSpec,
        RecipeSpec,
        RegularizerSpec,
        SectionSpec,
        TaskSpec,
    )


@dataclass(frozen=True)
class Plugins:
    """What all plugins registered, by name.

    Args:
        domains: By name.
        datasets: By (domain, name).
        models: By (domain, name).
        tasks: By name.
        regularizers: By name.
        loggers: By name.
        recipes: By (domain, name).
        checks: By code.
        sections: By title.
        commands: By name.
        renderers: The hooks that print the report of a run, in the order they are asked.
        reporters: Those that compute it for a program, likewise.
        comparers: Those that compare two runs for a program, likewise.
        owners: Name of the plugin that registered a thing, by the field above and its key there.
        states: What became of each plugin, dl's own first.
        notes: Lines that are about no single plugin.
    """

    domains: Mapping[str, DomainSpec]
    datasets: Mapping[tuple[str, str], DatasetSpec]
    models: Mapping[tuple[str, str], ModelSpec]
    tasks: Mapping[str, TaskSpec]
    regularizers: Mapping[str, RegularizerSpec]
    loggers: Mapping[str, LoggerSpec]
    recipes: Mapping[tuple[str, str], RecipeSpec]
    checks: Mapping[str, CheckSpec]
    sections: Mapping[str, SectionSpec]
    commands: Mapping[str, CommandSpec]
    renderers: tuple[Callable[..., bool], ...] = ()
    reporters: tuple[Callable[..., RunReport | None], ...] = ()
    comparers: tuple[Callable[..., RunComparison | None], ...] = ()
    owners: Mapping[tuple[str, object], str] = field(default_factory=dict)
    states: tuple[PluginState, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        """A line for each plugin that is not as it should be."""
        return [state.aloud for state in self.states if state.aloud]

    def line(self, field: str, key: object, message: str) -> str:
        """Return the line about the plugin that registered a thing; what is said alone where nobody is known.

        Args:
            field: Of the above, where the thing is.
            key: Of the thing there.
            message: What failed.
        """
        name = self.owners.get((field, key))
        for state in self.states:
            if state.name == name:
                return plugin_line(state.name, state.origin, message, state.distribution)
        return message

    def is_strangers(self, field: str, key: object) -> bool:
        """Return whether a third party's plugin registered a thing."""
        name = self.owners.get((field, key))
        return any(state.name == name and not state.own for state in self.states)

    def domain(self, name: str) -> DomainSpec:
        """Look a domain up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.domains:
            raise unknown("domain", name, self.domains, "dl ls domains")
        return self.domains[name]

    def dataset(self, domain: str, name: str) -> DatasetSpec:
        """Look a data set of a domain up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        return _look_up(self.datasets, f"{domain} data set", domain, name, "dl ls datasets")

    def check(self, code: str) -> CheckSpec:
        """Look a check up by its code.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if code not in self.checks:
            raise unknown("finding code", code, self.checks, "dl explain")
        return self.checks[code]

    def model(self, domain: str, name: str) -> ModelSpec:
        """Look a model of a domain up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        return _look_up(self.models, f"{domain} model", domain, name, "dl ls models")

    def task(self, name: str) -> TaskSpec:
        """Look a row of the task table up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.tasks:
            raise unknown("task", name, self.tasks, "dl ls tasks")
        return self.tasks[name]

    def regularizer(self, domain: str, name: str) -> RegularizerSpec:
        """Look up a regularizer that a domain can use.

        Raises:
            UnknownName: Naming the nearest one, or the domain that it is for.
        """
        fitting = [known for known, spec in self.regularizers.items() if spec.only_for in ("", domain)]
        if name in fitting:
            return self.regularizers[name]
        if name in self.regularizers:
            only = self.regularizers[name].only_for
            raise UnknownName(f"the regularizer {name!r} is for {only}, not for {domain}  see: dl ls regularizers")
        raise unknown("regularizer", name, fitting, "dl ls regularizers")

    def logger(self, name: str) -> LoggerSpec:
        """Look a logger up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.loggers:
            raise unknown("logger", name, self.loggers, "dl ls loggers")
        return self.loggers[name]

    def recipe(self, domain: str, name: str) -> RecipeSpec:
        """Look a named recipe of a domain up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        return _look_up(self.recipes, f"{domain} recipe", domain, name, "dl ls recipes")


_Spec = TypeVar("_Spec")


def _look_up(specs: Mapping[tuple[str, str], _Spec], kind: str, domain: str, name: str, see: str) -> _Spec:
    if (domain, name) in specs:
        return specs[domain, name]
    elsewhere = [other for other, known in specs if known == name]
    if elsewhere:
        raise UnknownName(f"{name!r} is not a {kind}; the domain {elsewhere[0]!r} has it  see: {see}")
    raise unknown(kind, name, [known for other, known in specs if other == domain], see)


def causal_builder(plugins: Plugins, spec: ModelSpec) -> Callable[[InputShape, Options], nn.Module]:
    """Return what builds a model's network for a task that reads its target from the inputs.

    Raises:
        BadOption: If the model has no such form, naming those that have one.
    """
    if spec.build_causal is None:
        able = [name for (domain, name), one in plugins.models.items() if domain == spec.domain and one.build_causal]
        raise BadOption(
            f"model {spec.name!r} does not tell a next token from those before it; of {spec.domain} these do: "
            f"{', '.join(able) or 'none'}"
        )
    return spec.build_causal
