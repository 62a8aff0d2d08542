"""Learn which byte pairs to merge, from the different runs of a training set and how often each occurs.

The most frequent pair is merged first, ties in the order of their tokens, to the merges that the trainer of the
`tokenizers` library finds: it is given every text, and here each different run is counted once. After a merge only the
pairs beside it are counted anew.
Letters: ``s`` bytes of all different runs, ``m`` places of one merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from dl.data.ragged import Ragged

GONE = -1  # no neighbour, and no token any more

Places = NDArray[np.int64]
Pair = tuple[int, int]


@dataclass
class _Chains:
    """The tokens of all runs in chains.

    Args:
        tokens: (s,) of each place; `GONE` where it was merged into the one before.
        after: (s,) next place of the run.
        before: (s,) likewise.
        counts: (s,) occurrences of the run.
    """

    tokens: Places
    after: Places
    before: Places
    counts: Places

    @classmethod
    def of(cls, runs: Ragged, counts: Places, tokens: Places) -> _Chains:
        places = np.arange(len(tokens))
        after, before = places + 1, places - 1
        after[runs.offsets[1:] - 1], before[runs.offsets[:-1]] = GONE, GONE
        return cls(tokens, after, before, np.repeat(counts, runs.lengths))

    def places_of(self, left: int, right: int, candidates: Places) -> Places:
        """Return where a pair is now, (m,) ascending, from left to right where it overlaps with itself."""
        at: Places = np.unique(candidates)
        at = at[(self.tokens[at] == left) & (self.after[at] != GONE)]
        at = at[self.tokens[self.after[at]] == right]
        if left == right and len(at) > 1:
            chained = np.append(False, self.after[at[:-1]] == at[1:])
            first = np.maximum.accumulate(np.where(chained, 0, np.arange(len(at))))
            at = at[(np.arange(len(at)) - first) % 2 == 0]
        return at


@dataclass
class _Pairs:
    """Counts and places of all pairs of tokens, and a heap of the most frequent.

    Args:
        most: Length of a token, in bytes, that is too long.
    """

    most: int
    lengths: list[int]
    counts: dict[Pair, int] = field(default_factory=dict)
    places: dict[Pair, list[Places]] = field(default_factory=dict)
    heap: list[tuple[int, Pair]] = field(default_factory=list)

    def add(self, left: Places, right: Places, counts: Places, places: Places) -> None:
        """Count pairs that came into being, but those that are too long."""
        for pair, chosen, count in _grouped(left, right, counts):
            if self.lengths[pair[0]] + self.lengths[pair[1]] < self.most:
                self.counts[pair] = self.counts.get(pair, 0) + count
                self.places.setdefault(pair, []).append(places[chosen])
                heappush(self.heap, (-self.counts[pair], pair))

    def drop(self, left: Places, right: Places, counts: Places) -> None:
        """Count pairs that went."""
        for pair, _, count in _grouped(left, right, counts):
            self.counts[pair] = self.counts.get(pair, 0) - count

    def pop(self) -> Pair | None:
        """Return the most frequent pair; None where none is left."""
        while self.heap:
            count, pair = heappop(self.heap)
            if self.counts[pair] == -count:
                return pair if count < 0 else None
            if pair in self.places and self.counts[pair] > 0:
                heappush(self.heap, (-self.counts[pair], pair))
        return None


def _grouped(left: Places, right: Places, counts: Places) -> Iterator[tuple[Pair, Places, int]]:
    """Yield each different pair, where it is among the given ones, and the sum of their counts."""
    if not len(left):
        return
    keys = left << 32 | right
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
    sums = np.add.reduceat(counts[order], starts).tolist()
    ends = [*starts[1:].tolist(), len(keys)]
    for key, start, end, count in zip(keys[starts].tolist(), starts.tolist(), ends, sums, strict=True):
        yield (key >> 32, key & 0xFFFFFFFF), order[start:end], count


def learn_merges(
    runs: Ragged, counts: Places, alphabet: Sequence[str], spelled: NDArray[np.int64], size: int, longest: int
) -> tuple[list[str], list[tuple[str, str]]]:
    """Return at most ``size`` tokens, the alphabet first, and the merges in their order.

    Args:
        runs: The different runs, as bytes.
        counts: Occurrences of each.
        alphabet: The spellings of all bytes, in the order of their numbers.
        spelled: (256,) the number of each byte in it.
        size: Most tokens.
        longest: Bytes of a token, from which it is too long.
    """
    tokens, numbers, merges = list(alphabet), {token: k for k, token in enumerate(alphabet)}, list[tuple[str, str]]()
    chains = _Chains.of(runs, counts, spelled[runs.values])
    pairs = _Pairs(longest, [1] * len(tokens))
    first = np.flatnonzero(chains.after != GONE)
    pairs.add(chains.tokens[first], chains.tokens[first + 1], chains.counts[first], first)
    heapify(pairs.heap)
    while len(tokens) < size and (pair := pairs.pop()) is not None:
        left, right = pair
        name = tokens[left] + tokens[right]
        merges.append((tokens[left], tokens[right]))
        if name not in numbers:
            numbers[name] = len(tokens)
            tokens.append(name)
            pairs.lengths.append(pairs.lengths[left] + pairs.lengths[right])
        candidates = np.concatenate(pairs.places.pop(pair))
        _merge_everywhere(chains, pairs, pair, chains.places_of(left, right, candidates), numbers[name])
    return tokens, merges


def _merge_everywhere(chains: _Chains, pairs: _Pairs, pair: Pair, at: Places, token: int) -> None:
    """Merge a pair at these places, and count the pairs beside it anew."""
    gone, counts = chains.after[at], chains.counts[at]
    beyond, before = chains.after[gone], chains.before[at]
    chains.tokens[gone] = GONE
    ends, begins = beyond == GONE, before == GONE
    alone = ~begins & (chains.tokens[before] != GONE)  # the pair before is not that after another merge
    left = np.full(len(at), pair[0])
    right = np.full(len(at), pair[1])
    pairs.drop(chains.tokens[before[alone]], left[alone], counts[alone])
    pairs.drop(right[~ends], chains.tokens[beyond[~ends]], counts[~ends])
    chains.tokens[at] = token
    chains.after[at] = beyond
    chains.before[beyond[~ends]] = at[~ends]
    new = np.full(len(at), token)
    kept, rest = at[~ends], beyond[~ends]
    both = (
        np.concatenate([chains.tokens[before[alone]], new[~ends]]),
        np.concatenate([new[alone], chains.tokens[rest]]),
        np.concatenate([counts[alone], counts[~ends]]),
        np.concatenate([before[alone], kept]),
    )
    pairs.add(*both)
