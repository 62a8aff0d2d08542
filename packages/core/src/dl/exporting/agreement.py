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
from dl.exporting.forms import ANSWER, PIXELS, STRING, VALUES, Output, form_of
from dl.inference.loaded import LoadedRun
from dl.preparation import CATEGORY, TOKENS, Preparation, Raw, numbers_of
from dl.work import doing

LEAST_SHARE = 0.9999  # of answers that are the same
MOST_APART = 0.01  # of two probabilities
NEAR_LEVELS = 1  # of a pixel: a half is rounded either way
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
        difference: Largest difference of two probabilities; of values in parts of the spread of their target; of pixels
            in levels from 0 to 255.
        of: ``probability``, ``value`` or ``pixel``.
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


def expected(opened: LoadedRun, preparation: Preparation, examples: Examples) -> list[NDArray[Any]]:
    """Return the outputs of a run as `dl.predict` computes them, in the order of its form."""
    return form_of(opened).expect(opened, preparation, examples)


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
            counts = one.kind != PIXELS or _compared(outputs) == "pixel"
            difference = max(difference, apart) if counts else difference
    return Agreement(part, len(examples), int(same.sum()), difference, _compared(outputs))


def _compared(outputs: Sequence[Output]) -> str:
    """Return which numbers the largest difference is of; pixels count where they are all."""
    kinds = {one.kind for one in outputs}
    return "pixel" if kinds == {PIXELS} else "value" if kinds <= {PIXELS, VALUES} else "probability"


def _starts(count: int) -> Iterator[int]:
    """Yield the first of each of the examples that are compared at once, and report how many are compared."""
    with doing("comparing", count) as work:
        for start in range(0, count, AT_ONCE):
            yield start
            work.advance(min(AT_ONCE, count - start))


def _compare(one: Output, ours: NDArray[Any], theirs: NDArray[Any]) -> tuple[NDArray[np.bool_], float]:
    """Return which outputs are the same (n,), and the largest difference of two numbers."""
    if one.kind in (ANSWER, STRING):
        named = in_words(one, theirs)
        alike = np.array(ours, named.dtype) == named
        return np.asarray(alike.reshape(len(alike), -1).all(axis=1), np.bool_), 0.0
    if one.kind == PIXELS:
        levels = np.abs(ours.astype(np.int64) - theirs.astype(np.int64)).reshape(len(ours), -1)
        return np.asarray((levels <= NEAR_LEVELS).all(axis=1), np.bool_), float(levels.max(initial=0))
    spread = np.asarray(one.spread or (1.0,))
    apart = np.abs(ours.astype(np.float64) - theirs.astype(np.float64)) / spread
    if one.kind != VALUES:
        return np.ones(len(ours), bool), float(apart.max(initial=0.0))
    near = NEAR * (1 + np.abs(theirs) / spread)
    return np.asarray((apart <= near).all(axis=1), np.bool_), float(
        (apart / (1 + np.abs(theirs) / spread)).max(initial=0.0)
    )


def in_words(one: Output, values: NDArray[Any]) -> NDArray[Any]:  # Any: numbers, or text
    """Return classes by their names, and strings as text; what is 0 or 1 for each label, and numbers, as they are."""
    if one.kind == STRING:
        return np.array([one.between.join(one.names[k] for k in row if k >= 0) for row in values.tolist()], object)
    return np.array(one.names, object)[values] if one.kind == ANSWER and values.ndim == 1 else values


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
            values = numbers_of(one, values)
        elif one.kind == TOKENS and encode is not None:
            values = encode(values, one.settings)
        found.append(torch.from_numpy(np.ascontiguousarray(values)))
    return found
