"""Examples with their targets and ids, subsets of them, and data sets with their train, val and test splits.

Letters: ``N`` examples, ``L`` labels, ``D`` regression targets. Inputs keep the smallest dtype (uint8 pixels, the UTF-8
bytes of texts) and may be memory maps. Nothing here imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import Branches, Part, concatenate_branches, concatenate_parts, joined_digests
from dl.data.ragged import Ragged
from dl.errors import BadData
from dl.finding import Finding
from dl.options import Options
from dl.terminal import safe_text
from dl.words import many

Inputs = Part | Branches
Index = NDArray[np.int64]
Fingerprints = NDArray[np.bytes_]

NAMED_COLUMNS = 12  # of each kind, in the description of a table
HASHED = 1 << 26  # bytes of inputs that are copied to be hashed at once


@dataclass(frozen=True)
class LeftOut:
    """An input of a prediction that cannot be used.

    Args:
        at: Number of examples before it.
        source: The file or row.
        reason: Why, in words.
    """

    at: int
    source: str
    reason: str


@dataclass(frozen=True)
class Windows:
    """Where in long series examples lie; windows of one series overlap.

    Args:
        series: (N,) numbers of the series.
        begins: (N,) sortable times of the first step of each.
        forecasts: (N,) times of the first target of each.
    """

    series: Index
    begins: NDArray[np.generic]
    forecasts: NDArray[np.generic]

    def take(self, positions: Index) -> Windows:
        """Return the windows at these positions."""
        return Windows(self.series[positions], self.begins[positions], self.forecasts[positions])


@dataclass(frozen=True)
class Examples:
    """Inputs, targets and ids, aligned by position.

    Args:
        inputs: (N, ...) array or memory map; `Ragged` for inputs of different lengths, texts as their UTF-8 bytes;
            `Branches` for inputs of several kinds.
        targets: (N,) class numbers or values, (N, L) zeros and ones, or (N, D) values; (N, 0) where the target is read
            from the inputs (next-token).
        ids: (N,) stable numbers: the same example has the same id in every run.
        names: Names of the classes, labels or target columns; empty if unknown.
        sources: (N,) where each example came from (file names, rows); empty if an example has only its id.
        groups: (N,) group numbers: examples of one group (a patient, an author) stay on one side of a split. None
            without groups.
        times: (N,) sortable numbers: the newest examples are held out. None where no times are known.
        windows: Where in their series examples lie that are windows to forecast from; ``times`` are those of their last
            targets. None for others.
        left_out: Inputs of a prediction that cannot be used, in order.
    """

    inputs: Inputs
    targets: NDArray[np.generic]
    ids: Index
    names: tuple[str, ...] = ()
    sources: Sequence[str] = ()
    groups: Index | None = None
    times: NDArray[np.generic] | None = None
    left_out: tuple[LeftOut, ...] = ()
    windows: Windows | None = None

    def __post_init__(self) -> None:
        if not len(self.inputs) == len(self.targets) == len(self.ids):
            raise BadData(
                f"{len(self.inputs)} inputs, {len(self.targets)} targets and {len(self.ids)} ids do not match"
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def array(self) -> NDArray[np.generic]:
        """The inputs as an array of one shape per example, (N, ...).

        Raises:
            BadData: If rows differ in length, or are of several kinds.
        """
        if isinstance(self.inputs, Branches):
            raise BadData("inputs of several kinds, where all must be of one")
        if isinstance(self.inputs, Ragged):
            raise BadData("inputs of different lengths, where all must be alike")
        return self.inputs

    def source(self, position: int) -> str:
        """Return a readable name of the example at this position."""
        return self.sources[position] if len(self.sources) else f"#{self.ids[position]}"

    def every_source(self) -> list[str]:
        """Return the readable names of all examples, in order."""
        return list(self.sources) if len(self.sources) else [f"#{one}" for one in self.ids.tolist()]

    def take(self, positions: Index) -> Examples:
        """Return the examples at these positions, with their ids, sources, groups and times; inputs are copied."""
        return replace(
            self,
            inputs=self.inputs[positions],
            targets=self.targets[positions],
            ids=self.ids[positions],
            sources=[self.sources[k] for k in positions] if len(self.sources) else (),
            groups=None if self.groups is None else self.groups[positions],
            times=None if self.times is None else self.times[positions],
            left_out=(),
            windows=None if self.windows is None else self.windows.take(positions),
        )


@dataclass(frozen=True)
class Dataset:
    """A data set as a plugin or a user's file or folder provides it.

    Args:
        name: Shown, and part of the run folder's name.
        train: The training examples.
        open_test: Opens the test set; only ``dl test`` calls it. None without a test set.
        val: The validation set, if the data set brings its own.
        val_size: Number (or share, below 1) of ``train`` to hold out for validation if it does not.
        title: One line.
        licence: Terms of use.
        source: Origin: a URL, a path, a paper.
        skipped: Files or rows left out, with the reason.
        notes: Sentences on what was inferred from the data, and on what a reader of its scores should know.
        options: Options of the domain decided while reading, stored in the recipe so that later inputs are read alike.
        findings: What reading found that a reader of the scores must know.
    """

    name: str
    train: Examples
    open_test: Callable[[], Examples] | None = None
    val: Examples | None = None
    val_size: float = 0.2
    title: str = ""
    licence: str = "not stated"
    source: str = "not stated"
    skipped: tuple[str, ...] = field(default=())
    notes: tuple[str, ...] = ()
    options: Options = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def find_fault(given: Examples | Dataset) -> str:
    """Return the first fault of a plugin's examples or data set as the end of a sentence; empty if there is none.

    Rules that need a pass over the inputs are left to `dl plugins check`.
    """
    return _fault_of_set(given) if isinstance(given, Dataset) else _fault_of_examples(given)


def _fault_of_examples(given: Examples) -> str:
    inputs, n = given.inputs, len(given.ids)
    if not isinstance(inputs, (np.ndarray, Ragged, Branches)):
        wanted = "not in an array or a Ragged, as dl.data.ragged.texts makes of strings"
        return f"has inputs in a {type(inputs).__name__}, {wanted}"
    if isinstance(inputs, np.ndarray) and inputs.dtype.kind not in "biufV":
        return f"has inputs of {inputs.dtype}, not numbers"
    if isinstance(inputs, np.ndarray) and any(step < 0 for step in inputs.strides):
        return "has inputs that run backwards in memory, as a flipped view does; give np.ascontiguousarray(inputs)"
    for name, array, kinds in (("targets", given.targets, "biuf"), ("ids", given.ids, "iu")):
        if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
            return f"has {name} of {getattr(array, 'dtype', type(array).__name__)}, not an array of numbers"
    if given.targets.ndim not in (1, 2) or given.ids.ndim != 1:
        return f"has targets of shape {given.targets.shape} and ids of shape {given.ids.shape}"
    if len(np.unique(given.ids)) < n:
        return f"has {n:,} ids, of which {len(np.unique(given.ids)):,} are different"
    if not isinstance(given.names, (tuple, list)) or not all(isinstance(name, str) for name in given.names):
        return f"has names={given.names!r:.60}, not texts"
    for name, column in (("sources", given.sources), ("groups", given.groups), ("times", given.times)):
        if column is not None and len(column) != n and (name != "sources" or len(column)):
            return f"has {len(column):,} {name} for {n:,} examples"
    return ""


def _fault_of_set(given: Dataset) -> str:
    if not isinstance(given.name, str) or not given.name:
        return f"has the name {given.name!r}"
    if isinstance(given.val_size, bool) or not isinstance(given.val_size, Real):
        return f"has val_size={given.val_size!r:.60}, not a number"
    if given.val is None:
        return ""
    if not len(given.val):
        return "has a validation set without an example"
    for name in ("inputs", "targets"):
        train, val = (_describe_kind(getattr(examples, name)) for examples in (given.train, given.val))
        if train != val:
            return f"has validation {name} of another kind: {val} where training has {train}"
    return ""


def _describe_kind(values: Inputs) -> str:
    """Describe the dtype kind and shape that training and validation set must share."""
    if isinstance(values, Branches):
        return "; ".join(f"{name}: {_describe_kind(part)}" for name, part in values.items())
    if isinstance(values, Ragged):
        return "rows of different lengths"
    kind = {"b": "whole numbers", "i": "whole numbers", "u": "whole numbers", "f": "real numbers"}
    return f"{kind.get(values.dtype.kind, str(values.dtype))} of shape {values.shape[1:]}"


@dataclass(frozen=True)
class Subset:
    """A view of some examples by position; nothing is copied.

    Args:
        examples: All examples.
        index: (n,) positions of the subset in ``examples``.
    """

    examples: Examples
    index: Index

    def __len__(self) -> int:
        return len(self.index)

    @property
    def targets(self) -> NDArray[np.generic]:
        """The targets of the subset, (n, ...)."""
        return self.examples.targets[self.index]

    @property
    def ids(self) -> Index:
        """The ids of the subset, (n,)."""
        return self.examples.ids[self.index]

    def chunks(self, size: int) -> Iterator[Inputs]:
        """Yield the inputs of the subset, ``size`` at a time."""
        for start in range(0, len(self.index), size):
            chunk = self.examples.inputs[self.index[start : start + size]]
            if isinstance(self.examples.inputs, (Ragged, Branches)):
                self.examples.inputs.release()  # a pass over a mapped column then needs the memory of one chunk
            yield chunk


def concatenate_examples(several: Sequence[Examples]) -> Examples:
    """Concatenate examples of one kind; groups and times are dropped, since they are numbered per file."""
    if len(several) == 1:
        return several[0]
    columns = [one.inputs for one in several]
    before = np.cumsum([0, *map(len, several)]).tolist()
    left_out = [replace(gone, at=gone.at + n) for n, one in zip(before, several, strict=False) for gone in one.left_out]
    branches = [column for column in columns if isinstance(column, Branches)]
    parts = [column for column in columns if not isinstance(column, Branches)]
    return Examples(
        concatenate_branches(branches) if branches else concatenate_parts(parts),
        np.concatenate([one.targets for one in several]),
        np.concatenate([one.ids for one in several]),
        several[0].names,
        tuple(name for one in several for name in one.every_source()),
        left_out=tuple(left_out),
    )


def whole(examples: Examples) -> Subset:
    """Return the subset of all examples."""
    return Subset(examples, np.arange(len(examples)))


def without_target(examples: Examples) -> bool:
    """Return whether the target is read from the inputs: targets of shape (N, 0)."""
    return examples.targets.ndim == 2 and examples.targets.shape[1] == 0


def drop_targets(examples: Examples) -> Examples:
    """Return the same examples without a target, (N, 0)."""
    return replace(examples, targets=np.empty((len(examples), 0)), names=())


def unlabelled(dataset: Dataset) -> Dataset:
    """Return a data set without the targets of any of its parts."""
    open_test, val = dataset.open_test, dataset.val
    return replace(
        dataset,
        train=drop_targets(dataset.train),
        val=None if val is None else drop_targets(val),
        open_test=None if open_test is None else lambda: drop_targets(open_test()),
    )


def with_targets(examples: Examples, targets: NDArray[np.generic], names: tuple[str, ...] = ()) -> Examples:
    """Return the same examples with other targets."""
    return replace(examples, targets=targets, names=names)


def fingerprints(subset: Subset) -> Fingerprints:
    """Return a 16-byte hash of each input's bytes, (n,); two inputs share one only if they are exact duplicates."""
    found, done = np.empty(len(subset), "S16"), 0
    inputs = subset.examples.inputs
    bytes_each = 1 if isinstance(inputs, (Ragged, Branches)) else inputs.nbytes // max(len(inputs), 1)
    for chunk in subset.chunks(max(1, min(4096, HASHED // max(bytes_each, 1)))):
        digests = _digests(chunk)
        found[done : done + len(digests)] = digests
        done += len(digests)
    return found


def _digests(inputs: Inputs) -> list[bytes]:
    """Hash each input; one of several kinds by the hashes of its parts."""
    if isinstance(inputs, Branches):
        return joined_digests([_digests(part) for part in inputs.parts.values()])
    return [blake2b(row, digest_size=16).digest() for row in _bytes_of(inputs)]


def _bytes_of(inputs: Part) -> Iterator[memoryview]:
    """Yield the bytes of each input, as views of all of them."""
    plain = np.ascontiguousarray(inputs.values if isinstance(inputs, Ragged) else inputs)
    offsets = inputs.offsets if isinstance(inputs, Ragged) else np.arange(len(inputs) + 1)
    together = plain.reshape(-1).view(np.uint8).data
    for start, end in pairwise((offsets * (plain.nbytes // max(len(plain), 1))).tolist()):
        yield together[start:end]


def content_number(content: bytes) -> int:
    """Return a hash below 2**48 of the content.

    It is an id that does not depend on the order of a file; its remainder makes a fixed test set that keeps exact
    duplicates on one side.
    """
    return int.from_bytes(blake2b(content, digest_size=6).digest())


def row_of(inputs: Inputs, position: int) -> Any:  # Any: a row of an array or of a ragged column, or a `BranchRow`
    """Return the input at this position."""
    return inputs[position] if isinstance(inputs, np.ndarray) else inputs.row(position)


def describe_inputs(inputs: Inputs) -> str:
    """Describe one input: its shape and dtype, or the range of lengths; of several kinds, each."""
    if isinstance(inputs, Branches):
        return "; ".join(f"{safe_text(name, 40)}: {describe_inputs(part)}" for name, part in inputs.items())
    if not isinstance(inputs, Ragged) and inputs.dtype.names:
        return _describe_columns(inputs.dtype)
    if not isinstance(inputs, Ragged):
        return f"{' x '.join(map(str, inputs.shape[1:]))} {inputs.dtype}"
    if not len(inputs):
        return f"rows of {inputs.values.dtype}"
    shortest, median, longest = (int(value) for value in np.quantile(inputs.lengths, [0, 0.5, 1]))
    if inputs.values.dtype.names:
        return f"series of {shortest:,} to {longest:,} steps; {_describe_columns(inputs.values.dtype)}"
    kind = "texts" if inputs.values.dtype == np.uint8 else f"rows of {inputs.values.dtype}"
    unit = "bytes" if inputs.values.dtype == np.uint8 else "values"
    return f"{kind} of {shortest:,} to {longest:,} {unit}, half of them at most {median:,}"


def _describe_columns(dtype: np.dtype[Any]) -> str:
    """Name the columns of numbers and of categories; the first of each, where there are many."""
    named = []
    for kind, is_number in (("numbers", True), ("categories", False)):
        names = [safe_text(name, 40) for name in dtype.names or () if (dtype[name].kind == "f") == is_number]
        more = f", and {len(names) - NAMED_COLUMNS} more" if len(names) > NAMED_COLUMNS else ""
        named += [f"{kind}: {', '.join(names[:NAMED_COLUMNS])}{more}"] if names else []
    return f"{many(len(dtype.names or ()), 'column')}; {'; '.join(named)}"


def subset_fingerprint(subset: Subset) -> str:
    """Return one hash of the ids in a subset, to check whether two runs share a split."""
    return blake2b(np.sort(subset.ids).tobytes() + _shape(subset.examples.inputs).encode(), digest_size=8).hexdigest()


def _shape(inputs: Inputs) -> str:
    return f"({len(inputs)}, ragged)" if isinstance(inputs, Ragged) else str(inputs.shape)
