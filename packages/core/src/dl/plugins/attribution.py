"""Blame: what a plugin's function raises when it is used becomes one line that names the plugin.

The host wraps what a plugin registers in these. Our own errors, which say what the user can mend, pass through as they
are; anything else is a `PluginFailed`, with the traceback behind it for ``DL_DEBUG=1``.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from importlib import import_module
from typing import Any

from dl.errors import DLError, PluginFailed
from dl.plugins.discovery import FoundPlugin, installed
from dl.plugins.local import local_plugins
from dl.plugins.states import describe_error, plugin_line, short_repr
from dl.signals import StoppedAtOnce
from dl.terminal import safe_text

TRACE = "DL_TRACE_PLUGINS"
AS_GIVEN = "_dl_as_given"
# What the functions and fields of what plugins give must be, by class and field: imported when one has returned.
RETURN_TYPES = {
    ("DatasetSpec", "load"): "dl.data.examples:Dataset",
    ("DomainSpec", "load"): "dl.domain:Domain",
    ("ModelSpec", "build"): "torch.nn:Module",
    ("ModelSpec", "build_causal"): "torch.nn:Module",
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
    ("Domain", "continued"): "builtins:str",
    ("Domain", "learn"): "dl.domain:Preprocessor",
    ("Domain", "restore"): "dl.domain:Preprocessor",
    ("Domain", "read"): "dl.data.examples:Examples",
}
# What passes: our own errors, which say what the user can mend, a closed stdout, and who asks to stop.
PASSED_THROUGH = (DLError, BrokenPipeError, KeyboardInterrupt, GeneratorExit, StoppedAtOnce)
ASKED_ELSEWHERE = {("CheckSpec", "load"), ("SectionSpec", "load"), ("CommandSpec", "function")}  # and blamed there


def wrap_plugin(given: Any, plugin: FoundPlugin, doing: str = "") -> Any:  # Any: a frozen dataclass, the same kind back
    """Return what a plugin gave with every function in it wrapped, so that what it raises is blamed on the plugin.

    Args:
        given: A specification, or what one has loaded.
        plugin: Who gave it.
        doing: What it came from, for people.

    Raises:
        PluginFailed: If a field is not what it should be.
    """
    kinds = [kind.__name__ for kind in type(given).__mro__]
    wrapped: dict[str, Callable[..., Any]] = {}
    for field in (field for field in fields(given) if field.init):
        value = getattr(given, field.name)
        gives = next((RETURN_TYPES[kind, field.name] for kind in kinds if (kind, field.name) in RETURN_TYPES), "")
        message = f"{field.name} of {doing}"
        if callable(value) and not any((kind, field.name) in ASKED_ELSEWHERE for kind in kinds):
            wrapped[field.name] = _wrapped(value, plugin, message, gives)
        elif gives and value is not None:
            _check(value, gives, plugin, f"{message} is")
    return replace(given, **wrapped) if wrapped else given


@contextmanager
def attributing(plugin: FoundPlugin, doing: str) -> Iterator[None]:
    """Turn what is raised inside into one line about the plugin.

    Raises:
        PluginFailed: For everything but what is `PASSED_THROUGH`.
    """
    started = time.perf_counter()
    try:
        yield
    except PASSED_THROUGH:
        raise
    except BaseException as error:
        raise PluginFailed(
            plugin_line(plugin.name, plugin.origin, f"{doing} failed: {describe_error(error)}")
        ) from error
    finally:
        trace(plugin.name, doing, time.perf_counter() - started)


def trace(name: str, doing: str, seconds: float, stream: Any = None) -> None:  # Any: a text stream
    """Print what a plugin did and how long it took, where ``DL_TRACE_PLUGINS=1`` asks for it."""
    if os.environ.get(TRACE) == "1":
        print(f"dl: trace  {safe_text(name)}  {safe_text(doing)}  {1000 * seconds:.1f} ms", file=stream or sys.stderr)


def unwrapped(function: Callable[..., Any]) -> Callable[..., Any]:  # Any: theirs
    """Return a plugin's function as the plugin gave it, for who looks at what it does without being held off."""
    found: Callable[..., Any] = getattr(function, AS_GIVEN, function)
    return found


def plugin_of_traceback(error: BaseException) -> FoundPlugin | None:
    """Return the installed plugin whose code an error has passed through last; None if it is nobody's but dl's."""
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
    function: Callable[..., Any], plugin: FoundPlugin, doing: str, gives: str
) -> Callable[..., Any]:  # Any: theirs
    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # Any: passed through
        with attributing(plugin, doing):
            given = function(*args, **kwargs)
        if gives:
            _check(given, gives, plugin, f"{doing} returned")
        return wrap_plugin(given, plugin, doing) if gives and is_dataclass(given) else given

    setattr(call, AS_GIVEN, function)
    return call


def _check(given: object, gives: str, plugin: FoundPlugin, doing: str) -> None:
    module, _, name = gives.partition(":")
    kind: type = getattr(import_module(module), name)
    if not isinstance(given, kind):
        raise PluginFailed(plugin_line(plugin.name, plugin.origin, f"{doing} {short_repr(given)}, not a {name}"))
    if gives.startswith("dl.data.examples:") and not plugin.own:
        from dl.data.examples import Dataset, Examples, find_fault

        if isinstance(given, (Dataset, Examples)) and (fault := find_fault(given)):
            raise PluginFailed(plugin_line(plugin.name, plugin.origin, f"{doing.rpartition(' ')[0]} {fault}"))
