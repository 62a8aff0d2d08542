"""The registry: everything that plugins registered, as one frozen value with look-ups.

A plugin that cannot be used is one warning line and does not affect the others. There is no global registry:
`load_plugins` returns a new value. See `dl.plugins.loading` for loading, `dl.plugins.states` for the state of each
plugin, and `dl.plugins.attribution` for errors in use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from dl.errors import BadOption, UnknownName, unknown
from dl.plugins.model_file import model_of_file
from dl.plugins.states import PluginState, plugin_line
from dl.specs import FORMS

if TYPE_CHECKING:
    from torch import nn

    from dl.hookspecs import DataCheck, Drift, RunComparison, RunReport
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
    """The specifications that plugins registered, by name.

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
        renderers: The hooks that print the report of a run, in the order they are called.
        reporters: The hooks that compute the report for a program, likewise.
        comparers: The hooks that compare two runs for a program, likewise.
        data_checkers: The hooks that check data without a fit, likewise.
        data_comparers: The hooks that compare new data with what a run has seen, likewise.
        map_drawers: The hooks that draw a map of examples as a page, likewise.
        owners: Name of the plugin of each specification, by the field above and the key there.
        states: The state of each plugin, dl's own first.
        notes: Messages that concern no single plugin.
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
    data_checkers: tuple[Callable[..., DataCheck | None], ...] = ()
    data_comparers: tuple[Callable[..., Drift | None], ...] = ()
    map_drawers: tuple[Callable[..., str | None], ...] = ()
    owners: Mapping[tuple[str, object], str] = field(default_factory=dict)
    states: tuple[PluginState, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        """A line for each plugin with problems."""
        return [state.warning for state in self.states if state.warning]

    def line(self, field: str, key: object, message: str) -> str:
        """Return a message with the plugin that registered a specification; the bare message if no plugin did.

        Args:
            field: Of this class, that holds the specification.
            key: Of the specification there.
            message: The failure.
        """
        name = self.owners.get((field, key))
        for state in self.states:
            if state.name == name:
                return plugin_line(state.name, state.origin, message, state.distribution)
        return message

    def is_third_party(self, field: str, key: object) -> bool:
        """Return whether a third-party plugin registered a specification."""
        name = self.owners.get((field, key))
        return any(state.name == name and not state.own for state in self.states)

    def domain(self, name: str) -> DomainSpec:
        """Look up a domain.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.domains:
            raise unknown("domain", name, self.domains, "dl ls domains")
        return self.domains[name]

    def dataset(self, domain: str, name: str) -> DatasetSpec:
        """Look up a data set of a domain.

        Raises:
            UnknownName: Naming the nearest one.
        """
        return _look_up(self.datasets, f"{domain} data set", domain, name, "dl ls datasets")

    def check(self, code: str) -> CheckSpec:
        """Look up a check by its code.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if code not in self.checks:
            raise unknown("finding code", code, self.checks, "dl explain")
        return self.checks[code]

    def model(self, domain: str, name: str) -> ModelSpec:
        """Look up a model of a domain, or the function in a file of Python that the name stands for.

        Raises:
            BadNetwork: If a file cannot be run, or has no such function.
            UnknownName: Naming the nearest one.
        """
        family, colon, rest = name.partition(":")
        found = self.models.get((domain, family)) if colon and (domain, name) not in self.models else None
        if found is not None and found.member is not None and rest:
            return found.member(rest)
        own = None if (domain, name) in self.models else model_of_file(name, domain)
        return own or _look_up(self.models, f"{domain} model", domain, name, "dl ls models")

    def need_network(self, domain: str, name: str, verb: str) -> None:
        """Refuse a model that is a learner of scikit-learn, for a verb that trains networks.

        Raises:
            BadOption: Naming the networks of the domain.
        """
        if self.model(domain, name).is_learner:
            able = ", ".join(one for (home, one), spec in self.models.items() if home == domain and not spec.is_learner)
            what = f"{verb} trains networks, and the model {name!r} is a learner of scikit-learn"
            raise BadOption(f"{what}; networks of {domain}: {able}")

    def task(self, name: str) -> TaskSpec:
        """Look a row of the task table up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.tasks:
            raise unknown("task", name, self.tasks, "dl ls tasks")
        return self.tasks[name]

    def regularizes(self, spec: RegularizerSpec, domain: str) -> bool:
        """Return whether a regularizer fits the inputs of a domain; of several kinds it may change one of them."""
        composed = self.domains[domain].composes if domain in self.domains else ()
        if composed and spec.place == "batch":
            return spec.only_for in (domain, *composed)
        return spec.only_for in ("", domain, *composed)

    def regularizer(self, domain: str, name: str) -> RegularizerSpec:
        """Look up a regularizer that a domain can use.

        Raises:
            UnknownName: Naming the nearest one, or the domain it is for.
        """
        fitting = [known for known, spec in self.regularizers.items() if self.regularizes(spec, domain)]
        if name in fitting:
            return self.regularizers[name]
        if name in self.regularizers:
            only = self.regularizers[name].only_for or "inputs of one kind"
            raise UnknownName(f"the regularizer {name!r} is for {only}, not for {domain}  see: dl ls regularizers")
        raise unknown("regularizer", name, fitting, "dl ls regularizers")

    def logger(self, name: str) -> LoggerSpec:
        """Look up a logger.

        Raises:
            UnknownName: Naming the nearest one.
        """
        if name not in self.loggers:
            raise unknown("logger", name, self.loggers, "dl ls loggers")
        return self.loggers[name]

    def recipe(self, domain: str, name: str) -> RecipeSpec:
        """Look up a named recipe of a domain.

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


def network_builder(
    plugins: Plugins, spec: ModelSpec, task: TaskSpec | None
) -> Callable[[InputShape, int, Options], nn.Module]:
    """Return the builder of a model's network, in the form that a task needs.

    Raises:
        BadOption: If the model has none, naming those that do.
    """
    form = task.form if task else ""
    field = FORMS[form]
    build: Callable[..., nn.Module] | None = getattr(spec, field)
    if build is None and task and form:
        able = [name for (home, name), one in plugins.models.items() if home == spec.domain and getattr(one, field)]
        homes = sorted({home for (home, _), one in plugins.models.items() if getattr(one, field)})
        if not able and homes:
            raise BadOption(
                f"no model of {spec.domain} has a network for the task {task.name}; domains that have one: "
                f"{', '.join(homes)}"
            )
        raise BadOption(
            f"model {spec.name!r} has no network for the task {task.name}; models of {spec.domain} that have one: "
            f"{', '.join(able) or 'none'}"
        )
    if build is None or not form:
        if task and not spec.is_learner and build is None:
            raise BadOption(f"model {spec.name!r} has no network for the task {task.name}; see: dl ls models")
        return spec.network
    if form in ("causal", "inputs"):  # the width of what they return follows from the inputs
        of_inputs = build
        return lambda shape, _outputs, options: of_inputs(shape, options)
    if form == "frames":  # the last frame of an input is the one to predict
        of_frames = build
        return lambda shape, _outputs, options: of_frames((shape[0] - 1, *shape[1:]), options)
    return build
