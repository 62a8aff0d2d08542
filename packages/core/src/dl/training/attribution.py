"""Attribute errors during a fit or an evaluation to a third-party plugin of its recipe."""

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
    """Inside this context attribute errors to a third-party plugin: that of the traceback, or one the recipe names.

    A network with an output that the loss cannot use fails in torch, without its plugin in the traceback.

    Raises:
        PluginFailed: If the recipe names a third-party plugin.
    """
    try:
        yield
    except PASSED_THROUGH:
        raise
    except BaseException as error:
        cause: BaseException = error
        if isinstance(error, SystemExit) and isinstance(error.__context__, KeyboardInterrupt):
            cause = error.__context__  # Lightning exits on a KeyboardInterrupt
        plugin = plugin_of_traceback(cause)
        if plugin and not plugin.own:
            raise PluginFailed(plugin_line(plugin.name, plugin.origin, describe_error(cause))) from error
        for field, key, what in _chosen(recipe):
            if plugins.is_third_party(field, key):
                message = f"a run with the {what} failed: {describe_error(cause)}"
                raise PluginFailed(plugins.line(field, key, message)) from error
        raise


def _chosen(recipe: Recipe) -> Iterator[tuple[str, str | tuple[str, str], str]]:
    """Yield field and key in `Plugins` and a description of the recipe's choices, the likeliest to fail first."""
    yield from (("regularizers", name, f"regularizer {name!r}") for name in recipe.regularizers)
    if recipe.task:
        yield "tasks", recipe.task, f"task {recipe.task!r}"
    yield "models", (recipe.domain, recipe.model), f"model {recipe.model!r}"
    yield "datasets", (recipe.domain, recipe.data), f"data set {recipe.data!r}"
    yield "domains", recipe.domain, f"domain {recipe.domain!r}"
