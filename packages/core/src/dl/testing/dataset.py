"""The conformance suite for data sets: splits, ids, targets, and a test set that stays closed until it is opened."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from dl.data.examples import Dataset, Examples, Subset, fingerprints, whole
from dl.options import Value, check
from dl.plugins.attribution import unwrapped
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.plugins.states import short_repr
from dl.specs import DatasetSpec
from dl.splits.leakage import found_in
from dl.tasks.table import decide
from dl.testing.batch import Batches
from dl.testing.light import lists_lightly
from dl.testing.rules import Broken, Results, Rules, Skipped, ask, options_hold

PREPARED = 64  # examples that are prepared to check that they fit the domain
DEEPEST = 8  # levels of nested functions that are inspected


def check_dataset(spec: DatasetSpec, plugins: Plugins | None = None) -> Results:
    """Test a data set against every rule, with default options; it is loaded twice.

    Args:
        spec: From `Plugins.dataset`, or built by a plugin.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        DoesNotConform: Naming each broken rule.
    """
    subject = DatasetSubject(spec, plugins or load_plugins())
    return ask(f"the data set {spec.name!r}", subject, RULES, needed=("its domain is installed", "it loads"))


class RecordedOptions(Mapping[str, Value]):
    """Options that record which of them were read.

    Args:
        values: By name.
    """

    def __init__(self, values: Mapping[str, Value]) -> None:
        self.values_by_name, self.seen = values, set[str]()

    def __getitem__(self, name: str) -> Value:
        self.seen.add(name)
        return self.values_by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_name)

    def __len__(self) -> int:
        return len(self.values_by_name)


class DatasetSubject:
    """The data set under test.

    Args:
        spec: Its specification.
        plugins: The registered plugins.
    """

    def __init__(self, spec: DatasetSpec, plugins: Plugins) -> None:
        self.spec, self.plugins = spec, plugins

    @cached_property
    def options(self) -> RecordedOptions:
        """Every option passed to `load`, at its default: those of the domain and its own."""
        known = self.plugins.domain(self.spec.domain).options + self.spec.options
        return RecordedOptions(check(known, {}, self.spec.name))

    @cached_property
    def dataset(self) -> Dataset:
        """The loaded data set, without the host's checks, which would stop at the first fault."""
        return self._load()

    @cached_property
    def again(self) -> Dataset:
        """The data set loaded a second time."""
        return self._load()

    @cached_property
    def test(self) -> Examples | None:
        """Its test set, opened after all other rules."""
        return self.dataset.open_test() if self.dataset.open_test else None

    def _load(self) -> Dataset:
        dataset = unwrapped(self.spec.load)(self.options)
        if not isinstance(dataset, Dataset):
            raise Broken(f"load returned {short_repr(dataset)}, not a Dataset")
        return dataset

    @cached_property
    def splits(self) -> dict[str, Examples]:
        """The training set, and the validation set if there is one."""
        found = {"train": self.dataset.train}
        return found if self.dataset.val is None else found | {"val": self.dataset.val}


def _light(subject: DatasetSubject) -> None:
    lists_lightly(subject.plugins, "datasets", (subject.spec.domain, subject.spec.name))


def _domain(subject: DatasetSubject) -> None:
    spec = subject.plugins.domain(subject.spec.domain)
    if subject.spec.recipe:
        subject.plugins.recipe(spec.name, subject.spec.recipe)


def _options(subject: DatasetSubject) -> None:
    options_hold((*subject.plugins.domain(subject.spec.domain).options, *subject.spec.options))


def _loads(subject: DatasetSubject) -> str:
    train = subject.dataset.train
    if not len(train):
        raise Broken("its training set has no examples")
    return f"{len(train):,} training examples"


def _honoured(subject: DatasetSubject) -> None:
    own = {option.name for option in subject.spec.options}
    if not own:
        raise Skipped("it has no options of its own")
    if ignored := own - subject.options.seen:
        raise Broken(f"load never reads {', '.join(sorted(ignored))}")


def _columns(subject: DatasetSubject) -> None:
    for name, examples in subject.splits.items():
        _fit_together(name, examples)


def _fit_together(name: str, examples: Examples) -> None:
    for what in ("sources", "groups", "times"):
        column = getattr(examples, what)
        if column is not None and len(column) not in ((0, len(examples)) if what == "sources" else (len(examples),)):
            raise Broken(f"{name}: {len(column)} {what} for {len(examples)} examples")
    if not np.issubdtype(examples.ids.dtype, np.integer) or examples.ids.ndim != 1:
        raise Broken(f"{name}: ids are {examples.ids.dtype} {examples.ids.shape}, not whole numbers (N,)")


def _unique(subject: DatasetSubject) -> None:
    for name, examples in subject.splits.items():
        _are_unique(name, examples)


def _are_unique(name: str, examples: Examples) -> None:
    ids, counts = np.unique(examples.ids, return_counts=True)
    if len(ids) < len(examples.ids):
        raise Broken(f"{name}: {len(examples.ids) - len(ids):,} ids are used twice, first {ids[counts > 1][0]}")


def _stable(subject: DatasetSubject) -> None:
    again = {"train": subject.again.train, "val": subject.again.val}
    for name, examples in subject.splits.items():
        other = again[name]
        if other is None or len(other) != len(examples):
            raise Broken(f"{name}: {len(examples):,} examples at first, and {len(other or ()):,} when loaded again")
        if not np.array_equal(examples.ids, other.ids):
            raise Broken(f"{name}: loaded again, the ids are others, or in another order")
        if not np.array_equal(examples.targets, other.targets, equal_nan=examples.targets.dtype.kind == "f"):
            raise Broken(f"{name}: loaded again, the same ids have other targets")
        rows = np.arange(min(PREPARED, len(examples)))
        if not np.array_equal(fingerprints(Subset(examples, rows)), fingerprints(Subset(other, rows))):
            raise Broken(f"{name}: loaded again, the same ids have other inputs")


