"""Load plugins, each isolated, so that a broken one stops neither dl nor another plugin.

The steps: find, select, import, check and register each hook, call it, collect its specifications. Every failure
becomes a `Problem` of that plugin alone. Only `load_plugins` warns or raises.
"""

from __future__ import annotations

import os
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pluggy

from dl import hookspecs
from dl.errors import nearest
from dl.plugins.attribution import attributing, trace, wrap_plugin
from dl.plugins.capture import Interrupts, OutputCapture, capture_output, tracking_interrupts
from dl.plugins.composed import with_mixed
from dl.plugins.discovery import FoundPlugin, installed, satisfies
from dl.plugins.library_state import LibrarySnapshot
from dl.plugins.local import local_plugins, untrusted
from dl.plugins.process_state import ProcessSnapshot, no_exit
from dl.plugins.registry import Plugins
from dl.plugins.selection import VARIABLE, Selection, read_selection
from dl.plugins.states import (
    BLOCKED,
    FAILED,
    INCOMPATIBLE,
    OK,
    PluginDeprecated,
    PluginState,
    PluginWarning,
    Problem,
    describe_error,
    plugin_line,
    short_repr,
    shortened,
    warn_of_plugins,
)
from dl.plugins.validation import KINDS, OWN_COMMANDS, Key, Kind, Spec, as_list, spec_fault
from dl.version import CORE, VERSION

SLOW = 2.0  # seconds of loading from which a plugin gets a warning
HOOKS = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))


@dataclass
class Draft:
    """A plugin while it is being loaded.

    Args:
        found: The plugin.
        hooks: Its valid hooks, by name.
        registered: The names that each hook registered.
        problems: Its errors and warnings.
        seconds: Time spent loading it.
    """

    found: FoundPlugin
    hooks: dict[str, pluggy.HookImpl] = field(default_factory=dict)
    registered: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0

    def add_problem(self, message: str, state: str = FAILED, *, warns: bool = True, deprecates: bool = False) -> None:
        """Add a problem, unless it is a duplicate."""
        problem = Problem(message, state, warns, deprecates)
        if problem not in self.problems:
            self.problems.append(problem)

    def state(self) -> PluginState:
        """Return the final state."""
        if self.seconds >= SLOW:
            self.add_problem(f"it takes {self.seconds:.1f} s to load, which delays every command", OK)
        found = self.found
        registered = {hook: tuple(names) for hook, names in self.registered.items()}
        return PluginState(
            found.name,
            found.origin,
            found.distribution,
            found.version,
            found.path,
            found.own,
            registered,
            tuple(self.problems),
            self.seconds,
        )


def load(extra: Iterable[object] = ()) -> Plugins:
    """Load every installed plugin, the trusted one-file plugins, and ``extra`` modules or objects."""
    selection = read_selection(os.environ.get(VARIABLE, ""))
    local = local_plugins()
    found = [*installed(), *local, *_from_objects(extra)]
    drafts = [Draft(one) for one in found]
    manager = _Manager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    with capture_output() as capture, tracking_interrupts() as interrupts:
        guard = partial(_guarded, capture=capture, interrupts=interrupts)
        for draft in _wanted(drafts, selection):
            with guard(draft, f"import {draft.found.target or draft.found.name}"):
                _import_plugin(draft, manager)
        owners: dict[tuple[str, object], str] = {}
        specs: dict[str, Any] = {  # Any: as Plugins says
            kind.field: _collect(kind, drafts, guard, owners) for kind in KINDS
        }
    answering: dict[str, Any] = {  # Any: as Plugins says
        "renderers": _answering(drafts, "render_report"),
        "reporters": _answering(drafts, "build_report"),
        "comparers": _answering(drafts, "build_comparison"),
        "data_checkers": _answering(drafts, "check_data"),
        "data_comparers": _answering(drafts, "compare_data"),
        "map_drawers": _answering(drafts, "draw_map"),
    }
    states = tuple(draft.state() for draft in drafts)
    notes = selection.unknown(found) + untrusted(one for one in local if not selection.blocks(one))
    return with_mixed(Plugins(**specs, **answering, owners=owners, states=states, notes=tuple(notes)))


def _from_objects(extra: Iterable[object]) -> Iterator[FoundPlugin]:
    for number, plugin in enumerate(extra, 1):
        name = str(getattr(plugin, "__name__", type(plugin).__name__))
        yield FoundPlugin(name if number == 1 else f"{name}-{number}", partial(_identity, plugin))


def _identity(plugin: object) -> object:
    return plugin


