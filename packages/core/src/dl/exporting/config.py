"""The configuration of an exported network, as JSON: its inputs, outputs, the code that reads it, and notes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dl.exporting.formats import Package
from dl.exporting.sums import sum_of
from dl.inference.loaded import LoadedRun
from dl.preparation import CATEGORY, RawInput, Strings
from dl.version import VERSION

CONFIG_FORMAT = 1
TEXT = "text"  # the kind of an input of strings


def describe(opened: LoadedRun, package: Package) -> dict[str, Any]:  # Any: JSON
    """Return what goes along with the weights.

    Args:
        opened: The run.
        package: Its exported network.
    """
    preparation = package.preparation
    return {
        "format": CONFIG_FORMAT,
        "made_by": f"dl {VERSION}",
        "run": opened.run.manifest.name,
        "domain": opened.recipe.domain,
        "model": opened.run.manifest.model,
        "task": opened.task.info.name,
        "inputs": [_input(one, package.strings.get(one.name)) for one in preparation.inputs],
        "outputs": [{k: v for k, v in asdict(one).items() if k != "spread"} for one in package.outputs],
        "code": {name: sum_of(content) for name, content in package.code.items()},
        "notes": list(package.notes),
    }


def _input(one: RawInput, strings: Strings | None) -> dict[str, Any]:  # Any: JSON
    found: dict[str, Any] = {
        "name": one.name,
        "kind": one.kind,
        "axes": list(one.axes),
        "about": one.about,
    }  # Any: JSON
    if strings is not None:
        return {**found, "kind": TEXT, "axes": list(one.axes[:1]), "characters": strings.characters}
    if one.kind == CATEGORY:
        found |= {"words": {word: at for at, word in enumerate(one.words)}, "folded": one.folded}
    return found | ({"settings": dict(one.settings)} if one.settings else {})
