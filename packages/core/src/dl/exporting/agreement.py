"""Compare what an exported network answers with what `dl predict` answers, on the validation part.

Letters: ``n`` examples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl.data.examples import Examples
from dl.data.ragged import Ragged
from dl.errors import BadData
from dl.exporting.whole import ANSWER, VALUES, Output, answer_of, parts_of
from dl.inference.loaded import LoadedRun
from dl.preparation import CATEGORY, TOKENS, Preparation, Raw, numbers_of
from dl.work import doing

LEAST_SHARE = 0.9999  # of answers that are the same
MOST_APART = 0.01  # of two probabilities
NEAR = 1e-4  # of the spread of the target, and of a value: nearer numbers are the same
AT_ONCE = 500  # examples
Call = Callable[[Mapping[str, Raw]], Sequence[NDArray[Any]]]  # from raw inputs to the outputs, in their order


@dataclass(frozen=True)
class Agreement:
    """How far an exported network agrees with its run.

    Args:
        part: The examples that were compared, in words.
        examples: Their number, n.
        same: Of how many the answers are the same; numbers may differ in their fifth digit.
        difference: Largest difference of two probabilities; of values in parts of the spread of their target.
        of: ``probability`` or ``value``.
    """

    part: str
    examples: int
    same: int
    difference: float
    of: str

    @property
    def share(self) -> float:
        """Share of the same answers."""
        return self.same / self.examples

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return it as JSON values."""
        return {**asdict(self), "share": self.share}

    def __str__(self) -> str:
        share = f"{self.same:,} of {self.examples:,} answers"
        return f"{share} on the {self.part} part as dl predict, largest difference of a {self.of} {self.difference:.1e}"


def expected(opened: LoadedRun, examples: Examples) -> list[NDArray[Any]]:
    """Return the outputs of a run as `dl.predict` computes them, in the order of `outputs_of`."""
    logits, start = opened.logits(examples), 0
    found: list[Tensor] = []
    for _, task in parts_of(opened.task):
        found += answer_of(task, logits[:, start : start + task.info.outputs])
        start += task.info.outputs
    return [one.numpy() for one in found]


def measure(
    call: Call,
    preparation: Preparation,
    outputs: Sequence[Output],
    examples: Examples,
    wanted: Sequence[NDArray[Any]],
    part: str,
) -> Agreement:
    """Compare the outputs of an exported network on raw examples with those of its run.

    Args:
        call: The exported network.
        preparation: Of its inputs.
        outputs: Of the network.
        examples: Raw.
        wanted: As `expected` returns them.
        part: The examples in words.
    """
    same, difference = np.ones(len(examples), bool), 0.0
    for start in _starts(len(examples)):
        chosen = np.arange(start, min(start + AT_ONCE, len(examples)))
        found = call(
            preparation.raw(
                examples.inputs[chosen] if isinstance(examples.inputs, Ragged) else examples.take(chosen).inputs
            )
        )
        for one, ours, theirs in zip(outputs, found, wanted, strict=True):
            alike, apart = _compare(one, np.asarray(ours), theirs[chosen])
            same[chosen] &= alike
            difference = max(difference, apart)
    of = "value" if all(one.kind == VALUES for one in outputs) else "probability"
    return Agreement(part, len(examples), int(same.sum()), difference, of)


def _starts(count: int) -> Iterator[int]:
    """Yield the first of each of the examples that are compared at once, and report how many are compared."""
    with doing("comparing", count) as work:
        for start in range(0, count, AT_ONCE):
            yield start
            work.advance(min(AT_ONCE, count - start))


def _compare(one: Output, ours: NDArray[Any], theirs: NDArray[Any]) -> tuple[NDArray[np.bool_], float]:
    """Return which outputs are the same (n,), and the largest difference of two numbers."""
    if one.kind == ANSWER:
        named = np.array(one.names, object)[theirs] if theirs.ndim == 1 else theirs
        alike = np.array(ours, object if theirs.ndim == 1 else theirs.dtype) == named
        return np.asarray(alike.reshape(len(alike), -1).all(axis=1), np.bool_), 0.0
    spread = np.asarray(one.spread or (1.0,))
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)) / spread
    if one.kind != VALUES:
        return np.ones(len(ours), bool), float(apart.max(initial=0.0))
    near = NEAR * (1 + np.abs(theirs) / spread)
    return np.asarray((apart <= near).all(axis=1), np.bool_), float(
        (apart / (1 + np.abs(theirs) / spread)).max(initial=0.0)
    )


def need_agreement(found: Agreement, run: str) -> None:
    """Refuse an exported network that answers otherwise than its run.

    Raises:
        BadData: With both numbers.
    """
    apart = found.of == "probability" and found.difference > MOST_APART
    if found.share < LEAST_SHARE or apart or not np.isfinite(found.difference):
        raise BadData(
            f"{run} was not exported: the exported network gives {found}; it takes {LEAST_SHARE:.2%} and at most "
            f"{MOST_APART} between two probabilities  try another format: --to"
        )


def tensors_of(
    preparation: Preparation, raw: Mapping[str, Raw], encode: Callable[[Any, Any], Any] | None
) -> list[Tensor]:
    """Return the tensors of raw inputs, as the traced network takes them.

    Args:
        preparation: Of the inputs.
        raw: By name.
        encode: Of the reader. Any: as it is written by a plugin.
    """
    found = []
    for one in preparation.inputs:
        values: Any = raw[one.name]
        if one.kind == CATEGORY:
            values = numbers_of(one.words, values)
        elif one.kind == TOKENS and encode is not None:
            values = encode(values, one.settings)
        found.append(torch.from_numpy(np.ascontiguousarray(values)))
    return found
