"""Compare new data with what a run has seen: inputs, targets where there are any, and the score on them.

found = compare_with_run("new.csv", "last")
found.verdict
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Dataset, Fingerprints, Subset, whole
from dl.data.memory import is_named
from dl.data.projection import project_inputs
from dl.data.summary import summarize_inputs
from dl.errors import BadOption, BadRun, DLError
from dl.groups import Groups
from dl.inference.evaluate import evaluate_examples, hashes_of_seen, reader_of
from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.options import format_value
from dl.plugins.registry import Plugins
from dl.runs.drift import Drift, InputSample, NewData, read_columns
from dl.runs.ledger import TestEvaluation
from dl.runs.outcomes import read_arrays
from dl.runs.report import Which, find_run
from dl.runs.run import Run, first_answer
from dl.splits.partition import group_examples, split_data
from dl.training.attribution import attribute_errors
from dl.training.read_new import NewExamples, read_new, reload_dataset
from dl.training.sketches import MOST_EXAMPLES, spread

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class _Seen:
    """What a run has seen, as far as it is kept or can be read again."""

    inputs: InputSample | None
    unknown: Floats | None
    keys: Fingerprints
    why: str = ""


def compare_with_run(
    data: object,
    against: Which,
    *,
    domain: str,
    target: object,
    options: Mapping[str, object],
    runs: str | Path,
    plugins: Plugins,
) -> Drift:
    """Compare new data with what a run has seen.

    Args:
        data: Name of a data set, a path, or data in memory.
        against: The run.
        domain: As typed; empty for that of the run.
        target: Names of target columns, or the targets of inputs in memory.
        options: Of reading, which differ from those of the run.
        runs: Folder of run folders.
        plugins: The registered plugins.

    Raises:
        DLError: If the run cannot be opened, or the data not be read as it reads its own.
    """
    run = find_run(against, runs)
    needed = run.manifest.in_memory
    if "model" in needed and not run.at_hand:
        raise BadRun(f"{run.name} was fitted with a network in memory, which is gone; fit one with a name to compare")
    if domain and domain != run.manifest.domain:
        raise BadOption(f"{run.name} reads {run.manifest.domain}, not {domain}; leave the domain out")
    opened = reopen(run, plugins)
    with attribute_errors(opened.recipe, plugins):
        new = read_new(reader_of(opened, plugins), data, target, options)
        found = _gather(opened, new, plugins, _typed(opened, data, options))
    return first_answer(plugins.data_comparers, "compares data", new=found, plugins=plugins)


def _typed(opened: LoadedRun, data: object, options: Mapping[str, object]) -> tuple[str, ...]:
    """Return the words of the fit that goes on with new data; none for data in memory."""
    if not is_named(data):
        return ()
    pairs = [f"{name}={format_value(value)}" for name, value in options.items() if isinstance(value, (str, int, float))]
    return opened.recipe.domain, str(data), *pairs


def _gather(opened: LoadedRun, new: NewExamples, plugins: Plugins, typed: tuple[str, ...]) -> NewData:
    """Collect what is compared."""
    seen = _seen(opened, plugins)
    examples = new.examples
    stored = opened.preprocessor.encode(examples.inputs)
    unknown = opened.preprocessor.unknown_share(stored)
    notes = opened.preprocessor.unseen(examples.inputs)
    first = next(iter(notes.items()), None)
    groups = group_examples(examples, opened.recipe) if new.labelled else None
    score = _score(opened, new, seen.keys)
    return NewData(
        opened.run,
        new.name,
        typed,
        len(examples),
        seen.inputs,
        sample_inputs(whole(examples), groups),
        examples.targets if new.labelled and not opened.task.info.from_inputs else None,
        groups,
        score,
        None if unknown is None or seen.unknown is None else (seen.unknown, unknown),
        (len(notes), f"{examples.source(first[0])}: {'; '.join(first[1])}" if first else ""),
        {name: why for name, why in (("inputs", seen.why), ("scores", new.why)) if why},
    )


def _score(opened: LoadedRun, new: NewExamples, known: Fingerprints) -> TestEvaluation | None:
    """Score the run on new examples, as a look at them; None without targets."""
    return evaluate_examples(opened, new.examples, new.name, known) if new.labelled else None


def sample_inputs(subset: Subset, groups: Groups | None) -> InputSample:
    """Return some inputs of a subset, spread over it, as they are compared."""
    rows = spread(len(subset), MOST_EXAMPLES)
    chosen, inputs = subset.index[rows], subset.examples.inputs
    shared = None if groups is None else groups.take(rows)
    return InputSample(project_inputs(inputs, chosen), summarize_inputs(inputs, chosen), shared)


def _seen(opened: LoadedRun, plugins: Plugins) -> _Seen:
    """Return what the run has kept of its inputs; where it keeps nothing, its data is read again."""
    run, why = opened.run, ""
    kept = _kept(run)
    nothing = np.empty(0, "S16")
    if "data" in run.manifest.in_memory:
        if kept is None:
            why = f"{run.name} keeps no inputs, and its data was in memory"
        return _Seen(kept and kept[0], kept[1] if kept else None, nothing, why)
    try:
        dataset = reload_dataset(reader_of(opened, plugins))
        keys = hashes_of_seen(opened, dataset, plugins)
        if kept is None:
            return _read_again(opened, dataset, plugins, keys)
    except DLError as error:
        why = "" if kept else f"{run.name} keeps no inputs, and its data cannot be read again: {error}"
        return _Seen(kept and kept[0], kept[1] if kept else None, nothing, why)
    return _Seen(*kept, keys)


def _kept(run: Run) -> tuple[InputSample, Floats | None] | None:
    """Return the sample of training inputs that a run keeps; None where it keeps none."""
    try:
        arrays = read_arrays(run.outcomes_folder / "features.npz")
        columns, unknown = read_columns(run.outcomes_folder)
    except BadRun:
        return None
    if "train_inputs" not in arrays:
        return None
    return InputSample(arrays["train_inputs"], columns, Groups.of(arrays.get("train_groups"))), unknown


def _read_again(opened: LoadedRun, dataset: Dataset, plugins: Plugins, keys: Fingerprints) -> _Seen:
    """Sample the training inputs of a run from its data, as of a fold, which keeps none of its own."""
    run, val, examples = opened.run, None, dataset.train
    subset, groups = whole(examples), group_examples(examples, opened.recipe)
    if not run.manifest.protocol:
        splits = split_data(dataset, opened.recipe, plugins)
        subset, val, groups = splits.train, splits.val, splits.groups["train"]
    if val is None:
        return _Seen(sample_inputs(subset, groups), None, keys)
    some: Any = val.examples.take(val.index[spread(len(val), MOST_EXAMPLES)])  # Any: raw inputs of the domain
    unknown = opened.preprocessor.unknown_share(opened.preprocessor.encode(some.inputs))
    return _Seen(sample_inputs(subset, groups), unknown, keys)
