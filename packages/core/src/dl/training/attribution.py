"""Attribute what fails during a fit or an evaluation to the third party's plugin that takes part in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dl.errors import PluginFailed
from dl.plugins.attribution import PASSED_THROUGH, plugin_of_traceback
from dl.plugins.registry import Plugins
from dl.plugins.states import describe_error, plugin_line
from dl.recipes.recipe import Recipe


@contextmanager
def attribute_errors(recipe: Recipe, plugins: Plugins) -> Iterator[None]:
    """Blame what fails inside on a third party: on whose code it passed through last, or whom the recipe names.

    A network that returns what the loss cannot use fails in torch, with nothing of its plugin on the way.

    Raises:
        PluginFailed: Where a third party's plugin takes part.
    """
    try:
        yield
    except PASSED_THROUGH:
        raise
    except BaseException as error:
        cause: BaseException = error
        if isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt):
            cause = error.__context__  # Lightning ends the process where one is raised
        plugin = plugin_of_traceback(cause)
        if plugin and not plugin.own:
            raise PluginFailed(plugin_line(plugin.name, plugin.origin, describe_error(cause))) from error
        for field, key, what in _chosen(recipe):
            if plugins.is_strangers(field, key):
                message = f"a run with the {what} failed: {describe_error(cause)}"
                raise PluginFailed(plugins.line(field, key, message)) from error
        raise


def _chosen(recipe: Recipe) -> Iterator[tuple[str, str | tuple[str, str], str]]:
    """Give what a recipe names, by field and key of `Plugins` and in words, the likeliest to fail first."""
    yield from (("regularizers", name, f"regularizer {name!r}") for name in recipe.regularizers)
    if recipe.task:
        yield "tasks", recipe.task, f"task {recipe.task!r}"
    yield "models", (recipe.domain, recipe.model), f"model {recipe.model!r}"
    yield "datasets", (recipe.domain, recipe.data), f"data set {recipe.data!r}"
    yield "domains", recipe.domain, f"domain {recipe.domain!r}"
