"""The plugin host: loads every plugin on its own, sorts what it registers, and says who did what.

A plugin that cannot be loaded is one warning line; everything else goes on. There is no global: `load_plugins` returns
a new host.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, TypeVar

import pluggy

from dl import hookspecs
from dl.errors import DLError, PluginFailed, UnknownName, unknown

if TYPE_CHECKING:
    from rich.console import Console

    from dl.run import Run
    from dl.specs import CheckSpec, CommandSpec, DatasetSpec, DomainSpec, ModelSpec, RecipeSpec, SectionSpec

GROUP = "dl"


class PluginWarning(UserWarning):
    """A plugin could not be used; the message names it and what to do."""


@dataclass(frozen=True)
class Plugins:
    """What all plugins registered, by name.

    Args:
        domains: By name.
        datasets: By (domain, name).
        models: By (domain, name).
        recipes: By (domain, name).
        checks: By code.
        sections: By title.
        commands: By name.
        render: Prints the report of a run; False if no plugin can.
    """

    domains: Mapping[str, DomainSpec]
    datasets: Mapping[tuple[str, str], DatasetSpec]
    models: Mapping[tuple[str, str], ModelSpec]
    recipes: Mapping[tuple[str, str], RecipeSpec]
    checks: Mapping[str, CheckSpec]
    sections: Mapping[str, SectionSpec]
    commands: Mapping[str, CommandSpec]
    render: Callable[[Run, Console], bool]

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

    def recipe(self, domain: str, name: str) -> RecipeSpec:
        """Look a named recipe of a domain up.

        Raises:
            UnknownName: Naming the nearest one.
        """
        return _look_up(self.recipes, f"{domain} recipe", domain, name, "dl ls recipes")


def load_plugins(extra: Iterable[object] = ()) -> Plugins:
    """Load every installed plugin, and ``extra`` modules or objects, each on its own.

    Raises:
        PluginFailed: If two plugins register one name.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        _load(manager, point)
    for plugin in extra:
        manager.register(plugin)
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        warnings.warn(f"{error}; see the hooks in dl.hookspecs", PluginWarning, stacklevel=2)
    return Plugins(
        domains=_collect(manager.hook.register_domains, lambda spec: spec.name, "domain"),
        datasets=_collect(manager.hook.register_datasets, lambda spec: (spec.domain, spec.name), "data set"),
        models=_collect(manager.hook.register_models, lambda spec: (spec.domain, spec.name), "model"),
        recipes=_collect(manager.hook.register_recipes, lambda spec: (spec.domain, spec.name), "recipe"),
        checks=_collect(manager.hook.register_checks, lambda spec: spec.name, "check"),
        sections=_collect(manager.hook.report_sections, lambda spec: spec.name, "report section"),
        commands=_collect(manager.hook.register_commands, lambda spec: spec.name, "command"),
        render=lambda run, console: bool(manager.hook.render_report(run=run, console=console)),
    )


def _load(manager: pluggy.PluginManager, point: EntryPoint) -> None:
    try:
        manager.register(point.load(), name=point.name)
    except Exception as error:
        distribution = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
        reason = str(error) if isinstance(error, DLError) else f"{type(error).__name__}: {error}"
        warnings.warn(f"plugin {point.name!r} of {distribution} is left out: {reason}", PluginWarning, stacklevel=3)


_Key = TypeVar("_Key")


def _collect(hook: pluggy.HookCaller, key: Callable[[Any], _Key], kind: str) -> dict[_Key, Any]:
    """Call one hook of every plugin on its own, and refuse two of one name. Any: the hook's kind of specification."""
    found: dict[_Key, Any] = {}
    owners: dict[_Key, str] = {}
    for implementation in hook.get_hookimpls():
        for spec in _specs_of(implementation, kind):
            if key(spec) in found:
                both = f"{owners[key(spec)]!r} and {implementation.plugin_name!r}"
                raise PluginFailed(f"the {kind} {spec.name!r} is registered by two plugins, {both}; uninstall one")
            owner = owners[key(spec)] = implementation.plugin_name
            found[key(spec)] = replace(spec, plugin=owner) if hasattr(spec, "plugin") else spec
    return dict(sorted(found.items(), key=lambda item: str(item[0])))


def _specs_of(implementation: pluggy.HookImpl, kind: str) -> list[Any]:  # Any: the hook's kind of specification
    """Call one plugin's hook; one that fails is left out, and named."""
    try:
        returned: Any = implementation.function()  # Any: pluggy does not know what a hook returns
        return list(returned)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        name = implementation.plugin_name
        warnings.warn(f"plugin {name!r} registers no {kind}: its hook fails, {reason}", PluginWarning, stacklevel=4)
        return []


_Spec = TypeVar("_Spec")


def _look_up(specs: Mapping[tuple[str, str], _Spec], kind: str, domain: str, name: str, see: str) -> _Spec:
    if (domain, name) in specs:
        return specs[domain, name]
    elsewhere = [other for other, known in specs if known == name]
    if elsewhere:
        raise UnknownName(f"{name!r} is not a {kind}; the domain {elsewhere[0]!r} has it  see: {see}")
    raise unknown(kind, name, [known for other, known in specs if other == domain], see)
