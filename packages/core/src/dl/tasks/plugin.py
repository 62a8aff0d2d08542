"""Register dl's own tasks like a plugin, without importing torch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.specs import NEXT_TOKEN, TaskSpec

if TYPE_CHECKING:
    from dl.tasks.task import TaskKind


def _load(name: str) -> TaskKind:
    from dl.tasks.rows import TABLE

    return TABLE[name]


def _spec(
    name: str, description: str, target_as: str, *, from_inputs: bool = False, form: str = "", by_query: bool = False
) -> TaskSpec:
    return TaskSpec(name, description, partial(_load, name), target_as, from_inputs, form, by_query)


# In the order in which they recognize a target.
OWN: dict[str, TaskSpec] = {
    spec.name: spec
    for spec in (
        _spec(NEXT_TOKEN, "each token of a text from those before it", "none", from_inputs=True, form="causal"),
        _spec("reconstruction", "the inputs themselves, through a code", "none", from_inputs=True, form="inputs"),
        _spec("next-frame", "the frame of a film from those before it", "none", from_inputs=True, form="frames"),
        _spec("ctc", "a string beside each input, of characters in order", "text", form="steps"),
        _spec("ranking", "rows by their relevance, each within its query", "numbers", by_query=True),
        _spec("several", "several targets of different kinds, a head for each", "auto"),
        _spec("binary", "two classes, one for each example", "classes"),
        _spec("multiclass", "several classes, one for each example", "classes"),
        _spec("multilabel", "any of several labels for each example", "labels"),
        _spec("unit-regression", "numbers from 0 to 1: shares, probabilities", "numbers"),
        _spec("regression", "numbers, trained in units of their spread", "numbers"),
    )
}


@hookimpl
def register_tasks() -> tuple[TaskSpec, ...]:
    """Return the eleven rows."""
    return tuple(OWN.values())
