"""What the answers are tried on: draws of few examples to learn from, each with a large untouched set beside it.

Looked at are, of real sets (`benchmarks/default_sets.py`): the digits of MNIST, the small digits, silhouettes of
animals, patches of photographs; short messages, film sentences, film reviews; prices of diamonds, kinds of juice,
reports of marriages, segments of pictures, wages, doctors' visits and caravans. The rest is simulated: groups whose
examples are alike, log-normal errors, and rare classes. Letters: ``n`` examples to learn from, validation among them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.default_sets import SETS, Case

JUDGES = 3_000  # most untouched examples
GROUP, COLUMN = 15, "patient"  # examples of a simulated group, and its column
COUNTS = (8, 12, 40)  # groups of the validation set
SIGMAS, SIZES = (0.5, 1.0, 1.5), (240, 1_600)  # of log-normal errors, and examples to learn from
SHARES = (0.02, 0.05)
WIDTH = 6  # columns of a simulated table
Options = Mapping[str, Any]  # Any: as typed


@dataclass(frozen=True)
class Draw:
    """Examples to learn from, and untouched ones of the same origin.

    Args:
        kind: Of draws, as the table counts them.
        name: Of the set.
        domain: Of dl.
        given: Inputs and targets to learn from; `dl.fit` holds the validation set out of them.
        untouched: Inputs and targets that judge.
        options: Of the fit.
        column: Of the groups; empty for none.
    """

    kind: str
    name: str
    domain: str
    given: tuple[Any, NDArray[Any]]  # Any: as `Case.inputs`
    untouched: tuple[Any, NDArray[Any]]
    options: Options = field(default_factory=dict)
    column: str = ""


def take(inputs: Any, rows: NDArray[np.int64]) -> Any:
    """Return some rows of an array, a list or a frame."""
    if isinstance(inputs, pd.DataFrame):
        return inputs.iloc[rows].reset_index(drop=True)
    return inputs[rows] if isinstance(inputs, np.ndarray) else [inputs[k] for k in rows]


REAL: dict[str, tuple[int, Options]] = {  # set of `default_sets`: examples to learn from, options
    "mnist-500": (500, {"model": "dense", "width": 64, "epochs": 10}),
    "toy-digits": (300, {"model": "dense", "width": 64, "epochs": 12}),
    "animals-300": (400, {"model": "dense", "width": 64, "epochs": 10}),
    "photographs": (300, {"model": "dense", "width": 32, "epochs": 8}),
    "messages": (600, {"epochs": 8}),
    "rotten-2000": (800, {"epochs": 8}),
    "imdb-150": (400, {"epochs": 6}),
    "diamonds-3000": (800, {"epochs": 12}),
    "juice": (300, {"epochs": 15}),
    "affairs": (600, {"epochs": 12}),
    "segments": (400, {"epochs": 12}),
    "wages": (600, {"epochs": 12}),
    "doctors": (1_000, {"epochs": 10}),
    "caravans": (1_200, {"epochs": 8}),
}


@cache
def _case(name: str) -> Case:
    return SETS[name]()


def real(name: str, seed: int) -> Draw:
    """Draw from a real set, at random without regard to classes."""
    size, options = REAL[name]
    case = _case(name)
    order = np.random.default_rng([seed, size]).permutation(len(case.target))
    given, untouched = order[:size], order[size : size + JUDGES]
    return Draw(
        "real sets",
        name,
        case.domain,
        (take(case.inputs, given), case.target[given]),
        (take(case.inputs, untouched), case.target[untouched]),
        {"val": 0.25, **options},
    )


def _frame(numbers: NDArray[np.float64], **more: NDArray[Any]) -> pd.DataFrame:
    return pd.DataFrame({f"x{k}": column for k, column in enumerate(numbers.T)} | more)


def grouped(count: int, seed: int, *, constant: bool) -> Draw:
    """Draw groups, so many of them for validation, whose labels are the same within a group or not."""
    rng = np.random.default_rng([seed, count, constant])
    total, learnt = 4 * count + 300, 4 * count
    of = np.repeat(np.arange(total), GROUP)
    centre = rng.standard_normal((total, WIDTH))
    numbers = (centre[of] + rng.standard_normal((total * GROUP, WIDTH))).astype(np.float64)
    if constant:
        logit = 1.5 * centre[:, 0][of] + rng.standard_normal(total)[of]
        target = np.where(logit > 0, "ill", "well")
    else:
        logit = 1.5 * numbers[:, 0] + rng.standard_normal(total)[of]
        target = np.where(rng.random(len(of)) < 1 / (1 + np.exp(-logit)), "ill", "well")
    frame = _frame(numbers, patient=np.array([f"p{k}" for k in of]))
    first = np.flatnonzero(of < learnt)
    rest = np.flatnonzero(of >= learnt)
    name = f"{count} groups, labels {'constant' if constant else 'not constant'} within"
    options = {"val": (count + 1) * GROUP, "epochs": 12, "group_on": COLUMN}
    given, untouched = ((take(frame, rows), target[rows]) for rows in (first, rest))
    return Draw("groups", name, "tabular", given, untouched, options, COLUMN)


def tailed(sigma: float, size: int, seed: int) -> Draw:
    """Draw amounts of money with log-normal errors."""
    rng = np.random.default_rng([seed, size, round(10 * sigma)])
    numbers = rng.standard_normal((size + JUDGES, WIDTH))
    logarithm = 0.6 * numbers[:, 0] + 0.3 * numbers[:, 1] + sigma * rng.standard_normal(len(numbers))
    target = np.round(100 * np.exp(logarithm), 2)
    return _split("heavy tails", f"sigma {sigma}, n {size}", numbers, target, size, 10)


def rare(share: float, size: int, seed: int) -> Draw:
    """Draw two classes, one of them rare."""
    rng = np.random.default_rng([seed, size, round(1000 * share)])
    found = rng.random(size + JUDGES) < share
    numbers = rng.standard_normal((size + JUDGES, WIDTH)) + 1.2 * found[:, None] * (np.arange(WIDTH) < 2)
    return _split("rare classes", f"{share:.0%} of {size}", numbers, np.where(found, "fraud", "ok"), size, 10)


def _split(kind: str, name: str, numbers: NDArray[np.float64], target: NDArray[Any], size: int, epochs: int) -> Draw:
    frame, parts = _frame(numbers), (np.arange(size), np.arange(size, len(target)))
    given, untouched = ((take(frame, rows), target[rows]) for rows in parts)
    return Draw(kind, name, "tabular", given, untouched, {"val": 0.25, "epochs": epochs})


def draws() -> dict[str, tuple[Callable[[int], Draw], int]]:
    """Return how each setting is drawn from a seed, by name of its folder, and how many draws there are."""
    found: dict[str, tuple[Callable[[int], Draw], int]] = {name: (partial(real, name), 22) for name in REAL}
    for count in COUNTS:
        for constant in (True, False):
            name = f"groups-{count}-{'constant' if constant else 'mixed'}"
            found[name] = partial(grouped, count, constant=constant), 24
    for sigma in SIGMAS:
        found |= {f"tails-{sigma}-{size}": (partial(tailed, sigma, size), 24) for size in SIZES}
    return found | {f"rare-{share}": (partial(rare, share, 2_400), 24) for share in SHARES}
