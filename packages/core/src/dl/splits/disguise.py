"""Find input columns that are the target in disguise, and codes that were read as numbers.

Each column alone answers for held-out rows, by what training rows with its nearest values have as target. What tells
nearly everything, far more than any other column, is the target again: rounded, in another unit, as a code, with gaps.
Letters: ``N`` rows, ``V`` validation rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dl.data.branches import columns_of
from dl.data.examples import Index, Subset
from dl.data.queries import without_query
from dl.finding import Finding
from dl.tables.columns import quote
from dl.tables.dates import column_of
from dl.terminal import safe_text

NEARLY_ALL = 0.98  # told of the target by one column, from which it is suspect
CERTAINLY = 0.999  # told by a measurement that is the target again, however good others are
ENOUGH = 300  # rows from which a column that tells classes without an error is suspect beside another one like it
BEHIND = 0.06  # by which every other column must tell less
SOME = 0.2  # share of the rows that have a value, from which a column with gaps is looked at
LEAST = 30  # rows
MOST = 10_000  # training rows, and half as many validation rows, that are looked at
CELLS = 10_000_000  # rows times columns that are looked at
OUTPUTS = 8  # of several labels or values, those that are looked at
PER_VALUE = 5  # rows for each value, from which a column is one of codes
TIGHT = 10.0  # of the usual distance of neighbours in the target, the most between two ranges of a target that was cut
RARE = 10  # rows of the rarest value of a target that was cut
PER_CODE = 10  # rows for each whole number, from which they may be codes
CODES = (4, 60)  # different whole numbers that may be codes
FOR_DEGREE = 6  # different numbers for each further degree of a curve, up to the third
BY_CODE = 0.25  # told by codes beyond what a curve through them tells


@dataclass(frozen=True)
class Told:
    """What one column alone tells of the target.

    Args:
        name: Of the column.
        share: From 0, as without it, to 1, everything; of the rows that have a value.
        present: Share of the rows that have a value.
        rows: Number of rows that were looked at.
        exact: Whether every value belongs to one class, or to one range of a target that was cut there.
        codes: Whether it has few values for its rows.
        values: Whether the target is values rather than classes.
        smooth: Share told by a curve of the third degree; NaN if the column is no whole numbers.
        output: Of several targets, which.
    """

    name: str
    share: float
    present: float
    rows: int
    exact: bool
    codes: bool
    values: bool
    smooth: float
    output: int = 0


def check_columns(train: Subset, val: Subset, skip: tuple[str, ...] = ()) -> list[Finding]:
    """Find the target in disguise among the columns of a table, and codes read as numbers.

    Args:
        train: Rows of a structured array.
        val: The same columns.
        skip: Columns that something else was said of.
    """
    columns = columns_of(train.examples.inputs)
    names = None if columns is None else columns.dtype.names
    targets = without_query(train.examples)
    if names is None or len(train) < LEAST or not len(val) or (targets.ndim == 2 and not targets.shape[1]):
        return []
    told = tell(train, val, [name for name in names if column_of(name) not in skip])
    found = {column_of(one.name): one for one in reversed(in_disguise(told))}
    others = [one for one in told if column_of(one.name) not in found]
    codes = [one for one in as_codes(told) if column_of(one.name) == one.name]
    return [_disguise(one, others) for one in list(found.values())[::-1]] + [_codes(one) for one in codes]


def tell(train: Subset, val: Subset, names: list[str]) -> list[Told]:
    """Return what each column alone tells of each output of the target."""
    rng = np.random.default_rng(0)
    most = int(max(min(MOST, CELLS / max(len(names), 1)), LEAST))
    chosen = [
        part.index if len(part) <= limit else np.sort(rng.choice(part.index, limit, replace=False))
        for part, limit in ((train, most), (val, most // 2))
    ]
    targets = [without_query(part.examples)[at] for part, at in zip((train, val), chosen, strict=True)]
    outputs = (
        [targets] if targets[0].ndim == 1 else [[one[:, k] for one in targets] for k in range(targets[0].shape[1])]
    )
    arrays: list[Any] = [columns_of(part.examples.inputs) for part in (train, val)]  # Any: a structured type
    cells = {name: [array[name][at] for array, at in zip(arrays, chosen, strict=True)] for name in names}
    return [
        _tell(name, k, *cells[name], *(np.asarray(one) for one in output))
        for k, output in enumerate(outputs[:OUTPUTS])
        for name in names
    ]


def in_disguise(told: list[Told]) -> list[Told]:
    """Return the columns that are the target again: without an exception, or nearly so with no other one near."""
    found: dict[str, Told] = {}
    for one in told:
        others = [other.share for other in told if other.output == one.output and other.name != one.name]
        if others and (one.exact or ((_certain(one) or _alone(one, others)) and not (one.codes and one.values))):
            found.setdefault(one.name, one)
    return list(found.values())


def _certain(one: Told) -> bool:
    return one.share >= CERTAINLY and (one.values or one.rows >= ENOUGH)


def _alone(one: Told, others: list[float]) -> bool:
    return one.share >= NEARLY_ALL and max(others) < one.share - BEHIND


def as_codes(told: list[Told]) -> list[Told]:
    """Return the columns of whole numbers that tell by their identity what no curve through them tells."""
    return list({one.name: one for one in told if not one.exact and one.share - one.smooth >= BY_CODE}.values())


Cells = NDArray[np.generic]


def _tell(name: str, output: int, train: Cells, val: Cells, taught: Cells, asked: Cells) -> Told:
    """Return what a column tells: where it has a value, or with gaps as one more value, whichever is more."""
    x, y, learnt = (
        np.concatenate([train, val]),
        np.concatenate([taught, asked]),
        np.arange(len(train) + len(val)) < len(train),
    )
    gone = np.isnan(x) if x.dtype.kind == "f" else x == ""
    codes = np.unique(x, return_inverse=True)[1]
    values, raw = y.dtype.kind == "f", y
    y = np.unique(y, return_inverse=True)[1]
    share, present, at = 0.0, 1.0, np.ones(len(x), bool)
    if not gone.any() or x.dtype.kind != "f":
        share = _share(codes if gone.any() else x, y, learnt, values)
    elif (filled := _share(gone.astype(np.int64), y, learnt, values)) > share:
        share, codes = filled, gone.astype(np.int64)  # that there is a value may tell the target
    if gone.any() and (~gone).sum() >= max(SOME * len(x), LEAST):
        where = _share(x[~gone], y[~gone], learnt[~gone], values)
        if where > share:
            share, present, at = where, float((~gone).mean()), ~gone
            codes = np.unique(x, return_inverse=True)[1]
    numbers = np.unique(codes[at], return_inverse=True)[1]
    different = int(numbers.max()) + 1
    few = bool(at.sum() >= PER_VALUE * different)
    exact = different > 1 and few and (_cut(numbers, raw[at]) if values else _pure(numbers, y[at], x.dtype.kind == "f"))
    whole = (
        x.dtype.kind == "f"
        and at.sum() >= PER_CODE * different
        and CODES[0] <= different <= CODES[1]
        and bool((x[~gone] % 1 == 0).all())
    )
    whole = whole and (values or int(y.max()) < CODES[1])
    smooth = _curve(numbers, y[at], values) if whole and not gone[at].any() else float("nan")
    return Told(name, share, present, int(at.sum()), exact, few, values, smooth, output)


def _share(x: Cells, y: Index, learnt: NDArray[np.bool_], values: bool) -> float:
    """Return how much of the target (N,) rows with equal or neighbouring values tell, a row itself left out.

    Args:
        x: (N,) numbers or codes; numbers without an equal among the training rows ask their neighbours.
        y: (N,) classes, or ranks of values.
        learnt: (N,) training rows, which answer.
        values: Whether ``y`` are ranks.
    """
    if not learnt.any() or len(np.unique(y)) < 2:
        return 0.0
    known, place = np.unique(x[learnt], return_inverse=True)
    at = np.clip(np.searchsorted(known, x), 0, len(known) - 1)
    same = known[at] == x
    if values:
        told = _mean_of_equals(at, same, place, y[learnt].astype(np.float64), learnt, y)
    else:
        told = _vote_of_equals(at, same, place, y[learnt], learnt, y)
    counts = np.bincount(place, minlength=len(known))
    alone = (np.where(same, counts[at], 0) - learnt) <= 0
    if alone.any():
        told[alone] = _from_neighbours(x, y, learnt, alone, values) if x.dtype.kind == "f" else _usual(y, values)
    if values:
        return max(1 - float(np.square(y - told).sum() / np.square(y - y.mean()).sum()), 0.0)
    usual = float(np.bincount(y).max()) / len(y)
    return max(1 - float((told != y).mean()) / (1 - usual), 0.0)


def _usual(y: Index, values: bool) -> float:
    return float(y.mean()) if values else float(np.bincount(y).argmax())


def _mean_of_equals(
    at: Index, same: NDArray[np.bool_], place: Index, known: NDArray[np.float64], learnt: NDArray[np.bool_], y: Index
) -> NDArray[np.float64]:
    counts = np.bincount(place)[at] - learnt
    sums = np.bincount(place, known)[at] - np.where(learnt, y, 0)
    return np.asarray(np.where(same & (counts > 0), sums / np.maximum(counts, 1), 0.0))


def _vote_of_equals(
    at: Index, same: NDArray[np.bool_], place: Index, known: Index, learnt: NDArray[np.bool_], y: Index
) -> NDArray[np.float64]:
    """Return the class of most of the equal rows, (N,); where two lead, a row that is one of them gets the other."""
    classes = int(y.max()) + 1
    keys, counts = np.unique(place * classes + known, return_counts=True)
    order = np.lexsort((counts, keys // classes))
    keys, counts = keys[order], counts[order]
    last = np.append(np.flatnonzero(np.diff(keys // classes)), len(keys) - 1)  # the most common class of each value
    before = np.maximum(last - 1, 0)
    has_second = (last > 0) & (keys[before] // classes == keys[last] // classes)
    first, second = keys[last] % classes, np.where(has_second, keys[before] % classes, -1)
    lead = counts[last] - np.where(has_second, counts[before], 0)
    told: NDArray[np.float64] = first[at].astype(np.float64)
    overtaken = learnt & (first[at] == y) & (lead[at] < 1) & (second[at] >= 0)
    told[overtaken] = second[at][overtaken]
    return told


def _from_neighbours(
    x: Cells, y: Index, learnt: NDArray[np.bool_], asked: NDArray[np.bool_], values: bool
) -> NDArray[np.float64]:
    """Return the answers of the training rows with the next smaller and the next larger number, for the asked rows."""
    order = np.argsort(x[learnt], kind="stable")
    xs, ys = np.asarray(x[learnt][order], np.float64), y[learnt][order].astype(np.float64)
    mine = np.asarray(x[asked], np.float64)
    low, high = np.searchsorted(xs, mine, "left") - 1, np.searchsorted(xs, mine, "right")
    low, high = np.where(low < 0, high, low), np.where(high >= len(xs), low, high)
    low, high = np.clip(low, 0, len(xs) - 1), np.clip(high, 0, len(xs) - 1)
    width = xs[high] - xs[low]
    part = np.divide(mine - xs[low], width, out=np.full(len(mine), 0.5), where=width > 0)
    if values:
        return np.asarray(ys[low] + np.clip(part, 0, 1) * (ys[high] - ys[low]))
    return np.asarray(np.where(part <= 0.5, ys[low], ys[high]))


def _pure(codes: Index, classes: Index, numbers: bool) -> bool:
    """Return whether every value (N,) belongs to one class, as a code does.

    Many numbers that are parted into classes by a few thresholds are an amount, not a code.
    """
    count, different = int(classes.max()) + 1, int(codes.max()) + 1
    pairs = np.unique(codes * count + classes)
    if len(pairs) != different:
        return False
    along = pairs % count  # the class of each value, in the order of the values
    return not numbers or different <= 2 * count or int((np.diff(along) != 0).sum()) >= 2 * count


def _cut(codes: Index, targets: Cells) -> bool:
    """Return whether every value (N,) is one range of the target, and the ranges touch, as where a target was cut.

    Ranges that lie apart are those of a category that decides.
    """
    if np.bincount(codes).min() < (RARE if codes.max() == 1 else 1):
        return False
    order = np.lexsort((codes, targets))
    changes = np.flatnonzero(np.diff(codes[order]))
    if len(changes) != int(codes.max()):
        return False
    ranked = np.asarray(targets[order], np.float64)
    gaps = np.diff(ranked)
    least = gaps[gaps > 0].min(initial=np.inf)
    starts, ends = np.maximum(changes - 5, 0), np.minimum(changes + 6, len(ranked) - 1)
    around = (ranked[ends] - ranked[starts] - gaps[changes]) / np.maximum(ends - starts - 1, 1)
    return bool(np.median(gaps[changes] / np.maximum(around, least)) <= TIGHT)


def _curve(codes: Index, y: Index, values: bool) -> float:
    """Return how much of the target a line, or with many values a curve, along the order of the numbers (N,) tells."""
    x = (codes - codes.mean()) / (codes.std() or 1.0)
    powers = np.stack([x**k for k in range(2 + min(int(codes.max()) // FOR_DEGREE, 2))], axis=1)
    wanted = y[:, None].astype(np.float64) if values else (y[:, None] == np.arange(int(y.max()) + 1)).astype(np.float64)
    fitted = powers @ np.linalg.lstsq(powers, wanted, rcond=None)[0]
    if values:
        return 1 - float(np.square(wanted - fitted).sum() / np.square(wanted - wanted.mean()).sum())
    usual = float(np.bincount(y).max()) / len(y)
    return 1 - float((fitted.argmax(axis=1) != y).mean()) / (1 - usual) if usual < 1 else 0.0


def _disguise(one: Told, others: list[Told]) -> Finding:
    """Return the finding on a column that is the target again."""
    column = column_of(one.name)
    second = max((other for other in others), key=lambda other: other.share, default=None)
    gaps = f", in the {100 * one.present:.0f} % of the rows that have a value" if one.present < 1 else ""
    if one.exact:
        what = "one range of the target" if one.values else "one class of the target"
        told = f"every value of column {quote(column)} belongs to {what}{gaps}"
    else:
        told = f"column {quote(column)} alone tells {_percent(one.share)} of the target{gaps}"
    beside = f", the next best column {_percent(second.share)}" if second is not None else ""
    message = f"{told}{beside}: it may be the target in disguise; without it: leave_out={safe_text(column)}"
    if column != one.name:
        message += f", or hold out the newest rows: --time-on {safe_text(column)}"
    evidence = {"column": column, "told": one.share, "present": one.present, "exact": one.exact}
    evidence |= {"next_best": second.share if second is not None else 0.0}
    return Finding("data-target-in-disguise", "issue", message, evidence)


def _codes(one: Told) -> Finding:
    """Return the finding on a column of numbers that are names."""
    name = safe_text(one.name)
    message = (
        f"column {quote(one.name)} holds whole numbers that tell {_percent(one.share)} of the target as names and "
        f"{_percent(max(one.smooth, 0.0))} as amounts; read it as categories: categories={name}"
    )
    return Finding("data-code-as-number", "tip", message, {"column": one.name, "told": one.share, "smooth": one.smooth})


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %" if share < 0.999 or share == 1 else f"{100 * share:.5g} %"
