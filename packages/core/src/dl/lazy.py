"""Modules that libraries import but rarely use: their code runs when a name of theirs is first asked for.

- torchmetrics imports `scipy.signal` to add a name to it that dl never asks for.
- Lightning imports `torch._dynamo`, the compiler, for a class that it compares modules with; each optimizer of torch
  imports it to keep it from compiling the optimizer's methods.
- `scipy.special` imports a layer for other libraries of arrays, and with it numpy's test tools; its compiled functions
  do without.
- numpy imports its masked arrays for `unique`, `quantile` and `median`, which ask whether an array is one: none is yet.

Only the command line defers them, in its own process. Where a library has changed, its module is imported as ever.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any

Names = Mapping[str, object]
COMPILED = "scipy.special._ufuncs"
LONGEST = 10.0  # seconds to wait for another thread that executes such a module, which may wait for this one
_lock = RLock()


class LazyModule:
    """A loader that gives a module a few names, and executes it when another one is asked for.

    Args:
        spec: Of the module, as found on the path.
        names_of: Returns the names that do without its execution, from this object.
    """

    def __init__(self, spec: ModuleSpec, names_of: Callable[[LazyModule], Names]) -> None:
        self.spec, self.loader, self.names_of = spec, spec.loader, names_of
        self.executed, self.waits = False, True  # waits: no name has been asked for
        self.module = ModuleType(spec.name)
        self.names: Names = {}

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module, without a name yet."""
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Put the names into the module, or execute it if they cannot be had."""
        try:
            self.names = dict(self.names_of(self))
        except Exception:  # of another version of the library
            self.execute()
        else:
            vars(module).update(self.names, __getattr__=self._get, __dir__=self._list)

    def execute(self) -> ModuleType:
        """Execute the module, once, and return it."""
        held = _lock.acquire(timeout=LONGEST)
        try:
            if self.waits and self.loader is not None:
                self.waits = False
                for name in self.names:
                    vars(self.module).pop(name, None)
                self.spec.loader = self.module.__loader__ = self.loader
                self.loader.exec_module(self.module)
                self.executed = True
                for name, ours in (("__getattr__", self._get), ("__dir__", self._list)):
                    if vars(self.module).get(name) == ours:
                        vars(self.module).pop(name)
        finally:
            if held:
                _lock.release()
        return self.module

    def _get(self, name: str) -> object:
        if not name.startswith("__") or name == "__all__":  # others are of whoever walks through all modules
            self.execute()
            if self.executed or name in vars(self.module):
                return getattr(self.module, name)
        raise AttributeError(f"module {self.spec.name!r} has no attribute {name!r}")

    def _list(self) -> list[str]:
        return sorted(vars(self.execute()))


class LazyFinder:
    """Finds lazy modules, each once; other modules inside one of them execute it first.

    Args:
        names_of: For each module by name, what `LazyModule` needs.
    """

    def __init__(self, names_of: Mapping[str, Callable[[LazyModule], Names]]) -> None:
        self.names_of = dict(names_of)
        self.made: dict[str, LazyModule] = {}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a lazy module, or of one that the execution of its parent has imported; else None."""
        if name in self.names_of and name not in self.made:
            spec = PathFinder.find_spec(name, path)
            if spec is not None and spec.loader is not None:
                spec.loader = self.made[name] = LazyModule(spec, self.names_of[name])  # type: ignore[assignment]
            return spec
        parent = self.made.get(name.rpartition(".")[0])
        if parent is None or not parent.waits or not parent.names:  # without names it is just being made
            return None
        parent.execute()
        if name not in sys.modules:
            return None
        return ModuleSpec(name, _Imported(sys.modules[name]))  # type: ignore[arg-type]


class _Imported:
    """A loader of a module that is imported already."""

    def __init__(self, module: ModuleType) -> None:
        self.module, self.spec = module, module.__spec__

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return self.module

    def exec_module(self, module: ModuleType) -> None:
        """Give the module its own spec again."""
        module.__spec__ = self.spec


def defer() -> None:
    """Make the modules lazy that are not imported yet."""
    if not any(isinstance(finder, LazyFinder) for finder in sys.meta_path):
        wanted = {name: names_of for name, names_of in NAMES_OF.items() if name not in sys.modules}
        sys.meta_path.insert(0, LazyFinder(wanted))


def _of_signal(_lazy: LazyModule) -> Names:
    return {"hamming": None}  # torchmetrics adds it where it is missing


def _of_special(_lazy: LazyModule) -> Names:
    return {name: value for name, value in vars(import_module(COMPILED)).items() if not name.startswith("_")}


def _of_masked(lazy: LazyModule) -> Names:
    def of(name: str) -> Callable[[object], bool]:
        return lambda x: lazy.executed and bool(getattr(lazy.module, name)(x))

    return {name: of(name) for name in ("is_masked", "isMaskedArray")}


def _of_compiler(lazy: LazyModule) -> Names:
    class Compiled(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return lazy.executed and isinstance(instance, lazy.module.OptimizedModule)

    def disable(function: Callable[..., object] | None = None, *rest: object, **options: object) -> object:
        if function is None:
            return lazy.execute().disable(function, *rest, **options)
        return partial(_call, lazy, function, rest, options)

    def graph_break(*_: object, **__: object) -> None:
        """Do nothing, as the compiler's own outside of what it compiles."""

    compiled = Compiled("OptimizedModule", (), {})
    return {"OptimizedModule": compiled, "disable": disable, "graph_break": graph_break}


def _call(
    lazy: LazyModule, function: Callable[..., object], rest: Any, options: Any, /, *positional: Any, **named: Any
) -> object:  # Any: whatever the functions take
    """Call a function that is never compiled: as it is, while there is no compiler."""
    if lazy.executed:
        function = lazy.module.disable(function, *rest, **options)
    return function(*positional, **named)


NAMES_OF = {
    "numpy.ma": _of_masked,
    "scipy.signal": _of_signal,
    "scipy.special": _of_special,
    "torch._dynamo": _of_compiler,
}
