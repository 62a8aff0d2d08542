"""New data beside what a run has seen: the arrays to compare, their file in the run folder, and the answer.

Core reads the data and scores it; a plugin compares, through the hook `dl.hookspecs.compare_data`.
Letters: ``N`` seen and ``n`` new inputs, ``F`` numbers of a projected one, ``C`` columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.errors import DamagedRun
from dl.groups import Groups
from dl.intervals import Estimate
from dl.runs.ledger import TestEvaluation
from dl.runs.outcomes import read_arrays, write_arrays
from dl.runs.run import Run

SEEN = "columns.npz"  # beside the outcomes
Arrays = NDArray[Any]  # Any: numbers or words


@dataclass(frozen=True)
class InputSample:
    """Some inputs, as they are compared.

    Args:
        projected: (N, F) numbers, learnt from no data.
        columns: (N,) each, by name: numbers, NaN for a missing one, or words.
        groups: Of these inputs; None where they are independent.
    """

    projected: Arrays
    columns: Mapping[str, Arrays]
    groups: Groups | None = None


@dataclass(frozen=True)
class NewData:
    """New data, and the run that it is compared with.

    Args:
        run: The run.
        data: Name of the new data.
        typed: The words of ``dl fit`` with which the fit goes on, but for ``--from``; empty for data in memory.
        examples: Number of new examples.
        seen: Inputs that the run was trained on; None where nobody has them.
        inputs: The new inputs.
        targets: (n, ...) new targets in the numbers of the run; None without targets.
        groups: Of all new examples; None where they are independent.
        score: Of the run on the new examples; None without targets.
        unknown: (N,) and (n,) share of each text that the run does not know, of its validation set and here; None
            where inputs are no texts.
        unseen: Number of new inputs with something that the training set lacks, and the first of them in words.
        why: Reasons why something cannot be compared, by ``inputs`` and ``scores``.
    """

    run: Run
    data: str
    typed: tuple[str, ...]
    examples: int
    seen: InputSample | None
    inputs: InputSample
    targets: Arrays | None = None
    groups: Groups | None = None
    score: TestEvaluation | None = None
    unknown: tuple[Arrays, Arrays] | None = None
    unseen: tuple[int, str] = (0, "")
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DriftPart:
    """One comparison.

    Args:
        name: ``inputs``, ``columns``, ``unknown``, ``targets`` or ``scores``.
        state: ``drifted``, ``alike`` where no drift is established, or ``unknown`` where it cannot be told.
        message: One sentence with the numbers in it.
        p: Chance of as large a difference of data drawn alike; None for scores, and where it cannot be told.
        change: How much better the score is here, with its interval; None for the others.
        evidence: Further numbers.
    """

    name: str
    state: str
    message: str
    p: float | None = None
    change: Estimate | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)  # Any: numbers and names


@dataclass(frozen=True)
class Drift:
    """Whether new data has drifted from what a run saw.

    Args:
        run: Name of the run.
        data: Name of the new data.
        examples: Number of new examples.
        state: ``inputs``, ``scores``, ``both``, ``none``, or ``unknown`` where too little can be told.
        verdict: One sentence.
        parts: The comparisons.
        level: Chance of any false alarm, over all of them.
        next: The next command, or an empty string.
    """

    run: str
    data: str
    examples: int
    state: str
    verdict: str
    parts: tuple[DriftPart, ...]
    level: float
    next: str = ""

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return the JSON value."""
        parts = [asdict(one) | {"change": one.change and one.change._asdict()} for one in self.parts]
        return asdict(self) | {"parts": parts}


def write_columns(folder: Path, columns: Mapping[str, Arrays], unknown: Arrays | None) -> None:
    """Keep columns of training inputs, and of validation inputs the share that is unknown, beside the outcomes."""
    arrays = {f"column{k}": column for k, column in enumerate(columns.values())}
    arrays |= {"names": np.array(list(columns))} | ({} if unknown is None else {"unknown": unknown})
    write_arrays(folder / SEEN, arrays)


def read_columns(folder: Path) -> tuple[dict[str, Arrays], Arrays | None]:
    """Read what `write_columns` wrote.

    Raises:
        BadRun: If the run does not keep it, or it is damaged.
    """
    arrays = read_arrays(folder / SEEN)
    names = arrays.get("names", np.array([], "U1")).tolist()
    if any(f"column{k}" not in arrays for k in range(len(names))):
        raise DamagedRun(f"{folder / SEEN} is damaged: a column is missing")
    return {name: arrays[f"column{k}"] for k, name in enumerate(names)}, arrays.get("unknown")
