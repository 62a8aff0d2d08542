"""Do the guards speak where a split leaks, and only there? On 50 random splits of each shipped data set.

As it comes: which guards speak, before the fit and of families of near copies, and how often. Planted: some
examples are there again bit for bit, or ten times altered a little - pixels and numbers with noise, texts with a word
exchanged -, and the split is made without regard to them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measuring import publish
from dl.data.examples import Dataset, Examples
from dl.data.projection import project_inputs
from dl.data.ragged import Ragged, offsets_of
from dl.errors import BadData
from dl.options import check
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.recipes.resolve import resolve
from dl.splits.partition import DataSplits, split_data
from dl_reports.checks.duplicates import FEW, LOOKED
from dl_reports.statistics.families import Families, families

SPLITS, MOST, SHARE = 50, 3_000, 0.05
FRAMES = 10  # copies of an altered example
ACROSS = "data-duplicates-across-split"
NEAR = "data-near-duplicates"
Rows = NDArray[np.int64]
Array = NDArray[Any]  # Any: numbers, or rows of columns


def main() -> None:
    """Print and keep the table."""
    plugins, rows = load_plugins(), list[dict[str, object]]()
    for (domain, name), spec in sorted(plugins.datasets.items()):
        data = spec.load(check(spec.options, {}, name))
        row: dict[str, object] = {"data set": f"{domain} {name}", "examples": f"{len(data.train):,}"}
        spoken = speaking(plugins, domain, data, SPLITS)
        row["as it comes"] = ", ".join(f"{code} {count}" for code, count in sorted(spoken.items())) or "none"
        for kind, plant in (("copies", copied), ("near copies", altered)):
            try:
                found = speaking(plugins, domain, plant(data), SPLITS, ignore=True)
            except NotImplementedError:
                row[kind] = "-"
            else:
                row[kind] = found[ACROSS if kind == "copies" else NEAR]
        rows.append(row)
    publish("leaks", f"What the guards say of {SPLITS} random splits", rows, "planted: every split is to be found")


def speaking(plugins: Plugins, domain: str, data: Dataset, splits: int, *, ignore: bool = False) -> Counter[str]:
    """Return of how many random splits each guard speaks.

    Args:
        plugins: The registered plugins.
        domain: Of the data set.
        data: The data set; its own validation set counts as training examples.
        splits: Number of them.
        ignore: Whether exact copies may lie on both sides.
    """
    spec = plugins.datasets[domain, data.name]
    spoken = Counter[str]()
    few = replace(data, train=_first(data.train, MOST), val=None, findings=())
    for seed in range(splits):
        options = {"val": 0.2, "duplicates": "ignore" if ignore else "together"}
        recipe = resolve(plugins, domain, spec.name, seed=seed, options=options)
        try:
            split = split_data(few, recipe, plugins)
        except BadData:  # a class with a single example, say
            continue
        codes = {one.code for one in split.findings if one.severity != "note"}
        spoken.update(codes - {NEAR})
        spoken[NEAR] += NEAR in codes or _has_families(split)
    return +spoken


def _first(examples: Examples, most: int) -> Examples:
    """Take a random draw, in the order of the data."""
    rows = np.sort(np.random.default_rng(0).permutation(len(examples))[:most])
    return examples.take(rows)


def _has_families(split: DataSplits) -> bool:
    """Return whether the check of near copies would speak, as in a report."""
    inputs = [project_inputs(part.examples.inputs, part.index[:LOOKED]) for part in (split.train, split.val)]
    targets = [part.examples.targets[part.index[:LOOKED]] for part in (split.train, split.val)]
    of_class = None
    if targets[0].ndim == 1 and np.issubdtype(targets[0].dtype, np.integer):
        of_class = np.bincount(targets[0], minlength=int(np.concatenate(targets).max()) + 1)[targets[1]]
    found = families(inputs[0], inputs[1], of_class)
    return isinstance(found, Families) and found.interval.low > FEW


def copied(data: Dataset) -> Dataset:
    """Return the data set with one example in twenty once more."""
    few = _first(data.train, MOST)
    again = np.random.default_rng(1).choice(len(few), round(SHARE * len(few)), replace=False)
    more = few.take(np.concatenate([np.arange(len(few)), again]))
    return replace(data, train=replace(more, groups=None), val=None)


def altered(data: Dataset) -> Dataset:
    """Return a third of the examples, and ten slightly altered copies of some of them in place of the others."""
    few = _first(data.train, MOST)
    rng = np.random.default_rng(2)
    kept = np.sort(rng.permutation(len(few))[: len(few) // 3])
    films = rng.choice(kept, max(len(few) // (3 * FRAMES), 4), replace=False)
    rows = np.concatenate([kept, np.repeat(films, FRAMES)])
    more = few.take(rows)
    change: Callable[[Any, int, np.random.Generator], Any] = _exchanged if isinstance(few.inputs, Ragged) else _shaken
    ids = np.arange(len(rows), dtype=np.int64)
    return replace(
        data, train=replace(more, inputs=change(more.inputs, len(kept), rng), ids=ids, groups=None), val=None
    )


def _shaken(inputs: Array, first: int, rng: np.random.Generator) -> Array:
    """Add a fiftieth of a deviation to numbers, from a row on."""
    changed = inputs.copy()
    if inputs.dtype.names:
        for name in inputs.dtype.names:
            if inputs.dtype[name].kind == "f":
                spread = 0.02 * float(np.nanstd(inputs[name]))
                changed[name][first:] += rng.normal(0, spread, len(inputs) - first)
        return changed
    whole = inputs.dtype == np.uint8
    noise = rng.normal(0, max(0.02 * float(inputs.std()), 0.4 if whole else 0.0), changed[first:].shape)
    noise[inputs[first:] == 0] = 0  # the ground of a drawing stays
    changed[first:] = np.clip(np.rint(inputs[first:] + noise), 0, 255) if whole else inputs[first:] + noise
    return changed


def _exchanged(inputs: Ragged, first: int, rng: np.random.Generator) -> Ragged:
    """Replace one word of each text by its longest one, from a row on.

    Raises:
        NotImplementedError: For texts of few words, of which an altered one is another.
    """
    texts = [bytes(inputs.row(k)) for k in range(len(inputs))]
    if np.median([text.count(b" ") for text in texts]) < 8:
        raise NotImplementedError
    for k in range(first, len(texts)):
        words = texts[k].split(b" ")
        words[int(rng.integers(len(words)))] = max(words, key=len)
        texts[k] = b" ".join(words)
    lengths = np.array([len(text) for text in texts], np.int64)
    return Ragged(np.frombuffer(b"".join(texts), inputs.values.dtype), offsets_of(lengths))


if __name__ == "__main__":
    main()
