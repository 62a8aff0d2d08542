"""What a user asked of a fit, as it was typed: it resolves to a recipe, and to the words of a command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dl.options import Value, format_value, typed_named
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import resolve


@dataclass(frozen=True)
class Asked:
    """The choices of a fit by name, as `resolve` takes them.

    Args:
        domain: As typed; empty for the recipe's.
        data: As typed.
        model: As typed.
        recipe: Name or path.
        task: As typed.
        seed: None takes the recipe's.
        options: Options of model, training, split and data.
        reg: Regularizers. Any: a value, or options by name.
    """

    domain: str = ""
    data: str = ""
    model: str = ""
    recipe: str = ""
    task: str = ""
    seed: int | None = None
    options: dict[str, Any] = field(default_factory=dict)
    reg: dict[str, Any] = field(default_factory=dict)

    @property
    def fixed(self) -> frozenset[str]:
        """Names of the options and regularizers that were typed."""
        return frozenset((*self.options, *self.reg))

    def resolved(
        self, plugins: Plugins, options: Mapping[str, Value] | None = None, reg: Mapping[str, Value] | None = None
    ) -> Recipe:
        """Return the recipe, with further options and regularizers beside those that were asked for."""
        return resolve(
            plugins,
            self.domain,
            self.data,
            recipe=self.recipe,
            model=self.model,
            task=self.task,
            seed=self.seed,
            options={**self.options, **(options or {})},
            reg={**self.reg, **(reg or {})},
        )

    @property
    def words(self) -> tuple[str, ...]:
        """The words after ``dl fit``."""
        flags = {"model": self.model, "recipe": self.recipe, "task": self.task}
        flags |= {"seed": "" if self.seed is None else str(self.seed)}
        named = [word for name, value in flags.items() if value for word in (f"--{name}", value)]
        options = [f"{name}={format_value(value)}" for name, value in self.options.items()]
        regularizers = [word for name, value in self.reg.items() for word in ("--reg", typed_named(name, value))]
        return (*filter(None, (self.domain, self.data)), *named, *options, *regularizers)