def _disjoint(subject: DatasetSubject) -> str:
    splits = list(subject.splits.items())
    if len(splits) < 2:
        return "dl holds out a validation set"
    (first, one), (second, other) = splits
    if len(shared := np.intersect1d(one.ids, other.ids)):
        raise Broken(f"{len(shared):,} ids are in both {first} and {second}, first {shared[0]}")
    return ""


def _targets(subject: DatasetSubject) -> str:
    train = subject.dataset.train
    task = decide(train.targets, train.names)
    for name, examples in subject.splits.items():
        _like_train(name, examples, train)
    return f"{task.info.name}: {task.info.reason}"


def _names(subject: DatasetSubject) -> str:
    train = subject.dataset.train
    task = decide(train.targets, train.names)
    if any(examples.names != train.names for examples in subject.splits.values()):
        raise Broken("training and validation set name their classes differently")
    if len(set(train.names)) < len(train.names):
        raise Broken("two classes, labels or columns have the same name")
    if train.names and len(train.names) != len(task.info.names):
        raise Broken(f"{len(train.names)} names for {len(task.info.names)} classes, labels or columns")
    if task.info.has_classes and (empty := set(range(len(task.info.names))) - set(np.unique(train.targets).tolist())):
        raise Broken(f"no training example is {task.info.names[min(empty)]!r}")
    return "" if train.names else "nothing is named"


def _prepares(subject: DatasetSubject) -> str:
    rows = np.arange(min(PREPARED, len(subject.dataset.train)))
    domain = subject.plugins.domain(subject.spec.domain).load()
    batches = Batches.of(domain, Subset(subject.dataset.train, rows), subject.options)
    return f"one prepared input is {' x '.join(map(str, batches.preprocessor.input_shape))}"


def _closed(subject: DatasetSubject) -> None:
    if subject.dataset.open_test is None:
        raise Skipped("it has no test set")
    if _holds_examples(subject.dataset.open_test):
        raise Broken("open_test holds the examples before it is called; read them inside the function")


def _test(subject: DatasetSubject) -> str:
    train, test = subject.dataset.train, subject.test
    if test is None:
        raise Skipped("it has no test set")
    if len(test) == 0:
        raise Broken("it has no examples; leave open_test out if there is no test set")
    _fit_together("test", test)
    _are_unique("test", test)
    for name, examples in subject.splits.items():
        if len(shared := np.intersect1d(examples.ids, test.ids)):
            raise Broken(f"{len(shared):,} test ids are also in {name}, first {shared[0]}")
    if test.names != train.names:
        raise Broken("it names its classes differently than train")
    _like_train("test", test, train)
    copies = int(np.count_nonzero(found_in(fingerprints(whole(test)), fingerprints(whole(train)))))
    return f"{copies:,} of {len(test):,} inputs are also in train, bit for bit" if copies else f"{len(test):,} examples"


def _like_train(name: str, examples: Examples, train: Examples) -> None:
    """Check that the targets of a split have the same kind as those of the training set."""
    ours, theirs = examples.targets, train.targets
    if ours.shape[1:] != theirs.shape[1:] or ours.dtype.kind != theirs.dtype.kind:
        raise Broken(f"{name}: targets are {ours.dtype} {ours.shape}, those of train {theirs.dtype} {theirs.shape}")
    task = decide(theirs, train.names)
    if task.info.has_classes and (unknown := set(np.unique(ours).tolist()) - set(range(len(task.info.names)))):
        raise Broken(f"{name}: a target is {min(unknown)}, but there are {len(task.info.names)} classes")
    if not np.isfinite(ours.astype(np.float64)).all():
        raise Broken(f"{name}: not all targets are finite numbers")


def _holds_examples(function: Any, depth: int = 0) -> bool:  # Any: a function, or what one holds
    """Return whether a function already holds examples: in a closure, a default or a partial call."""
    if isinstance(function, Examples):
        return True
    if depth > DEEPEST:
        return False
    contents: list[Any] = []
    if isinstance(function, functools.partial):
        contents = [function.func, *function.args, *function.keywords.values()]
    elif callable(function) and not isinstance(function, type):
        cells = getattr(function, "__closure__", None) or ()
        contents = [cell.cell_contents for cell in cells if _is_filled(cell)]
        contents += [*(getattr(function, "__defaults__", None) or ()), getattr(function, "__wrapped__", None)]
    return any(_holds_examples(one, depth + 1) for one in contents if one is not None)


def _is_filled(cell: Any) -> bool:  # Any: a cell of a closure
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


RULES: Rules[DatasetSubject] = {
    "listing it imports nothing heavy": _light,
    "its domain is installed": _domain,
    "its options can be used": _options,
    "it loads": _loads,
    "it reads its options": _honoured,
    "the columns of a split have one length": _columns,
    "ids are unique": _unique,
    "ids are the same when it is loaded again": _stable,
    "the splits are disjoint": _disjoint,
    "the targets fit a task": _targets,
    "the names fit the targets": _names,
    "its domain can prepare it": _prepares,
    "the test set is closed": _closed,
    "the test set, once opened, fits the others": _test,
}
