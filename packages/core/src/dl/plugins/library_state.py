"""The state of libraries that a plugin may change at import: seeds, torch, numpy, locale, warnings.

A library that the plugin itself imports first is read right after that import, before the plugin can change it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class LibraryState:
    """A piece of state of a library.

    Args:
        name: For messages.
        module: In which it lies; nothing is read while that is not imported.
        read: Returns its value.
        restore: Sets it to an earlier value.
    """

    name: str
    module: str
    read: Callable[[Any], Any]  # Any: the module, and a value of any type that equals itself
    restore: Callable[[Any, Any], object]


class LibrarySnapshot:
    """The state of the libraries that are imported, and of others right after their import."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {}  # Any: as `LibraryState.read` returns
        for module in {one.module for one in LIBRARY_STATES}:
            self.read(module)

    def read(self, name: str) -> None:
        """Read the states of a module, if it is imported."""
        if module := sys.modules.get(name):
            self._before |= {one.name: one.read(module) for one in LIBRARY_STATES if one.module == name}

    def restore(self) -> list[str]:
        """Restore the states, and return the names of what was changed."""
        changed = []
        for one in LIBRARY_STATES:
            module = sys.modules.get(one.module)
            if module and one.name in self._before and one.read(module) != self._before[one.name]:
                changed.append(one.name)
                one.restore(module, self._before[one.name])
        return changed

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Inside this context read the states of a library as soon as it is imported."""
        finder = _Finder(self)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            if finder in sys.meta_path:
                sys.meta_path.remove(finder)


class _Finder:
    """Finds the watched modules as the other finders do, and reads their state after their import."""

    def __init__(self, snapshot: LibrarySnapshot) -> None:
        self.snapshot, self.modules = snapshot, {one.module for one in LIBRARY_STATES}

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a watched module, whose execution ends with a reading; None for any other."""
        if name not in self.modules:
            return None
        finders = (finder for finder in sys.meta_path if finder is not self)
        specs = (finder.find_spec(name, path, target) for finder in finders if hasattr(finder, "find_spec"))
        spec = next((spec for spec in specs if spec), None)
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def run(module: ModuleType) -> None:
                execute(module)
                self.snapshot.read(name)

            spec.loader.exec_module = run  # type: ignore[method-assign]  # of this import alone
        return spec


def _random_states(numpy_random: Any) -> tuple[Any, ...]:  # Any: arrays as bytes
    kind, keys, *rest = numpy_random.get_state()
    return kind, keys.tobytes(), *rest


def _set_numpy_random(numpy_random: Any, before: tuple[Any, ...]) -> None:  # Any: as above
    import numpy as np

    kind, keys, *rest = before
    numpy_random.set_state((kind, np.frombuffer(keys, np.uint32), *rest))


def _torch_settings(torch: Any) -> tuple[Any, ...]:  # Any: the module, and its values
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.is_grad_enabled(),
        torch.get_float32_matmul_precision(),
        torch.is_anomaly_enabled(),
    )


def _set_torch(torch: Any, before: tuple[Any, ...]) -> None:  # Any: as above
    deterministic, warns, grad, precision, anomaly = before
    torch.use_deterministic_algorithms(deterministic, warn_only=warns)
    torch.set_grad_enabled(grad)
    torch.set_float32_matmul_precision(precision)
    torch.autograd.set_detect_anomaly(anomaly)


def _set_torch_seed(torch: Any, before: bytes) -> None:  # Any: the module
    torch.set_rng_state(torch.frombuffer(bytearray(before), dtype=torch.uint8))


def _filters_for_all(warnings: Any) -> list[Any]:  # Any: the module, and its filters
    """Return the filters that match every warning, whose change would reach others than the plugin's own."""
    everything = [one for one in warnings.filters if one[1] is None and one[3] is None]
    return [one for one in everything if issubclass(Warning, one[2])]


def _add_filters(warnings: Any, before: list[Any]) -> None:  # Any: as above
    """Put the filters for every warning back; the context around the plugin's code restores the others."""
    kept = [one for one in warnings.filters if one not in _filters_for_all(warnings)]
    warnings.filters[:] = [*kept, *before]
    warnings._filters_mutated()


LIBRARY_STATES = (
    LibraryState("filters of all warnings", "warnings", _filters_for_all, _add_filters),
    LibraryState("the locale", "locale", lambda m: m.setlocale(m.LC_ALL), lambda m, old: m.setlocale(m.LC_ALL, old)),
    LibraryState(
        "the garbage collector", "gc", lambda m: m.isenabled(), lambda m, old: (m.enable if old else m.disable)()
    ),
    LibraryState("Python's random numbers", "random", lambda m: m.getstate(), lambda m, old: m.setstate(old)),
    LibraryState("numpy's random numbers", "numpy.random", _random_states, _set_numpy_random),
    LibraryState("numpy's handling of errors", "numpy", lambda m: m.geterr(), lambda m, old: m.seterr(**old)),
    LibraryState(
        "torch's default type", "torch", lambda m: m.get_default_dtype(), lambda m, old: m.set_default_dtype(old)
    ),
    LibraryState(
        "torch's default device",
        "torch",
        lambda m: str(m.get_default_device()),
        lambda m, old: m.set_default_device(old),
    ),
    LibraryState("torch's threads", "torch", lambda m: m.get_num_threads(), lambda m, old: m.set_num_threads(old)),
    LibraryState("torch's random numbers", "torch", lambda m: m.get_rng_state().numpy().tobytes(), _set_torch_seed),
    LibraryState("torch's settings", "torch", _torch_settings, _set_torch),
)
