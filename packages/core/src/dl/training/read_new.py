"""Read new data as a run reads its own: inputs in the form of its preprocessor, targets in the numbers of its task.

dataset = read_new(opened, plugins, "new.csv", {})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches
from dl.data.examples import Dataset, Examples, Index, Subset, concatenate_examples, drop_targets
from dl.data.heads import LABELS, HeadNames, heads_of, join
from dl.data.memory import is_named
from dl.data.queries import rank_examples
from dl.data.ragged import Ragged
from dl.domain import Domain, Preprocessor
from dl.errors import BadData, BadFile, BadOption
from dl.options import Options, check
from dl.plugins.at_hand import InMemory, read_given
from dl.plugins.registry import Plugins
from dl.recipes.recipe import Recipe
from dl.recipes.resolve import pick_dataset
from dl.runs.manifest import TaskInfo
from dl.runs.run import PREPROCESSOR, Run, read_json
from dl.specs import IN_MEMORY
from dl.splits.partition import DataSplits, load_dataset
from dl.tables.memory import with_rows
from dl.tables.options import OPTIONS, is_table
from dl.terminal import safe_text
from dl.words import many

OF_READING = (*(option.name for option in OPTIONS), "bad_files")  # data options that change no input
UNNAMED = ("target",)  # of a run whose target has no name
OF_ROWS = ("group_on", "time_on")  # columns that new data may lack


@dataclass(frozen=True)
class Reader:
    """What a run needs to read other data as it read its own.

    Args:
        name: Of the run.
        recipe: Of the run.
        domain: Of the inputs.
        preprocessor: As learnt.
        info: Of the task.
        plugins: The registered plugins.
    """

    name: str
    recipe: Recipe
    domain: Domain
    preprocessor: Preprocessor
    info: TaskInfo
    plugins: Plugins

    @classmethod
    def of_run(cls, run: Run, recipe: Recipe, domain: Domain, info: TaskInfo, plugins: Plugins) -> Reader:
        """Return the reader of a run, with its preprocessor as it is kept."""
        preprocessor = domain.restore(read_json(run.path / PREPROCESSOR, dict[str, Any]))
        return cls(run.name, recipe, domain, preprocessor, info, plugins)


@dataclass(frozen=True)
class NewExamples:
    """New examples.

    Args:
        name: Of the data.
        examples: With the run's targets, or zeros where nothing is labelled.
        labelled: Whether they have targets.
        why: Why they have none.
    """

    name: str
    examples: Examples
    labelled: bool
    why: str = ""


def read_new(reader: Reader, data: object, target: object, options: Mapping[str, object]) -> NewExamples:
    """Read new examples, with their targets where there are any; a test set that the data brings stays closed.

    Args:
        reader: Of the run.
        data: Name of a data set, a path, or data in memory, as `dl.fit` takes it.
        target: As `dl.fit` takes it.
        options: Of reading, which differ from those of the run.

    Raises:
        DLError: If the data cannot be read as the run reads its own.
    """
    try:
        dataset = read_dataset(reader, data, target, options)
    except (BadData, BadOption, BadFile) as error:
        if not is_named(data) or (reader.recipe.domain, str(data)) in reader.plugins.datasets:
            return _unlabelled(reader, data, error)
        path = Path(str(data)).expanduser()
        reading = reading_options(reader, data, options)
        if not path.exists():
            raise
        try:
            examples = reader.domain.read_raw([path], reader.preprocessor, reading)
        except (BadData, BadOption, BadFile):
            raise error from None
        return NewExamples(path.stem, examples, labelled=False, why=str(error))
    val = dataset.val
    examples = dataset.train if val is None else concatenate_examples([dataset.train, val])
    try:
        return NewExamples(dataset.name, adopt_targets(examples, reader.info, reader.name), labelled=True)
    except BadData as error:
        return NewExamples(dataset.name, examples, labelled=False, why=str(error))


def _unlabelled(reader: Reader, data: object, error: Exception) -> NewExamples:
    """Read inputs in memory alone.

    Raises:
        BadData: The error of reading them with targets, if that is no better.
    """
    if is_named(data) or isinstance(data, tuple):
        raise error
    given, _ = InMemory.of(data)
    examples = read_given(
        reader.domain, reader.recipe.domain, given.given, reader.recipe.data_options, reader.preprocessor
    ).train
    return NewExamples(IN_MEMORY, examples, labelled=False, why=str(error))


def read_dataset(reader: Reader, data: object, target: object, options: Mapping[str, object]) -> Dataset:
    """Read labelled data with inputs in the form that the run's preprocessor expects, and targets in their own numbers.

    Raises:
        DLError: If the data cannot be read so.
    """
    reading = reading_options(reader, data, options)
    if not is_named(data):
        return _given_dataset(reader, data, target, reading)
    named = {} if target is None else {"target": target if isinstance(target, str) else ",".join(_names(target))}
    path = Path(str(data)).expanduser()
    is_set = pick_dataset(reader.plugins, reader.recipe.domain, str(data)) is not None
    recipe = replace(reader.recipe, data=str(data), data_options={**reading, **named})
    dataset = _load(reader, recipe)
    val = dataset.val and _in_form(reader, dataset.val, None if is_set else path, reading)
    return replace(dataset, train=_in_form(reader, dataset.train, None if is_set else path, reading), val=val)


def _names(target: object) -> list[str]:
    """Return the names of target columns of a file.

    Raises:
        BadOption: If they are no names.
    """
    if not isinstance(target, (list, tuple)):
        raise BadOption("target= takes names of columns of a file; give targets in memory with inputs in memory")
    return [str(name) for name in target]


def reload_dataset(reader: Reader) -> Dataset:
    """Read the data of a run again, in the form in which its fit read it, with the targets of its test set as its own.

    Raises:
        DLError: If it cannot be read any more.
    """
    if not reader.recipe.from_run:
        return load_dataset(reader.recipe, reader.plugins, reader.domain)
    dataset = read_dataset(reader, reader.recipe.data, None, {})
    open_test, path = dataset.open_test, Path(reader.recipe.data)
    if open_test is None:
        return dataset

    def adopted() -> Examples:
        examples = _in_form(reader, open_test(), path, reader.recipe.data_options)
        return adopt_targets(examples, reader.info, reader.name)

    return replace(dataset, open_test=adopted)


def adopt_splits(splits: DataSplits, info: TaskInfo, run: str) -> DataSplits:
    """Return splits whose targets are in the numbers of a run's task.

    Raises:
        BadData: As `adopt_targets`.
    """
    train = adopt_targets(splits.train.examples, info, run)
    shared = splits.val.examples is splits.train.examples
    val = train if shared else adopt_targets(splits.val.examples, info, run)
    probe = Subset(train, splits.probe.index)
    return replace(splits, train=Subset(train, splits.train.index), val=Subset(val, splits.val.index), probe=probe)


def reading_options(reader: Reader, data: object, options: Mapping[str, object]) -> Options:
    """Return the options with which new data is read: those of the run, and those that were typed.

    Raises:
        BadOption: If a typed option changes inputs, which are prepared as the run has learnt.
    """
    recipe, plugins = reader.recipe, reader.plugins
    own = plugins.datasets.get((recipe.domain, str(data))) if is_named(data) else None
    of_set = own.options if own else ()
    known = {option.name: option for option in (*plugins.domain(recipe.domain).options, *of_set)}
    for name in options:
        if name in known and name not in (*OF_READING, *(option.name for option in of_set)):
            raise BadOption(f"{name}= changes how inputs are prepared, which {reader.name} has learnt; leave it out")
        if name not in known:
            raise BadOption(f"{name}= is no option of reading {recipe.domain} data  see: dl show {recipe.domain}")
    foreign = own is not None or recipe.data in {name for _, name in plugins.datasets}
    kept = {
        name: value
        for name, value in recipe.data_options.items()
        if name in known and not (foreign and name in OF_READING)
    }
    return check(tuple(known.values()), {**kept, **options}, f"{recipe.domain} data")


def _load(reader: Reader, recipe: Recipe) -> Dataset:
    """Read data, without columns of groups and times that it does not have.

    Raises:
        DLError: As `load_dataset`.
    """
    try:
        return load_dataset(recipe, reader.plugins, reader.domain)
    except BadOption:
        fewer = {name: "" for name in OF_ROWS if recipe.data_options.get(name) and is_table(Path(recipe.data))}
        if not fewer:
            raise
        return load_dataset(
            replace(recipe, data_options={**recipe.data_options, **fewer}), reader.plugins, reader.domain
        )


def _given_dataset(reader: Reader, data: object, target: object, reading: Options) -> Dataset:
    """Read labelled data in memory.

    Raises:
        DLError: If it does not fit the run.
    """
    given, named = InMemory.of(data, target)
    return split_given(reader, given, {**reading, **({"target": named} if named else {})})


def split_given(reader: Reader, given: InMemory, options: Options) -> Dataset:
    """Read inputs in memory in the form of a run, with their targets.

    Raises:
        DLError: If they do not fit the run.
    """
    inputs, known = given.split(options)
    found = read_given(reader.domain, reader.recipe.domain, inputs, options, reader.preprocessor)
    return with_rows(replace(found, name=IN_MEMORY, source="given in memory"), known, options)


def _in_form(reader: Reader, examples: Examples, path: Path | None, reading: Options) -> Examples:
    """Return examples with inputs read as for a prediction, where reading them with targets may give another form.

    Raises:
        BadData: If they cannot be brought into the run's form.
    """
    inputs = examples.inputs
    if isinstance(inputs, Ragged):
        return examples
    if isinstance(inputs, Branches) or inputs.dtype.names:
        if path is None:
            return examples
        raw = reader.domain.read_raw([path], reader.preprocessor, reading)
        return _aligned(examples, raw)
    if inputs.ndim < 3 or _prepares(reader, examples):
        return examples
    files = [] if path is None or is_table(path) else [path / source for source in examples.sources]
    if not files:
        raise BadData(
            f"inputs have the shape {inputs.shape[1:]}; those of {reader.name} are {reader.preprocessor.input_shape}"
        )
    raw = reader.domain.read_raw(files, reader.preprocessor, reading)
    if len(raw) != len(examples):
        raise BadData(f"{many(len(examples) - len(raw), 'file')} could not be read as {reader.name} reads its own")
    return replace(examples, inputs=raw.inputs)


def _prepares(reader: Reader, examples: Examples) -> bool:
    """Return whether the preprocessor makes of these inputs what the network reads."""
    width = int(np.prod(examples.array.shape[1:]))
    return width == int(np.prod(reader.preprocessor.input_shape))


def _aligned(examples: Examples, raw: Examples) -> Examples:
    """Return the examples that could be read both ways, with the inputs of the second."""
    place = {source: at for at, source in enumerate(raw.sources)}
    both = [(at, place[source]) for at, source in enumerate(examples.sources) if source in place]
    ours, theirs = (np.array(side, np.int64) for side in zip(*both, strict=True)) if both else (_none(), _none())
    chosen = examples.take(ours) if len(ours) < len(examples) else examples
    return replace(chosen, inputs=raw.inputs[theirs])


def _none() -> Index:
    return np.empty(0, np.int64)


def adopt_targets(examples: Examples, info: TaskInfo, run: str) -> Examples:
    """Return examples whose targets are in the numbers of a run's task: its classes by their names.

    Raises:
        BadData: If they have classes, labels or columns that the run does not know.
    """
    if info.from_inputs:
        return examples if info.tells_tokens else drop_targets(examples)
    if info.by_query:
        return rank_examples(examples)
    if info.heads:
        return _adopt_heads(examples, info, run)
    targets = examples.targets
    whole = np.issubdtype(targets.dtype, np.integer) or targets.dtype == bool
    if info.has_classes:
        if not whole or targets.ndim != 1:
            raise BadData(f"the targets are numbers, and {run} predicts classes: {_listed(info.names)}")
        return replace(examples, targets=_renumbered(examples, info, run), names=info.names)
    if info.has_strings:
        return replace(examples, targets=_respelled(examples, info, run), names=info.names)
    columns = 1 if targets.ndim == 1 else targets.shape[1]
    if info.has_labels and targets.ndim == 2 and examples.names:
        return replace(examples, targets=_reordered(examples, info, run), names=info.names)
    if columns != len(info.names) or (info.has_labels and not whole):
        raise BadData(f"the target has {many(columns, 'column')}; {run} predicts {_listed(info.names)}")
    named = not whole and examples.names and info.names != UNNAMED
    if named and not info.has_labels and examples.names != info.names:
        raise BadData(f"the target is {_listed(examples.names)}; {run} predicts {_listed(info.names)}")
    if whole and not info.has_labels and examples.names:
        targets = _as_numbers(examples, run)
    kind = targets.dtype if info.has_labels else np.float64
    return replace(examples, targets=targets.astype(kind), names=info.names)


def _adopt_heads(examples: Examples, info: TaskInfo, run: str) -> Examples:
    """Return examples with several targets, each in the numbers of its own task.

    Raises:
        BadData: If the targets are others than those of the run, or one does not fit.
    """
    given, wanted = heads_of(examples.names), tuple(one.name for one in info.heads)
    if tuple(head.name for head in given) != wanted:
        raise BadData(f"the target is {_listed(examples.names)}; {run} predicts {_listed(wanted)}, of their own kinds")
    names = HeadNames.of(given)
    found = [
        adopt_targets(replace(examples, targets=own, names=head.names), one.task, run)
        for one, head, own in zip(info.heads, given, names.split(examples.targets), strict=True)
    ]
    heads = [replace(head, names=one.names) for head, one in zip(given, found, strict=True)]
    joined = join([one.targets for one in found])
    wide = [replace(head, width=len(head.names) if head.kind == LABELS else 1) for head in heads]
    return replace(examples, targets=joined, names=HeadNames.of(wide))


def _renumbered(examples: Examples, info: TaskInfo, run: str) -> NDArray[np.int64]:
    """Number classes as a run does."""
    numbers = examples.targets.astype(np.int64)
    names = examples.names or tuple(str(k) for k in range(int(numbers.max(initial=0)) + 1))
    there = [names[k] for k in np.unique(numbers)]
    if new := [name for name in there if name not in info.names]:
        kind = "a class" if len(new) == 1 else "classes"
        raise BadData(f"{_listed(new)}: {kind} that {run} does not know; it knows {_listed(info.names)}")
    place = np.array([info.names.index(name) if name in info.names else -1 for name in names], np.int64)
    return place[numbers]


def _reordered(examples: Examples, info: TaskInfo, run: str) -> NDArray[np.generic]:
    """Bring labels into the order of a run; a label that no new example has is 0."""
    if new := [name for name in examples.names if name not in info.names]:
        raise BadData(f"{_listed(new)}: labels that {run} does not know; it knows {_listed(info.names)}")
    found = np.zeros((len(examples), len(info.names)), examples.targets.dtype)
    for k, name in enumerate(examples.names):
        found[:, info.names.index(name)] = examples.targets[:, k]
    return found


def _respelled(examples: Examples, info: TaskInfo, run: str) -> NDArray[np.generic]:
    """Number the characters of strings as a run does."""
    targets = examples.targets.astype(np.int64)
    if targets.ndim != 2 or not len(examples.names):
        raise BadData(f"the targets are no strings, and {run} reads strings of {_listed(info.names)}")
    there = [examples.names[k] for k in np.unique(targets[targets >= 0])]
    if new := [name for name in there if name not in info.names]:
        kind = "a character" if len(new) == 1 else "characters"
        raise BadData(f"{_listed(new)}: {kind} that {run} does not know; it knows {_listed(info.names)}")
    place = [info.names.index(name) if name in info.names else -1 for name in examples.names]
    return np.asarray(np.array([*place, -1], np.int32)[targets])


def _as_numbers(examples: Examples, run: str) -> NDArray[np.float64]:
    """Return targets that were read as classes as the numbers that their names are."""
    try:
        values = np.array([float(name) for name in examples.names])
    except ValueError:
        raise BadData(f"the targets are classes, {_listed(examples.names)}; {run} predicts numbers") from None
    return np.asarray(values[examples.targets.astype(np.int64)])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(safe_text(name, 40)) for name in names[:5])
    return shown + (f" and {len(names) - 5} more" if len(names) > 5 else "")
