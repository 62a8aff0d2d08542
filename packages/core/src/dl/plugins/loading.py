"""Loading: every plugin on its own, so that none takes dl, or another plugin, down with it.

The road: find, leave out what is not wanted, import, check and register each hook, call it, sort what it returned.
What goes wrong on the way becomes a `Problem` of that plugin alone. Only `load_plugins` warns or
raises.
"""

from __future__ import annotations

import os
import time
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import pluggy

from dl import hookspecs
from dl.errors import nearest
from dl.plugins.attribution import attributing, trace, wrap_plugin
from dl.plugins.capture import Interrupts, OutputCapture, capture_output, tracking_interrupts
from dl.plugins.discovery import FoundPlugin, installed, satisfied
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
from dl.plugins.validation import KINDS, OWN_VERBS, Key, Kind, Spec, as_list, spec_fault
from dl.version import VERSION

SLOW = 2.0  # seconds that a plugin may take before it is said
HOOKS = tuple(name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec"))


@dataclass
class Draft:
    """A plugin while it is being loaded.

    Args:
        found: What it is.
        hooks: Its hooks that hold, by name.
        registered: The names that each of them registered.
        problems: What there is to say.
        seconds: That it has taken.
    """

    found: FoundPlugin
    hooks: dict[str, pluggy.HookImpl] = field(default_factory=dict)
    registered: dict[str, list[str]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    seconds: float = 0.0

    def say(self, message: str, makes: str = FAILED, *, aloud: bool = True, deprecates: bool = False) -> None:
        """Keep a problem, once."""
        problem = Problem(message, makes, aloud, deprecates)
        if problem not in self.problems:
            self.problems.append(problem)

    def state(self) -> PluginState:
        """Return what became of it."""
        if self.seconds >= SLOW:
            self.say(f"it takes {self.seconds:.1f} s to load, and every command waits for it", OK)
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
    """Load every installed plugin, the trusted ones of this folder, and ``extra`` modules or objects."""
    selection = read_selection(os.environ.get(VARIABLE, ""))
    local = local_plugins()
    found = [*installed(), *local, *_given(extra)]
    drafts = [Draft(one) for one in found]
    manager = _Manager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    with capture_output() as silence, tracking_interrupts() as interrupts:
        watch = partial(_watched, silence=silence, interrupts=interrupts)
        for draft in _wanted(drafts, selection):
            with watch(draft, f"import {draft.found.target or draft.found.name}"):
                _bring_in(draft, manager)
        owners: dict[tuple[str, object], str] = {}
        specs: dict[str, Any] = {  # Any: as Plugins says
            kind.field: _collect(kind, drafts, watch, owners) for kind in KINDS
        }
    answering: dict[str, Any] = {  # Any: as Plugins says
        "renderers": _answering(drafts, "render_report"),
        "reporters": _answering(drafts, "build_report"),
        "comparers": _answering(drafts, "build_comparison"),
    }
    states = tuple(draft.state() for draft in drafts)
    notes = selection.unknown(found) + untrusted(one for one in local if not selection.blocks(one))
    return Plugins(**specs, **answering, owners=owners, states=states, notes=tuple(notes))


def _given(extra: Iterable[object]) -> Iterator[FoundPlugin]:
    for number, plugin in enumerate(extra, 1):
        name = str(getattr(plugin, "__name__", type(plugin).__name__))
        yield FoundPlugin(name if number == 1 else f"{name}-{number}", partial(_itself, plugin))


def _itself(plugin: object) -> object:
    return plugin


def _wanted(drafts: Iterable[Draft], selection: Selection) -> Iterator[Draft]:
    """Give the plugins that are to be imported; the others get the reason why not."""
    names: dict[str, FoundPlugin] = {}
    for draft in drafts:
        one = draft.found
        blocked = one.barred or selection.blocks(one)
        if blocked:
            draft.say(blocked, BLOCKED, aloud=False)
        elif one.name in names:
            draft.say(f"the plugin {names[one.name].origin} has the same name; uninstall one")
        elif not all(c.isalnum() or c in "._-" for c in one.name) or not one.name:
            draft.say("its name may hold only letters, digits and . _ -")
        elif one.needs and not satisfied(one.needs, VERSION):
            draft.say(f"it needs dl-core{one.needs}  update it: dl install -U {one.distribution}", INCOMPATIBLE)
        else:
            if one.beside:
                draft.say(
                    f"its version {one.beside} is installed, too; install it anew: dl install -U {one.distribution}",
                    OK,
                )
            names[one.name] = one
            yield draft


@contextmanager
def _watched(draft: Draft, doing: str, *, silence: OutputCapture, interrupts: Interrupts) -> Iterator[None]:
    """Let a plugin's code run: what it raises, prints, takes, changes and leaves running is kept with it."""
    started, steady = time.perf_counter(), None if draft.found.own else ProcessSnapshot()
    try:
        with warnings.catch_warnings(), no_exit():
            yield
    except BaseException as error:  # sys.exit, too
        if isinstance(error, KeyboardInterrupt) and interrupts.real:
            raise
        draft.say(f"{doing} failed: {describe_error(error)}")
        if os.environ.get("DL_DEBUG") == "1":
            traceback.print_exception(error, file=silence.stderr)
    interrupts.check()
    taken = time.perf_counter() - started
    draft.seconds += taken
    trace(draft.found.name, doing, taken, silence.stderr)
    if steady:
        _say_changes(draft, doing, steady)
    silence.listen()
    if printed := " ".join(silence.taken().split()):
        draft.say(f"{doing} printed {short_repr(shortened(printed, 50))}; a plugin must not print", OK)


def _say_changes(draft: Draft, doing: str, steady: ProcessSnapshot) -> None:
    if changed := steady.put_back():
        draft.say(f"{doing} changed {', '.join(changed)}; it was put back", OK)
    if threads := ", ".join(map(short_repr, steady.left_running())):
        draft.say(
            f"{doing} leaves the thread {shortened(threads, 60)} running, which may print, or keep dl from ending", OK
        )


def _bring_in(draft: Draft, manager: pluggy.PluginManager) -> None:
    """Import a plugin and register each of its hooks that holds."""
    plugin = draft.found.load()
    if isinstance(plugin, type):
        draft.say(f"{draft.found.target} is a class; name a module, or an object of that class")
        return
    written_for = getattr(plugin, "dl_api", hookspecs.API)
    if not isinstance(written_for, int):
        draft.say(f"its dl_api is {short_repr(written_for)}, not a whole number")
        return
    if not hookspecs.OLDEST_API <= written_for <= hookspecs.API:
        takes = f"{hookspecs.OLDEST_API} to {hookspecs.API}"
        draft.say(f"it is written for version {written_for} of the hooks, and this dl knows {takes}", INCOMPATIBLE)
        return
    for attribute in dir(plugin):
        _register(draft, manager, plugin, attribute)
    if not draft.hooks and not draft.problems:
        draft.say("it has no hook of dl; see dl.hookspecs")


class _Manager(pluggy.PluginManager):
    """Looks for no hook under the names that every object has: to look at each takes most of a plugin's time."""

    def parse_hookimpl_opts(self, plugin: object, name: str) -> pluggy.HookimplOpts | None:
        """Return how a function is marked; None if it is no hook."""
        return None if name.startswith("__") else super().parse_hookimpl_opts(plugin, name)


class _Holder:
    """Carries one hook of a plugin, so that pluggy checks it by itself and a bad one does not take the others along."""


def _register(draft: Draft, manager: pluggy.PluginManager, plugin: object, attribute: str) -> None:
    marks = manager.parse_hookimpl_opts(plugin, attribute)
    if marks is None:
        if attribute in HOOKS and not hasattr(getattr(plugin, attribute), f"{hookspecs.PROJECT}_spec"):
            draft.say(f"its function {attribute} is not marked with @dl.hookimpl")
        return
    hook = marks["specname"] or attribute
    function = getattr(plugin, attribute)
    if hook not in HOOKS:
        if not marks["optionalhook"]:
            draft.say(f"dl has no hook {hook!r}{nearest(hook, HOOKS)}")
        return
    if marks["wrapper"] or marks["hookwrapper"]:
        draft.say(f"its {hook} wraps the hooks of others, which dl does not take")
        return
    implementation = pluggy.HookImpl(plugin, draft.found.name, function, marks)
    known = set(getattr(manager.hook, hook).spec.argnames)
    if more := sorted(set(implementation.argnames) - known):
        asks = ", ".join(map(repr, more))
        draft.say(f"its {hook} asks for {asks}, which version {hookspecs.API} of the hooks does not give", INCOMPATIBLE)
        return
    holder = _Holder()
    setattr(holder, attribute, function)
    spec = getattr(manager.hook, hook).spec
    if spec.warn_on_impl or spec.warn_on_impl_args:
        with warnings.catch_warnings(record=True) as old:
            warnings.simplefilter("always")
            manager.register(holder, f"{draft.found.name}:{attribute}")
        for warning in old:
            draft.say(str(warning.message), OK, aloud=False, deprecates=True)
    else:
        manager.register(holder, f"{draft.found.name}:{attribute}")
    draft.hooks[hook] = implementation


_Watch = Callable[[Draft, str], Any]  # Any: a context manager


def _collect(
    kind: Kind, drafts: Iterable[Draft], watch: _Watch, names: dict[tuple[str, object], str]
) -> dict[Key, Spec]:
    """Call the hooks of one kind, plugin by plugin; of two specifications of one name the first stays.

    Args:
        kind: Of specification.
        drafts: The plugins.
        watch: Lets a plugin's code run.
        names: Gets the plugin of each specification that is kept, by the field of its kind and its key.
    """
    kept: dict[Key, Spec] = {}
    owners: dict[Key, FoundPlugin] = {}
    for draft in drafts:
        for hook in kind.hooks:
            if hook in draft.hooks:
                draft.registered[hook] = []
                with watch(draft, hook):
                    for spec in _specs_of(draft, hook, kind):
                        key = kind.key(spec)
                        if message := _taken(kind, spec, owners.get(key), draft.found):
                            draft.say(message)
                            continue
                        kept[key] = _kept(spec, draft.found, kind)
                        owners[key], names[kind.field, key] = draft.found, draft.found.name
                        draft.registered[hook].append(spec.name)
    return dict(sorted(kept.items(), key=lambda item: str(item[0])))


def _specs_of(draft: Draft, hook: str, kind: Kind) -> Iterator[Spec]:
    for spec in as_list(draft.hooks[hook].function(), kind):
        if message := spec_fault(spec, kind):
            draft.say(message)
        else:
            yield spec


def _taken(kind: Kind, spec: Spec, owner: FoundPlugin | None, plugin: FoundPlugin) -> str:
    """Return why a specification cannot have its name, or an empty string."""
    if kind.field == "commands" and spec.name in OWN_VERBS:
        return f"the command {spec.name!r} is dl's own"
    if owner is None:
        return ""
    whose = (
        f"dl's own ({owner.distribution})" if owner.own and not plugin.own else f"plugin {owner.name!r} {owner.origin}"
    )
    return f"the {kind.noun} {short_repr(spec.name)} is left out, for {whose} has that name"


def _kept(spec: Spec, plugin: FoundPlugin, kind: Kind) -> Spec:
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
    """Load every installed plugin, and ``extra`` modules or objects, each on its own.

    What is wrong with a plugin is one `PluginWarning`; the others are not touched by it.

    Raises:
        PluginFailed: If something is wrong with one and ``DL_STRICT_PLUGINS=1``.
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
    """Load every plugin as `load_plugins` does, without a word: what is wrong stands in the states."""
    return load(extra)
