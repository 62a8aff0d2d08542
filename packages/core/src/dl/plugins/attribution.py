"""Attribute errors to plugins: an exception in a plugin's function becomes one line that names the plugin.

The host wraps the functions that a plugin registers. dl's own errors, which name a mistake of the user, pass through;
any other exception becomes a `PluginFailed`, with its traceback shown under ``DL_DEBUG=1``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import cache, wraps
from importlib import import_module
from typing import Any

from dl.errors import BadFile, DLError, PluginFailed, barred_place
from dl.plugins.discovery import FoundPlugin, installed
from dl.plugins.local import local_plugins
from dl.plugins.states import describe_error, plugin_line, short_repr
from dl.signals import SecondSignal
from dl.terminal import safe_text

TRACE = "DL_TRACE_PLUGINS"
ORIGINAL = "_dl_as_given"
# The required type of a field, or of the value a function in it returns, by class and field; imported when checked.
RETURN_TYPES = {
    ("DatasetSpec", "load"): "dl.data.examples:Dataset",
    ("DomainSpec", "load"): "dl.domain:Domain",
    ("DomainSpec", "defaults"): "collections.abc:Sequence",
    ("ModelSpec", "build"): "torch.nn:Module",
    ("ModelSpec", "build_causal"): "torch.nn:Module",
    ("ModelSpec", "build_steps"): "torch.nn:Module",
    ("ModelSpec", "build_autoencoder"): "torch.nn:Module",
    ("ModelSpec", "build_next_frame"): "torch.nn:Module",
    ("ModelSpec", "classifier"): "dl.learner:Learner",
    ("ModelSpec", "regressor"): "dl.learner:Learner",
    ("TaskSpec", "load"): "dl.tasks.task:TaskKind",
    ("RegularizerSpec", "build"): "dl.regularizer:Regularizer",
    ("Regularizer", "choices"): "collections.abc:Mapping",
    ("Regularizer", "batch"): "dl.regularizer:Batch",
    ("Regularizer", "penalty"): "torch:Tensor",
    ("Regularizer", "ends"): "builtins:str",
    ("Regularizer", "state_dict"): "collections.abc:Mapping",
    ("LoggerSpec", "build"): "lightning.pytorch.loggers:Logger",
    ("CheckSpec", "page"): "builtins:str",
    ("Dataset", "train"): "dl.data.examples:Examples",
    ("Dataset", "val"): "dl.data.examples:Examples",
    ("Dataset", "open_test"): "dl.data.examples:Examples",
    ("Domain", "open_path"): "dl.data.examples:Dataset",
    ("Domain", "open_unlabelled"): "dl.data.examples:Dataset",
    ("Domain", "cut"): "dl.data.examples:Dataset",
    ("Domain", "generate"): "builtins:str",
    ("Domain", "from_memory"): "dl.data.examples:Dataset",
    ("Domain", "learn"): "dl.domain:Preprocessor",
    ("Domain", "restore"): "dl.domain:Preprocessor",
    ("Domain", "read"): "dl.data.examples:Examples",
}
# Exceptions that are not attributed: dl's own errors, a closed stdout, too little memory, and requests to stop.
PASSED_THROUGH = (DLError, BrokenPipeError, MemoryError, KeyboardInterrupt, GeneratorExit, SecondSignal)
IN_EVERY_STEP = ("TaskKind",)  # dl's own ones are not wrapped, since their functions are called in every training step
ATTRIBUTED_ELSEWHERE = {
    ("CheckSpec", "load"),
    ("SectionSpec", "load"),
    ("CommandSpec", "function"),
}  # the reports and the command line do it


def wrap_plugin(
    given: Any, plugin: FoundPlugin, action: str = ""
) -> Any:  # Any: a frozen dataclass, the same kind back
    """Wrap every function in a plugin's dataclass so that its exceptions are attributed to the plugin.

    Args:
        given: A specification, or the dataclass that one has loaded.
        plugin: Its plugin.
        action: Its description for messages.

    Raises:
        PluginFailed: If a field has the wrong type.
    """
    wrapped: dict[str, Callable[..., Any]] = {}
    for name, return_type, elsewhere in _fields_of(given.__class__):
        value = getattr(given, name)
        if callable(value) and not elsewhere:
            wrapped[name] = _wrapped(value, plugin, f"{name} of {action}", return_type)
        elif return_type and value is not None:
            _check(value, return_type, plugin, f"{name} of {action} is")
    return replace(given, **wrapped) if wrapped else given


@cache
def _fields_of(kind: type) -> list[tuple[str, str, bool]]:
    """Return the fields of a dataclass: name, required type, and whether others attribute the errors in it."""
    kinds = [one.__name__ for one in kind.__mro__]
    names = [field.name for field in fields(kind) if field.init]
    types = [next((RETURN_TYPES[one, name] for one in kinds if (one, name) in RETURN_TYPES), "") for name in names]
    elsewhere = [any((one, name) in ATTRIBUTED_ELSEWHERE for one in kinds) for name in names]
    return list(zip(names, types, elsewhere, strict=True))


@contextmanager
def attributing(plugin: FoundPlugin, action: str) -> Iterator[None]:
    """Inside this context turn every exception into one line about the plugin.

    Raises:
        BadFile: If a place cannot be read or written, which is no fault of the plugin.
        PluginFailed: For every other exception except those in `PASSED_THROUGH`.
    """
    started = time.perf_counter()
    try:
        yield
    except PASSED_THROUGH:
        raise
    except BaseException as error:
        if barred := barred_place(error):
            raise BadFile(barred) from error
        raise PluginFailed(
            plugin_line(plugin.name, plugin.origin, f"{action} failed: {describe_error(error)}")
        ) from error
    finally:
        trace(plugin.name, action, time.perf_counter() - started)


def trace(name: str, action: str, seconds: float, stream: Any = None) -> None:  # Any: a text stream
    """Print an action of a plugin and its duration if ``DL_TRACE_PLUGINS=1``."""
    if os.environ.get(TRACE) == "1":
        print(f"dl: trace  {safe_text(name)}  {safe_text(action)}  {1000 * seconds:.1f} ms", file=stream or sys.stderr)


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:  # Any: theirs
    """Return the undecorated plugin function."""
    found: Callable[..., Any] = getattr(function, ORIGINAL, function)
    return found


def plugin_of_traceback(error: BaseException) -> FoundPlugin | None:
    """Return the plugin of the innermost traceback frame that is a plugin's; None if only dl's code is in it."""
    homes = {one.target.partition(":")[0].partition(".")[0]: one for one in installed() if one.target}
    homes = {module: one for module, one in homes.items() if module not in {"dl", *sys.stdlib_module_names}}
    homes |= {one.target: one for one in local_plugins()}
    found, step = None, error.__traceback__
    while step is not None:
        module = str(step.tb_frame.f_globals.get("__name__", ""))
        found = homes.get(module) or homes.get(module.partition(".")[0]) or found
        step = step.tb_next
    return found


def _wrapped(
    function: Callable[..., Any], plugin: FoundPlugin, action: str, return_type: str
) -> Callable[..., Any]:  # Any: theirs
    own = plugin.own

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
        with attributing(plugin, action):
            given = function(*args, **kwargs)
        if return_type:
            _check(given, return_type, plugin, f"{action} returned")
        if own and type(given).__name__ in IN_EVERY_STEP:
            return given
        return wrap_plugin(given, plugin, action) if return_type and is_dataclass(given) else given

    setattr(call, ORIGINAL, function)
    return call


@cache
def _type_of(word: str) -> type:
    module, _, name = word.partition(":")
    found: type = getattr(import_module(module), name)
    return found


def _check(given: object, return_type: str, plugin: FoundPlugin, action: str) -> None:
    if not isinstance(given, _type_of(return_type)):
        name = return_type.partition(":")[2]
        raise PluginFailed(plugin_line(plugin.name, plugin.origin, f"{action} {short_repr(given)}, not a {name}"))
    if return_type.startswith("dl.data.examples:") and not plugin.own:
        from dl.data.examples import Dataset, Examples, find_fault

        if isinstance(given, (Dataset, Examples)) and (fault := find_fault(given)):
            raise PluginFailed(plugin_line(plugin.name, plugin.origin, f"{action.rpartition(' ')[0]} {fault}"))