def _wanted(drafts: Iterable[Draft], selection: Selection) -> Iterator[Draft]:
    """Yield the plugins to import; the others get a problem with the reason."""
    names: dict[str, FoundPlugin] = {}
    for draft in drafts:
        one = draft.found
        blocked = one.barred or selection.blocks(one)
        if blocked:
            draft.add_problem(blocked, BLOCKED, warns=False)
        elif one.name in names:
            draft.add_problem(f"the plugin {names[one.name].origin} has the same name; uninstall one")
        elif not all(c.isalnum() or c in "._-" for c in one.name) or not one.name:
            draft.add_problem("its name may hold only letters, digits and . _ -")
        elif one.needs and not satisfies(one.needs, VERSION):
            installer = "pip" if one.own else "dl"
            update = f"update it: {installer} install -U {one.distribution}"
            draft.add_problem(f"it needs {CORE}{one.needs}  {update}", INCOMPATIBLE)
        else:
            if one.beside:
                draft.add_problem(
                    f"its version {one.beside} is installed, too; install it anew: dl install -U {one.distribution}",
                    OK,
                )
            names[one.name] = one
            yield draft


@contextmanager
def _guarded(draft: Draft, action: str, *, capture: OutputCapture, interrupts: Interrupts) -> Iterator[None]:
    """Run a plugin's code: its exceptions, output, time, changed process state and new threads become problems."""
    started, own = time.perf_counter(), draft.found.own
    snapshot, libraries = None if own else ProcessSnapshot(), None if own else LibrarySnapshot()
    changed: list[str] = []
    try:
        with warnings.catch_warnings(), no_exit(), libraries.watching() if libraries else nullcontext():
            try:
                yield
            finally:  # inside, where the filters of warnings are still the plugin's
                changed = libraries.restore() if libraries else []
    except BaseException as error:  # sys.exit, too
        if isinstance(error, KeyboardInterrupt) and interrupts.real:
            raise
        draft.add_problem(f"{action} failed: {describe_error(error)}")
        if os.environ.get("DL_DEBUG") == "1":
            traceback.print_exception(error, file=capture.stderr)
    interrupts.check()
    taken = time.perf_counter() - started
    draft.seconds += taken
    trace(draft.found.name, action, taken, capture.stderr)
    if snapshot:
        _restore_process(draft, action, snapshot, changed)
    capture.install()
    if printed := " ".join(capture.read_new().split()):
        draft.add_problem(f"{action} printed {short_repr(shortened(printed, 50))}; a plugin must not print", OK)


def _restore_process(draft: Draft, action: str, snapshot: ProcessSnapshot, of_libraries: list[str]) -> None:
    if changed := [*snapshot.restore(), *of_libraries]:
        draft.add_problem(f"{action} changed {', '.join(changed)}; dl restored it", OK)
    if threads := ", ".join(map(short_repr, snapshot.new_threads())):
        draft.add_problem(
            f"{action} leaves the thread {shortened(threads, 60)} running, which may print or keep dl from exiting", OK
        )


def _import_plugin(draft: Draft, manager: pluggy.PluginManager) -> None:
    """Import a plugin and register each of its valid hooks."""
    plugin = draft.found.load()
    if isinstance(plugin, type):
        draft.add_problem(f"{draft.found.target} is a class; name a module, or an object of that class")
        return
    written_for = getattr(plugin, "dl_api", hookspecs.API)
    if not isinstance(written_for, int):
        draft.add_problem(f"its dl_api is {short_repr(written_for)}, not a whole number")
        return
    if not hookspecs.OLDEST_API <= written_for <= hookspecs.API:
        supported = f"{hookspecs.OLDEST_API} to {hookspecs.API}"
        draft.add_problem(
            f"it is written for version {written_for} of the hooks; this dl supports {supported}", INCOMPATIBLE
        )
        return
    for attribute in dir(plugin):
        _register(draft, manager, plugin, attribute)
    if not draft.hooks and not draft.problems:
        draft.add_problem("it has no hook of dl; see dl.hookspecs")


