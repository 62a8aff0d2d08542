"""Read data for a map, with its target where it has one, and return rows of numbers: of inputs, or of learnt features.

Letters: ``N`` examples, ``n`` of them on the map, ``D`` numbers of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dl.data.examples import Dataset, Examples, Subset, concatenate_examples, drop_targets
from dl.domain import Domain
from dl.errors import BadData, BadFile, BadOption, DifferentSizes
from dl.inference.evaluate import reader_of
from dl.inference.load import reopen
from dl.plugins.at_hand import UNLABELLED, Arguments
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.recognize import recognize_domain
from dl.recipes.resolve import resolve
from dl.runs.report import find_run
from dl.splits.partition import load_dataset
from dl.tables.options import is_table
from dl.training.read_new import read_new
from dl.version import PROJECT

INPUTS, FEATURES = "inputs", "features"


@dataclass(frozen=True)
class MapInputs:
    """Data for a map.

    Args:
        name: Of the data.
        domain_name: Of its inputs.
        domain: Of its inputs.
        examples: All but those of a test set.
        labelled: Whether they have targets.
        rows: From a subset to its rows (n, D), an array or a sparse matrix.
        read_as: What the rows are, in words.
        heavy: Whether a row takes long.
        notes: On what was read.
    """

    name: str
    domain_name: str
    domain: Domain
    examples: Examples
    labelled: bool
    rows: Callable[[Subset], Any]  # Any: as above
    read_as: str
    heavy: bool
    notes: tuple[str, ...]


def read_inputs(domain: str, given: Arguments, target: object, on: str, task: str, runs: str | Path) -> MapInputs:
    """Read data, and choose what of it is projected.

    Args:
        domain: Name; empty recognizes it.
        given: The data with its options.
        target: As `dl.fit` takes it.
        on: ``inputs``, ``features``, the name of a model that has features, or a run.
        task: Row of the task table; empty for none.
        runs: Folder of run folders.

    Raises:
        DLError: If the data cannot be read, or there are no such features.
    """
    plugins = given.plugins
    domain = domain or recognize_domain(given.data, plugins, given.options)
    able = [name for (home, name), spec in plugins.models.items() if home == domain and spec.features is not None]
    if on not in (INPUTS, FEATURES, *able):
        return _of_run(given, target, on, runs)
    if on == FEATURES and not able:
        homes = sorted({home for (home, _), spec in plugins.models.items() if spec.features is not None})
        known = f"; domains that have: {', '.join(homes)}" if homes else f"; install {PROJECT}-backbones for images"
        raise BadOption(f"on=features: no model of {domain} has learnt features{known}, or give a run: on=last")
    model = "" if on == INPUTS else able[0] if on == FEATURES else on
    recipe = resolve(plugins, domain, given.data, model=model, task=task, options=given.options)
    loaded = plugins.domain(recipe.domain).load()
    dataset, labelled, notes = read_any(recipe, plugins, loaded)
    rows = loaded.rows if not model else plugins.model(recipe.domain, model).features
    assert rows is not None
    every = dataset.train if dataset.val is None else concatenate_examples([dataset.train, dataset.val])
    read_as = f"features of {model}" if model else INPUTS
    return MapInputs(
        dataset.name, recipe.domain, loaded, every, labelled, rows, read_as, bool(model), (*notes, *dataset.notes)
    )


def _of_run(given: Arguments, target: object, on: str, runs: str | Path) -> MapInputs:
    """Read data as a run reads its own; its rows are what the last layer of its network reads."""
    opened = reopen(find_run(on, runs), given.plugins)
    data: object = given.data if given.at_hand.data is None else given.at_hand.data.given
    beside = target if given.at_hand.data is None else given.at_hand.data.target
    reading = {name: value for name, value in given.options.items() if name != "target_as"}
    new = read_new(reader_of(opened, given.plugins), data, beside, reading)
    domain = opened.recipe.domain

    def rows(subset: Subset) -> Any:  # Any: as in MapInputs
        return opened.features(subset.examples.take(subset.index)).numpy()

    words = f"features of the run {opened.run.name}"
    return MapInputs(new.name, domain, opened.domain, new.examples, new.labelled, rows, words, False, ())


def read_any(recipe: Recipe, plugins: Plugins, domain: Domain) -> tuple[Dataset, bool, tuple[str, ...]]:
    """Read data with its target, or without one where it has none; inputs of several sizes are brought to one.

    Returns:
        The data set, whether it has a target, and notes.
    """
    try:
        dataset = _load(recipe, plugins, domain)
        return dataset, dataset.train.targets.shape[1:] != (0,), ()
    except DifferentSizes as error:
        again, labelled, notes = read_any(replace(recipe, data_options=_with(recipe, error.remedy)), plugins, domain)
        return again, labelled, (*notes, f"inputs of several sizes, read with {_typed(error.remedy)}")
    except (BadData, BadFile, BadOption) as error:
        if (recipe.domain, recipe.data) in plugins.datasets and recipe.data_options.get("target_as") is None:
            raise
        if recipe.data_options.get("target") or recipe.task:
            raise
        if recipe.data_options.get("target_as") == UNLABELLED:
            raise
        dataset, notes = _without_target(recipe, plugins, domain, error)
        return dataset, False, (*notes, f"without a target: {error}")


def _load(recipe: Recipe, plugins: Plugins, domain: Domain) -> Dataset:
    """Read data as it is; for a task as its fit does, so a text is cut into windows."""
    if recipe.task:
        return load_dataset(recipe, plugins, domain)
    if (recipe.domain, recipe.data) in plugins.datasets:
        return plugins.datasets[recipe.domain, recipe.data].load(recipe.data_options)
    return domain.open_path(Path(recipe.data).expanduser(), recipe.data_options)


def _without_target(
    recipe: Recipe, plugins: Plugins, domain: Domain, first: Exception
) -> tuple[Dataset, tuple[str, ...]]:
    """Read data without its target.

    Raises:
        DLError: Of this reading; the first one if the domain always needs a target.
    """
    path = Path(recipe.data).expanduser()
    named = (recipe.domain, recipe.data) in plugins.datasets
    as_table = named or (is_table(path) and not path.is_dir())
    if as_table:
        recipe = replace(recipe, data_options={**recipe.data_options, "target_as": UNLABELLED})
    elif domain.open_unlabelled is None:
        raise first
    try:
        unlabelled = None if as_table else domain.open_unlabelled
        dataset = _load(recipe, plugins, domain) if unlabelled is None else unlabelled(path, recipe.data_options)
    except DifferentSizes as error:
        again = replace(recipe, data_options=_with(recipe, error.remedy))
        dataset, notes = _without_target(again, plugins, domain, first)
        return dataset, (*notes, f"inputs of several sizes, read with {_typed(error.remedy)}")
    val = dataset.val and drop_targets(dataset.val)
    return replace(dataset, train=drop_targets(dataset.train), val=val), ()


def _with(recipe: Recipe, remedy: Mapping[str, int]) -> dict[str, Any]:  # Any: values of options
    return {**recipe.data_options, **remedy}


def _typed(remedy: Mapping[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in remedy.items())


def draw_some(n: int, most: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:  # Any: a shape
    """Draw at most so many of n positions, ascending."""
    if n <= most:
        return np.arange(n)
    return np.sort(np.random.default_rng([seed, 0x3A]).choice(n, most, replace=False))
