"""Validate the specifications that a plugin's hook returned.

An invalid specification is left out with a reason; the others of the same plugin are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, fields
from itertools import islice
from typing import Any

from dl.errors import PluginFailed
from dl.options import Option
from dl.plugins.states import short_repr
from dl.specs import (
    FORMS,
    PLACES,
    READ_AS,
    CheckSpec,
    CommandSpec,
    DatasetSpec,
    DomainSpec,
    LoggerSpec,
    ModelSpec,
    OwnStep,
    RecipeSpec,
    RegularizerSpec,
    SectionSpec,
    TaskSpec,
)

MOST = 10_000  # specifications from one hook; more is a mistake
LONGEST_DESCRIPTION = 10_000  # characters; a command's is its help
OWN_COMMANDS = frozenset(
    {
        "doctor",
        "export",
        "fit",
        "cv",
        "baseline",
        "check",
        "completion",
        "install",
        "ls",
        "new",
        "note",
        "plugins",
        "predict",
        "rm",
        "show",
        "tag",
        "test",
        "tune",
        "workflow",
        "status",
        "stop",
        "uninstall",
    }
)

Key = str | tuple[str, str]
Spec = Any  # one of the ten specifications, alike in that they have a name


@dataclass(frozen=True)
class Kind:
    """A kind of specification.

    Args:
        field: Of `Plugins`, that holds it.
        hooks: That return it, the newest name first.
        spec: Its class.
        noun: For messages.
    """

    field: str
    hooks: tuple[str, ...]
    spec: type
    noun: str

    def key(self, spec: Spec) -> Key:
        """Return the unique key: the name, with the domain if there is one."""
        return (spec.domain, spec.name) if hasattr(spec, "domain") else str(spec.name)


KINDS = (
    Kind("domains", ("register_domains",), DomainSpec, "domain"),
    Kind("datasets", ("register_datasets",), DatasetSpec, "data set"),
    Kind("models", ("register_models",), ModelSpec, "model"),
    Kind("tasks", ("register_tasks",), TaskSpec, "task"),
    Kind("regularizers", ("register_regularizers",), RegularizerSpec, "regularizer"),
    Kind("loggers", ("register_loggers",), LoggerSpec, "logger"),
    Kind("recipes", ("register_recipes",), RecipeSpec, "recipe"),
    Kind("checks", ("register_checks",), CheckSpec, "check"),
    Kind("sections", ("register_sections", "report_sections"), SectionSpec, "report section"),
    Kind("commands", ("register_commands",), CommandSpec, "command"),
)


def as_list(returned: Any, kind: Kind) -> list[Any]:  # Any: whatever a plugin returns
    """Convert the value a hook returned to a list.

    Raises:
        PluginFailed: If it is not a sequence, or endless.
    """
    wanted = f"not a sequence of {kind.spec.__name__}"
    if isinstance(returned, Coroutine):
        returned.close()  # otherwise Python warns of it later, while another plugin loads
    if isinstance(returned, (str, bytes, kind.spec)) or not isinstance(returned, Iterable):
        raise PluginFailed(f"it returned {short_repr(returned)}, {wanted}")
    listed = list(islice(returned, MOST + 1))
    if len(listed) > MOST:
        raise PluginFailed(f"it returned more than {MOST:,} things, {wanted}")
    return listed


def spec_fault(spec: object, kind: Kind) -> str:
    """Return the fault of a specification, or an empty string."""
    if not isinstance(spec, kind.spec):
        return f"it returned {short_repr(spec)} among its {kind.noun}s, not a {kind.spec.__name__}"
    for field in fields(spec):  # type: ignore[arg-type]  # every kind of specification is a dataclass
        value = getattr(spec, field.name, None)
        holds, wanted = _FIELDS.get(field.name, _ANYTHING)
        if field.name == "build" and getattr(spec, "is_learner", False):
            holds, wanted = _NO_NETWORK
        elif field.name == "build" and getattr(spec, "has_other_form", False):
            holds, wanted = _FUNCTION_OR_NONE
        if field.name == "build" and getattr(spec, "member", None):
            holds, wanted = _NO_NETWORK[0], "None, as it is a family of networks"
        if field.name == "defaults" and kind.spec is ModelSpec:
            holds, wanted = _is_function_or_none, "a function or None"
        if not holds(value):
            named = f" {short_repr(spec.name)}" if field.name != "name" else ""  # type: ignore[attr-defined]
            return f"the {kind.noun}{named} has {field.name}={short_repr(value)}, not {wanted}"
    if kind.spec is not SectionSpec and not _typable(spec.name):  # type: ignore[attr-defined]
        return f"the {kind.noun} {short_repr(spec.name)} has a name that cannot be typed"  # type: ignore[attr-defined]
    return ""


def _typable(name: str) -> bool:
    """Return whether a name can be typed as one word that is neither a flag nor key=value."""
    return name.isprintable() and not name.startswith("-") and not any(c.isspace() or c in "=/\\'\"" for c in name)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_name(value: object) -> bool:
    return type(value) is str and bool(value.strip()) and len(value) <= 100  # a subclass may break hashing


def _is_description(value: object) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_DESCRIPTION


def _are_options(value: object) -> bool:
    if not isinstance(value, (tuple, list)) or not all(map(_is_option, value)):
        return False
    return len({one.name for one in value}) == len(value)


def _is_option(value: object) -> bool:
    return (
        isinstance(value, Option)
        and _is_name(value.name)
        and _typable(value.name)
        and isinstance(value.default, (bool, int, float, str))
        and isinstance(value.help, str)
        and all(bound is None or isinstance(bound, (int, float)) for bound in (value.low, value.high))
        and _are_texts(value.choices)
    )


def _is_function_or_none(value: object) -> bool:
    return value is None or callable(value)


def _is_step_or_none(value: object) -> bool:
    if isinstance(value, OwnStep):
        return callable(value.step) and _is_function_or_none(value.optimizers)
    return value is None


def _are_pairs(value: object) -> bool:
    pairs = value if isinstance(value, tuple) else (None,)
    return all(isinstance(one, tuple) and len(one) == 2 and isinstance(one[0], str) for one in pairs)


def _are_texts(value: object) -> bool:
    return isinstance(value, (tuple, list)) and all(map(_is_text, value))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_TEXT = (_is_text, "text")
_FUNCTION = (callable, "a function")
_FUNCTION_OR_NONE = (_is_function_or_none, "a function or None")
_ANYTHING = (lambda _: True, "")
_NO_NETWORK = (lambda value: value is None, "None, as it has a learner")
_FIELDS: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_name, "a name of 1 to 100 characters"),
    "domain": (_is_name, "the name of a domain"),
    "description": (_is_description, f"a text of at most {LONGEST_DESCRIPTION:,} characters"),
    "default_recipe": _TEXT,
    "text": _TEXT,
    "plugin": _TEXT,
    "load": _FUNCTION,
    "build": _FUNCTION,
    "classifier": (_is_function_or_none, "a function or None"),
    "regressor": (_is_function_or_none, "a function or None"),
    "defaults": _FUNCTION,
    "own_step": (_is_step_or_none, "an OwnStep with functions, or None"),
    "start": (_is_function_or_none, "a function or None"),
    "member": (_is_function_or_none, "a function or None"),
    "features": (_is_function_or_none, "a function or None"),
    "build_causal": (_is_function_or_none, "a function or None"),
    "build_steps": (_is_function_or_none, "a function or None"),
    "build_autoencoder": (_is_function_or_none, "a function or None"),
    "build_next_frame": (_is_function_or_none, "a function or None"),
    "form": (lambda value: value in FORMS, f"one of {', '.join(FORMS)}"),
    "unlabelled": (_are_texts, "a tuple of texts"),
    "page": _FUNCTION,
    "function": _FUNCTION,
    "recipe": _TEXT,
    "branch": _TEXT,
    "composes": (_are_texts, "a tuple of texts"),
    "place": (lambda value: value in PLACES, f"one of {', '.join(PLACES)}"),
    "target_as": (lambda value: value in READ_AS, f"one of {', '.join(READ_AS)}"),
    "from_inputs": (lambda value: isinstance(value, bool), "True or False"),
    "by_query": (lambda value: isinstance(value, bool), "True or False"),
    "only_for": _TEXT,
    "remedy": _TEXT,
    "tasks": (_are_texts, "a tuple of names"),
    "rank": (_is_number, "a whole number"),
    "offered": (_is_number, "a whole number"),
    "linear": (lambda value: isinstance(value, bool), "True or False"),
    "settle": (_is_function_or_none, "a function or None"),
    "needs": (_are_pairs, "a tuple of pairs of a name and a value"),
    "options": (_are_options, "a tuple of Option, each with a name of its own"),
}