class _Manager(pluggy.PluginManager):
    """Skips the dunder names when it looks for hooks, which take most of the time."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return the options of a hook implementation; None if a function is not marked as one."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)


class _Holder:
    """Carries one hook of a plugin, so that pluggy checks it alone and an invalid one does not affect the others."""


def _register(draft: Draft, manager: pluggy.PluginManager, plugin: object, attribute: str) -> None:
    marks = manager.parse_hookimpl_opts(plugin, attribute)
    if marks is None:
        if attribute in HOOKS and not hasattr(getattr(plugin, attribute), f"{hookspecs.PROJECT}_spec"):
            draft.add_problem(f"its function {attribute} is not marked with @dl.hookimpl")
        return
    hook = marks["specname"] or attribute
    function = getattr(plugin, attribute)
    if hook not in HOOKS:
        if not marks["optionalhook"]:
            draft.add_problem(f"dl has no hook {hook!r}{nearest(hook, HOOKS)}")
        return
    if marks["wrapper"] or marks["hookwrapper"]:
        draft.add_problem(f"its {hook} is a hook wrapper, which dl does not support")
        return
    implementation = pluggy.HookImpl(plugin, draft.found.name, function, marks)
    known = set(getattr(manager.hook, hook).spec.argnames)
    if more := sorted(set(implementation.argnames) - known):
        asks = ", ".join(map(repr, more))
        draft.add_problem(
            f"its {hook} asks for {asks}, which version {hookspecs.API} of the hooks does not give", INCOMPATIBLE
        )
        return
    holder = _Holder()
    setattr(holder, attribute, function)
    spec = getattr(manager.hook, hook).spec
    if spec.warn_on_impl or spec.warn_on_impl_args:
        with warnings.catch_warnings(record=True) as old:
            warnings.simplefilter("always")
            manager.register(holder, f"{draft.found.name}:{attribute}")
        for warning in old:
            draft.add_problem(str(warning.message), OK, warns=False, deprecates=True)
    else:
        manager.register(holder, f"{draft.found.name}:{attribute}")
    draft.hooks[hook] = implementation


_Guard = Callable[[Draft, str], Any]  # Any: a context manager


def _collect(
    kind: Kind, drafts: Iterable[Draft], guard: _Guard, names: dict[tuple[str, object], str]
) -> dict[Key, Spec]:
    """Call the hooks of one kind, plugin by plugin; of two specifications with one name the first is kept.

    Args:
        kind: Of specification.
        drafts: The plugins.
        guard: Runs a plugin's code.
        names: Filled with the plugin of each kept specification, by the field of its kind and its key.
    """
    kept: dict[Key, Spec] = {}
    owners: dict[Key, FoundPlugin] = {}
    for draft in drafts:
        for hook in kind.hooks:
            if hook in draft.hooks:
                draft.registered[hook] = []
                with guard(draft, hook):
                    for spec in _specs_of(draft, hook, kind):
                        key = kind.key(spec)
                        if message := _name_name_name_taken(kind, spec, owners.get(key), draft.found):
                            draft.add_problem(message)
                            continue
                        kept[key] = _wrap_spec(spec, draft.found, kind)
                        owners[key], names[kind.field, key] = draft.found, draft.found.name
                        draft.registered[hook].append(spec.name)
    return dict(sorted(kept.items(), key=lambda item: str(item[0])))


def _specs_of(draft: Draft, hook: str, kind: Kind) -> Iterator[Spec]:
    for spec in as_list(draft.hooks[hook].function(), kind):
        if message := spec_fault(spec, kind):
            draft.add_problem(message)
        else:
            yield spec


def _name_name_name_taken(kind: Kind, spec: Spec, owner: FoundPlugin | None, plugin: FoundPlugin) -> str:
    """Return why a specification's name is not available, or an empty string."""
    if kind.field == "commands" and spec.name in OWN_COMMANDS:
        return f"the command {spec.name!r} is dl's own"
    if owner is None:
        return ""
    whose = (
        f"dl's own ({owner.distribution})" if owner.own and not plugin.own else f"plugin {owner.name!r} {owner.origin}"
    )
    return f"the {kind.noun} {short_repr(spec.name)} is left out, since {whose} has that name"


def _wrap_spec(spec: Spec, plugin: FoundPlugin, kind: Kind) -> Spec:
    named = replace(spec, plugin=plugin.name) if hasattr(spec, "plugin") else spec
    return wrap_plugin(named, plugin, f"the {kind.noun} {spec.name!r}")


def _answering(drafts: Iterable[Draft], hook: str) -> tuple[Callable[..., Any], ...]:  # Any: what the hook returns
    """Return the hooks of this name, third parties' first, each with what it raises attributed to its plugin."""
    return tuple(reversed([_attributed(draft, hook) for draft in drafts if hook in draft.hooks]))


def _attributed(draft: Draft, hook: str) -> Callable[..., Any]:  # Any: as above
    implementation = draft.hooks[hook]
    draft.registered[hook] = []

    def call(**given: Any) -> Any:  # Any: the arguments of the hook
        with attributing(draft.found, hook):
            return implementation.function(*(given[name] for name in implementation.argnames))

    return call


def load_plugins(extra: Iterable[object] = ()) -> Plugins:
    """Load every installed plugin, and ``extra`` modules or objects; a broken one is one `PluginWarning`.

    Raises:
        PluginFailed: If a plugin is broken and ``DL_STRICT_PLUGINS=1``.
    """
    plugins = inspect_plugins(extra)
    failures = plugins.failures
    if failures:
        warn_of_plugins(*failures)
    for line in plugins.notes:
        warnings.warn(line, PluginWarning, stacklevel=1)
    for state in plugins.states:
        for problem in state.problems:
            if problem.deprecates:
                line = plugin_line(state.name, state.origin, problem.message)
                warnings.warn(line, PluginDeprecated, stacklevel=1)
    return plugins


def inspect_plugins(extra: Iterable[object] = ()) -> Plugins:
    """Load every plugin as `load_plugins` does, without warnings: problems are only recorded in the states."""
    return load(extra)
