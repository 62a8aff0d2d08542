"""What a served run reads, for clients and for the page."""

from __future__ import annotations

from typing import Any

from dl.errors import BadOption
from dl.inference.loaded import LoadedRun

Json = dict[str, Any]  # Any: JSON


def reads_of(opened: LoadedRun) -> Json:
    """Return whether a run reads texts and rows of a table, and its raw inputs, as far as its domain describes them."""
    domain = opened.domain
    rows = domain.columns is not None and domain.columns.together
    return {"texts": domain.from_strings is not None, "rows": rows, "inputs": _inputs_of(opened)}


def _inputs_of(opened: LoadedRun) -> list[Json]:
    if opened.domain.prepare is None:
        return []
    try:
        inputs = opened.domain.prepare(opened.preprocessor, opened.recipe.data_options).inputs
    except BadOption:
        return []
    return [{"name": one.name, "kind": one.kind, "about": one.about} for one in inputs]
