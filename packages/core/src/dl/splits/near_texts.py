"""Find near copies among texts: those that share a third of their runs of three words, or more.

A text is known by the least hashes of its runs of three words, its sketch; the share of the least hashes of two texts
together that both have estimates how far they resemble each other. Pairs to be compared are neighbours in the list of
the texts that have a hash, so that a phrase which thousands share costs no more than a rare one.
Letters: ``N`` texts, ``W`` words and ``S`` hashes of all texts together, ``K`` hashes of a sketch, ``P`` pairs.
Source: Broder 1997, On the resemblance and containment of documents.
"""

from __future__ import annotations

from functools import cache
from typing import TypeGuard

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import Examples, Index, Subset, without_target
from dl.data.known import known_or_made
from dl.data.ragged import Ragged, concatenate, offsets_of
from dl.errors import BadOption
from dl.finding import Finding
from dl.intervals import wilson
from dl.splits.holdout import components
from dl.words import many
from dl.work import doing

ALIKE = 1 / 3  # of the runs of two texts together that both have, from which they are near copies
FEWEST = 6  # runs of a text, with fewer of which it is known too little
WIDTH = 3  # words of a run
SKETCH = 32  # hashes kept of a text
READ = 1_000
KEPT = 2_000  # texts from which on their pairs are kept in the cache
KIND, FORMAT = "near", 1  # of the entries; the format rises with any change of what is found
MOST = 200_000  # texts that are compared
LEVEL = 0.95  # of the interval of the share
FEW, MANY = 0.01, 0.05  # of the validation texts: a tip where certainly more are near copies, an issue
_BLOCK = 250_000  # bytes at once
_PAIRS = 20_000  # pairs at once
_BITS = np.uint64(40)  # of a hash that are kept, so that it is sorted together with the number of its text
_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that it has an inverse
_INVERSE = np.uint64(pow(int(_BASE), -1, 2**64))
_MIXED = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_TURNS = tuple(np.uint64(turn) for turn in (1, 0xD6E8FEB86659FD93, 0xA5A5A5A5A5A5A5A5))
Hashes = NDArray[np.uint64]


def check_near_texts(train: Subset, val: Subset, leaked: NDArray[np.bool_]) -> list[Finding]:
    """Find validation texts that have a near copy in the training set.

    Args:
        train: The training set.
        val: The validation set.
        leaked: (m,) which validation examples have an exact copy there; they are counted elsewhere.
    """
    if not are_compared(train, val):
        return []
    pairs = near_pairs(concatenate([_texts_of(train), _texts_of(val)]))
    across = pairs[(pairs < len(train)).sum(axis=1) == 1]
    found = np.setdiff1d(across.max(axis=1, initial=0) - len(train), np.flatnonzero(leaked)) if len(across) else across
    share = wilson(len(found), len(val), LEVEL)
    if share.low <= FEW:
        return []
    count = f"{len(found):,} of {many(len(val), 'validation text')}"
    message = (
        f"{count} share a third of their runs of {WIDTH} words or more with a training text: the score is not that of "
        "new ones; keep near copies on one side, with duplicates=near"
    )
    numbers = {"count": len(found), "examined": len(val), "share": len(found) / len(val), "interval": list(share)}
    ids = val.examples.ids[val.index[found[:1000]]].tolist()
    severity = "issue" if share.low > MANY else "tip"
    return [Finding("data-near-duplicates", severity, message, {**numbers, "examples": ids, "option": "duplicates"})]


def are_compared(train: Subset, val: Subset) -> bool:
    """Return whether both sets are texts with targets, few enough to look for near copies among them."""
    sides = (train.examples.inputs, val.examples.inputs)
    return all(map(_are_texts, sides)) and not without_target(train.examples) and len(train) + len(val) <= MOST


def _texts_of(subset: Subset) -> Ragged:
    inputs = subset.examples.inputs
    assert isinstance(inputs, Ragged)
    return inputs[subset.index]


def _are_texts(inputs: object) -> TypeGuard[Ragged]:
    return isinstance(inputs, Ragged) and inputs.values.dtype == np.uint8


def near_groups(examples: Examples) -> Index:
    """Number groups of near copies, (N,), those of copies of copies together.

    Raises:
        BadOption: If the inputs are no texts, or too many.
    """
    inputs = examples.inputs
    if not _are_texts(inputs) or len(examples) > MOST:
        raise BadOption(
            f"duplicates=near: near copies are found among texts, at most {MOST:,} of them; for files use group_on=stem"
        )
    first, second = near_pairs(inputs).T
    return components(first, second, len(examples))


def near_pairs(texts: Ragged) -> Index:
    """Return pairs of near copies, (P, 2), the lower first; of many that are alike enough of them to link all.

    Args:
        texts: (N,) UTF-8.
    """
    if len(texts) < KEPT:
        return _find_pairs(texts)
    made_with = (FORMAT, ALIKE, FEWEST, WIDTH, SKETCH, READ)
    return known_or_made(KIND, made_with, (texts.values, texts.offsets), lambda: _find_pairs(texts))


def _find_pairs(texts: Ragged) -> Index:
    sketches, sizes = _sketches(texts)
    first, second = _candidates(sketches, sizes)
    kept = [
        _resemblance(sketches, first[start : start + _PAIRS], second[start : start + _PAIRS]) >= ALIKE
        for start in range(0, len(first), _PAIRS)
    ]
    chosen = np.concatenate(kept) if kept else np.empty(0, bool)
    return np.stack([first[chosen], second[chosen]], axis=1)


