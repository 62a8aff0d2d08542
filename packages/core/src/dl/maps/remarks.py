"""What stands out on a map, a line each: clusters, classes that are cut, lone examples and copies; only beyond chance.

Letters: ``n`` examples on the map, ``N`` in the data.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples
from dl.data.ragged import Ragged
from dl.maps.agreement import crossed
from dl.maps.alone import find_alone
from dl.maps.example_map import CLASS, Colouring, Remark
from dl.maps.valleys import FEWEST, LEVEL, find_clusters, part
from dl.splits.copies import example_keys
from dl.splits.leakage import duplicate_groups
from dl.splits.near_texts import near_pairs
from dl.terminal import safe_text
from dl.words import many

CUT = 0.1  # share of a class, and of what is left of it, from which a cluster cuts it
MOST_TEXTS = 20_000  # that near copies are looked for among
NAMED = 3  # examples in a line
LISTED = 8  # sizes in a line
PURE = 0.7  # share of one class, from which a cluster is that class
MOST_CUT = 5  # lines on classes or clusters

Floats = NDArray[np.float64]
Index = NDArray[np.int64]


def distinct(points: Floats) -> tuple[Index, Index]:
    """Return the first of each group of equal points, and of all points the number of their group, (n,)."""
    _, first, numbers = np.unique(points.round(9), axis=0, return_index=True, return_inverse=True)
    return first, numbers.reshape(-1)


def cluster(points: Floats, copies: Floats, seed: int) -> Index:
    """Number the clusters of points, (n,), that stand apart; copies count once.

    Args:
        points: (n, P) where columns of few values are spread.
        copies: (n, P) where copies are equal.
        seed: Of the search.
    """
    first, numbers = distinct(copies)
    found = find_clusters(points[first], seed)[numbers]
    order = np.argsort(-np.bincount(found), kind="stable")
    return np.argsort(order)[found]


def remark_all(
    points: Floats, copies: Floats, clusters: Index, colouring: Colouring, sources: Sequence[str], seed: int
) -> list[Remark]:
    """Return what stands out among the examples on the map.

    Args:
        points: As for `cluster`.
        copies: Likewise.
        clusters: (n,) as `cluster` numbers them.
        colouring: Of the examples.
        sources: (n,) their names.
        seed: Of the search.
    """
    found = list(_on_clusters(clusters))
    if colouring.by == CLASS:
        cutting = _cutting(clusters, colouring.numbers)
        found += _on_no_class(clusters, colouring, cutting)
        found += _on_classes(points, copies, clusters, colouring, cutting, seed)
    first, _ = distinct(copies)
    alone = find_alone(copies[first])
    if len(alone.rows):
        rows = first[alone.rows]
        named = [
            f"{safe_text(sources[row], 60)} ({times:.1f} times)"
            for row, times in list(zip(rows, alone.times, strict=True))[:NAMED]
        ]
        more = ", ..." if len(rows) > NAMED else ""
        count = f"{many(len(rows), 'lone example')}, by the distance to the third neighbour against the median"
        found.append(Remark("lone", f"{count}: {', '.join(named)}{more}", tuple(rows.tolist())))
    return found


def _on_clusters(clusters: Index) -> Iterator[Remark]:
    """Yield the sizes of the clusters, if there are several."""
    sizes = np.bincount(clusters)
    if len(sizes) > 1:
        listed = ", ".join(f"{size:,}" for size in sizes[:LISTED]) + (", ..." if len(sizes) > LISTED else "")
        words = f"{len(sizes)} clusters stand apart, of {listed} examples"
        words += ": between any two the density falls by half or more"
        yield Remark("clusters", words)


def _cutting(clusters: Index, classes: Index) -> dict[int, list[tuple[int, float]]]:
    """Return the clusters that are no class, with the classes that each cuts and the shares of these in it.

    It cuts two classes or more, they are at least half of it, and none is most of it.
    """
    counts = crossed(clusters, classes)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    found = {}
    for number, row in enumerate(shares) if len(counts) > 1 else ():
        cut = np.flatnonzero((row >= CUT) & (row <= 1 - CUT) & (counts[number] >= FEWEST // 2))
        if (
            len(cut) > 1
            and counts[number].max() < PURE * counts[number].sum()
            and 2 * counts[number, cut].sum() >= counts[number].sum()
        ):
            found[number] = [(int(one), float(row[one])) for one in cut[np.argsort(-row[cut], kind="stable")]]
    return found


def _on_no_class(
    clusters: Index, colouring: Colouring, cutting: dict[int, list[tuple[int, float]]]
) -> Iterator[Remark]:
    sizes = np.bincount(clusters)
    if cutting and len(cutting) == len(sizes) > 2:
        yield Remark("no-class", f"none of the {len(sizes)} clusters is a class: each holds parts of several")
        return
    for number, cut in list(cutting.items())[:MOST_CUT]:
        parts = ", ".join(f"{100 * share:.0f} % of {_name(colouring, one)}" for one, share in cut[:NAMED])
        more = ", ..." if len(cut) > NAMED else ""
        words = f"a cluster of {sizes[number]:,} is no class: it holds {parts}{more}"
        yield Remark("no-class", words, tuple(np.flatnonzero(clusters == number).tolist()))


def _on_classes(
    points: Floats,
    copies: Floats,
    clusters: Index,
    colouring: Colouring,
    cutting: dict[int, list[tuple[int, float]]],
    seed: int,
) -> Iterator[Remark]:
    """Yield the classes whose own examples are several clusters, unless clusters of all classes cut them."""
    first, _ = distinct(copies)
    classes = colouring.numbers[first]
    large = [number for number in range(len(colouring.names)) if np.count_nonzero(classes == number) >= 4 * FEWEST]
    explained = {one for cut in cutting.values() for one, _ in cut}
    rng = np.random.default_rng([seed, 0xC2])
    for number in [one for one in large if one not in explained]:
        rows = first[classes == number]
        parts = part(points[rows], rng, LEVEL / len(large))
        if parts.max() > 0:
            shares = sorted(np.bincount(parts) / len(parts), reverse=True)
            words = f"class {_name(colouring, number)} is {len(shares)} clusters, of "
            words += f"{', '.join(f'{100 * one:.0f} %' for one in shares)} of its {len(rows):,} examples"
            smaller = rows[parts == int(np.bincount(parts).argmin())]
            yield Remark("split-class", words, tuple(smaller.tolist()))


def _name(colouring: Colouring, number: int) -> str:
    return safe_text(colouring.names[number], 40)


def remark_copies(examples: Examples) -> Iterator[Remark]:
    """Yield how many of all examples, (N,), repeat another one, bit for bit, and how many texts nearly do."""
    n, groups = len(examples), duplicate_groups(example_keys(examples))
    repeated = n - 1 - int(groups.max(initial=-1))
    if repeated:
        sizes = np.bincount(groups)
        largest = np.flatnonzero(groups == int(sizes.argmax()))
        names = " and ".join(safe_text(examples.source(int(row)), 60) for row in largest[:2])
        yield Remark("copies", f"{repeated:,} of {n:,} examples repeat another one, bit for bit, as {names}")
    inputs = examples.inputs
    if isinstance(inputs, Ragged) and inputs.values.dtype == np.uint8 and 1 < n <= MOST_TEXTS:
        pairs = near_pairs(inputs)
        pairs = pairs[groups[pairs[:, 0]] != groups[pairs[:, 1]]]
        if len(pairs):
            names = " and ".join(safe_text(examples.source(int(row)), 60) for row in pairs[0])
            count = f"{len(np.unique(pairs)):,} of {n:,} texts share a third of their runs of three words or more"
            yield Remark("near-copies", f"{count} with another one, as {names}")
