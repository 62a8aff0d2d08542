"""The configuration of an exported network, as JSON: its inputs, outputs, reader and notes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from dl import regular
from dl.exporting.formats import Package
from dl.exporting.sums import sum_of
from dl.inference.loaded import LoadedRun
from dl.preparation import CATEGORY, RawInput, folded
from dl.version import VERSION

CONFIG_FORMAT = 1


def describe(opened: LoadedRun, package: Package, before: str) -> dict[str, Any]:  # Any: JSON
    """Return what goes along with the weights.

    Args:
        opened: The run.
        package: Its exported network.
        before: What the name of the reader begins with.
    """
    preparation = package.preparation
    reader = preparation.reader
    return {
        "format": CONFIG_FORMAT,
        "made_by": f"dl {VERSION}",
        "run": opened.run.manifest.name,
        "domain": opened.recipe.domain,
        "model": opened.run.manifest.model,
        "task": opened.task.info.name,
        "inputs": [_input(one) for one in preparation.inputs],
        "outputs": [{k: v for k, v in asdict(one).items() if k != "spread"} for one in package.outputs],
        "reader": f"{before}{reader.name}" if reader else "",
        "reader_sha256": sum_of(regular.read_bytes(reader)) if reader else "",
        "notes": list(preparation.notes),
    }


def _input(one: RawInput) -> dict[str, Any]:  # Any: JSON
    found: dict[str, Any] = {  # Any: JSON
        "name": one.name,
        "kind": one.kind,
        "axes": list(one.axes),
        "about": one.about,
    }
    if one.kind == CATEGORY:
        found |= {"words": list(one.words), "folded": folded(one.words)}
    return found | ({"settings": dict(one.settings)} if one.settings else {})