def _sketches(texts: Ragged) -> tuple[Hashes, Index]:
    """Return the least hashes of each text, ascending, (N, K), then the largest number; and how many, (N,)."""
    lengths = np.minimum(texts.lengths, READ)
    ends = np.cumsum(lengths)
    sketches = np.full((len(texts), SKETCH), np.iinfo(np.uint64).max)
    sizes = np.zeros(len(texts), np.int64)
    start = 0
    with doing("guards", len(texts)) as work:
        while start < len(texts):
            done = ends[start - 1] if start else 0
            stop = max(start + 1, int(np.searchsorted(ends, done + _BLOCK)))
            values, within = _beginnings(texts, start, stop, lengths)
            owner, hashes = _runs(values, within)
            _keep_least(sketches[start:stop], sizes[start:stop], owner, hashes)
            start = stop
            work.reach(start)
    return sketches, sizes


def _beginnings(texts: Ragged, start: int, stop: int, lengths: Index) -> tuple[NDArray[np.uint8], Index]:
    """Return the first bytes of some texts, one after the other, and their offsets."""
    offsets = offsets_of(lengths[start:stop])
    pieces = [texts.row(k)[: lengths[k]] for k in range(start, stop)]
    return np.concatenate(pieces).astype(np.uint8, copy=False) if pieces else np.empty(0, np.uint8), offsets


def _runs(values: NDArray[np.uint8], offsets: Index) -> tuple[Index, Hashes]:
    """Return the hash of each run of words, (S,), and the text of each, (S,)."""
    starts, ends, owner = _words(values, offsets)
    if len(starts) < WIDTH:
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    powers, inverse = _powers(_BASE), _powers(_INVERSE)
    lower = np.where((values >= 65) & (values <= 90), values + 32, values).astype(np.uint64)
    sums = np.concatenate([[np.uint64(0)], np.cumsum((lower + np.uint64(1)) * powers[: len(values)])])
    word = _mix((sums[ends] - sums[starts]) * inverse[starts])
    last = len(word) - WIDTH + 1
    runs = _mix(sum((turn * word[k : last + k] for k, turn in enumerate(_TURNS)), np.zeros(last, np.uint64)))
    whole = owner[:last] == owner[WIDTH - 1 :]
    return owner[:last][whole], runs[whole]


@cache
def _powers(base: np.uint64) -> Hashes:
    """Return the powers of a number, from 1 on, modulo 2 to the 64, as many as a block has bytes."""
    return np.cumprod(np.concatenate([[np.uint64(1)], np.full(_BLOCK + READ, base)]))


def _words(values: NDArray[np.uint8], offsets: Index) -> tuple[Index, Index, Index]:
    """Return the start, the end and the text of each word, (W,); a character of scripts without blanks is a word."""
    within = (values >= 128) | ((values >= 48) & (values <= 57)) | ((values | 32 >= 97) & (values | 32 <= 122))
    alone = (values >= 0xE3) & (values <= 0xE9)  # leads of the characters of East Asian scripts
    before = np.concatenate([[False], within[:-1]])
    begins = within & (~before | alone)
    begins[offsets[:-1][offsets[:-1] < len(values)]] |= within[offsets[:-1][offsets[:-1] < len(values)]]
    starts = np.flatnonzero(begins)
    gaps = np.append(np.flatnonzero(~within), len(values))
    nearest = gaps[np.searchsorted(gaps, starts)]
    following = np.append(starts[1:], len(values))
    owner = np.searchsorted(offsets, starts, side="right") - 1
    return starts, np.minimum(np.minimum(nearest, following), offsets[owner + 1]), owner


def _mix(numbers: Hashes) -> Hashes:
    """Spread the bits. Source: Steele, Lea, Flood 2014, SplitMix."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _MIXED[0]
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _MIXED[1]
    return numbers ^ (numbers >> np.uint64(31))


def _keep_least(sketches: Hashes, sizes: Index, owner: Index, hashes: Hashes) -> None:
    """Write the least different hashes of each text, (n, K), and their number, (n,)."""
    keys = np.sort((owner.astype(np.uint64) << _BITS) | (hashes >> (np.uint64(64) - _BITS)))
    keys = keys[np.append(True, keys[1:] != keys[:-1])[: len(keys)]]
    owner, hashes = (keys >> _BITS).astype(np.int64), keys & ((np.uint64(1) << _BITS) - np.uint64(1))
    counts = np.bincount(owner, minlength=len(sizes))
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    kept = rank < SKETCH
    sketches[owner[kept], rank[kept]] = hashes[kept]
    sizes[:] = np.minimum(counts, SKETCH)


def _candidates(sketches: Hashes, sizes: Index) -> tuple[Index, Index]:
    """Return pairs of texts that are neighbours among those with the same hash, at least twice, (P,) each."""
    filled = (np.arange(SKETCH) < sizes[:, None]) & (sizes >= FEWEST)[:, None]
    owner, hashes = np.nonzero(filled)[0], sketches[filled]
    order = np.lexsort((owner, hashes))
    owner, hashes = owner[order], hashes[order]
    same = hashes[1:] == hashes[:-1]
    codes, times = np.unique(owner[:-1][same] * len(sketches) + owner[1:][same], return_counts=True)
    codes = codes[times > 1]
    return codes // len(sketches), codes % len(sketches)


def _resemblance(sketches: Hashes, first: Index, second: Index) -> NDArray[np.float64]:
    """Estimate which share of the runs of two texts together both have, (P,)."""
    both = np.sort(np.concatenate([sketches[first], sketches[second]], axis=1), axis=1)
    real = both < np.iinfo(np.uint64).max
    shared = np.zeros(both.shape, bool)
    shared[:, :-1] = (both[:, 1:] == both[:, :-1]) & real[:, :-1]
    different = real.copy()
    different[:, 1:] &= ~shared[:, :-1]
    counted = different & (np.cumsum(different, axis=1) <= SKETCH)
    shares: NDArray[np.float64] = (shared & counted).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    return shares
