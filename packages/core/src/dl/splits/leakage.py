"""Check the split for leakage, contradictions and missing classes before the first step.

The results are `Finding`s; only a fault that makes training meaningless is an error.
"""

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Fingerprints, Index, Subset
from dl.data.queries import without_query
from dl.errors import BadData
from dl.finding import Finding
from dl.terminal import safe_text
from dl.words import many


def duplicate_groups(keys: Fingerprints) -> Index:
    """Number the fingerprints, (N,), in order of first occurrence; exact duplicates share a number."""
    halves = keys.astype("S16").view(np.uint64).reshape(-1, 2)  # integers sort many times faster
    order = np.lexsort((halves[:, 0], halves[:, 1]))
    begins = np.ones(len(keys), bool)
    begins[1:] = (halves[order[1:]] != halves[order[:-1]]).any(axis=1)
    numbers = np.empty(np.count_nonzero(begins), np.int64)
    numbers[np.argsort(order[begins])] = np.arange(len(numbers))
    groups = np.empty(len(keys), np.int64)
    groups[order] = numbers[np.cumsum(begins) - 1]
    return groups


def found_in(keys: Fingerprints, known: Fingerprints) -> NDArray[np.bool_]:
    """Return which fingerprints are also among ``known``, (n,) bool."""
    groups = duplicate_groups(np.concatenate([known, keys]))
    return np.isin(groups[len(known) :], groups[: len(known)])


def check_split(train: Subset, train_keys: Fingerprints, val: Subset, val_keys: Fingerprints) -> list[Finding]:
    """Check what the two sides of a split share: exact duplicates and times.

    Args:
        train: The training set.
        train_keys: (n,) fingerprints of its inputs.
        val: The validation set.
        val_keys: (m,) fingerprints of its inputs.
    """
    targets = np.concatenate([without_query(one.examples)[one.index] for one in (train, val)])
    return check_duplicates(train_keys, val_keys, targets) + check_times(train, val)


def check_duplicates(train_keys: Fingerprints, val_keys: Fingerprints, targets: NDArray[np.generic]) -> list[Finding]:
    """Count exact duplicates across the split, within the data, and those with contradictory targets.

    Args:
        train_keys: Fingerprints of the training inputs.
        val_keys: Fingerprints of the validation inputs.
        targets: Of both, training first.
    """
    keys = np.concatenate([train_keys, val_keys])
    groups = duplicate_groups(keys)
    leaked = int(np.count_nonzero(np.isin(groups[len(train_keys) :], groups[: len(train_keys)])))
    repeated = len(keys) - len(np.unique(groups))
    found = []
    if leaked:
        message = f"{leaked:,} of {len(val_keys):,} validation examples are also in the training set, bit for bit"
        evidence = {"leaked": leaked, "val": len(val_keys), "share": leaked / len(val_keys)}
        found.append(Finding("data-duplicates-across-split", "issue", message, evidence))
    elif repeated:
        verb = "repeats" if repeated == 1 else "repeat"
        count = f"{repeated:,} of {len(keys):,} examples {verb} another one, bit for bit"
        message = f"{count}; all copies are on one side of the split"
        found.append(Finding("data-duplicates", "note", message, {"repeated": repeated, "examples": len(keys)}))
    conflicts = _conflicts(groups, targets)
    if conflicts:
        message = f"{many(conflicts, 'input has', 'inputs have')} more than one target in the data"
        found.append(Finding("data-conflicting-targets", "issue", message, {"inputs": conflicts}))
    return found


def check_times(train: Subset, val: Subset) -> list[Finding]:
    """Count training examples that are later than the first validation example."""
    times, held = train.examples.times, val.examples.times
    if times is None or held is None or not len(train) or not len(val):
        return []
    later = int(np.count_nonzero(times[train.index] > held[val.index].min()))
    if not later:
        return []
    message = f"{later:,} of {len(train):,} training examples are later than the first validation example"
    return [Finding("data-time-overlap", "tip", message, {"later": later, "train": len(train)})]


def check_classes(train: Subset, val: Subset) -> None:
    """Refuse class targets with a single class, or with a class of a single example.

    Raises:
        BadData: Naming the class.
    """
    targets, names = train.examples.targets, train.examples.names
    if not np.issubdtype(targets.dtype, np.integer) or targets.ndim != 1:
        return
    both = (train.targets, val.targets)
    least = min(int(targets.min(initial=0)) for targets in both)
    if least < 0:
        raise BadData(f"class numbers start at 0; the least here is {least}")
    size = max(len(names), *(int(targets.max(initial=0)) + 1 for targets in both))
    in_train, in_val = np.bincount(train.targets, minlength=size), np.bincount(val.targets, minlength=size)
    if np.count_nonzero(in_train + in_val) < 2:
        raise BadData("all examples are of one class; a classifier needs two")
    for number in np.flatnonzero(in_train == 0):
        name = names[number] if number < len(names) else str(number)
        raise BadData(f"class {name!r} has no training example ({in_val[number]} in validation)")
    single = np.flatnonzero(in_train + in_val == 1)
    if len(single) and train.examples is val.examples:  # held out of the training set
        name = repr(safe_text(names[single[0]] if single[0] < len(names) else str(single[0])))
        source = safe_text(train.examples.source(int(train.index[np.argmax(train.targets == single[0])])))
        more = f" (so {many(len(single) - 1, 'other has', 'others have')})" if len(single) > 1 else ""
        raise BadData(
            f"class {name} has only one example, {source}{more}; a class needs two, one of them for validation: "
            "add to it, or remove it"
        )


def _conflicts(groups: Index, targets: NDArray[np.generic]) -> int:
    """Return the number of groups with more than one target."""
    several = np.flatnonzero(np.bincount(groups)[groups] > 1)
    if not len(several):
        return 0
    rows = np.column_stack([groups[several], targets[several].reshape(len(several), -1)])
    distinct = np.unique(rows, axis=0)
    return int(np.count_nonzero(np.unique(distinct[:, 0], return_counts=True)[1] > 1))
