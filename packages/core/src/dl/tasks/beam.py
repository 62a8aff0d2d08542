"""Search the string of the greatest probability over all paths that spell it, among as many strings as a beam is wide.

The most probable path is not always one of the most probable string: many paths spell the same string, and their
probabilities add up.

Source: Graves 2012, Supervised Sequence Labelling, section 7.5.3, prefix search with a beam as in Hannun et al. 2014.
"""

from __future__ import annotations

import math
from collections import defaultdict

import torch
from torch import Tensor

from dl.tasks.edits import END

Prefix = tuple[int, ...]
NEVER = -math.inf


def beam_search(preds: Tensor, width: int) -> Tensor:
    """Return the most probable string of each example, (N, T + 1), ended by -1.

    Args:
        preds: (N, T, K) probabilities; class 0 is the blank.
        width: Number of strings that are kept at each step.
    """
    found = torch.full((len(preds), preds.shape[1] + 1), END)
    for row, shares in enumerate(preds.double().clamp_min(1e-300).log().tolist()):
        string = _search(shares, width)
        found[row, : len(string)] = torch.tensor(string, dtype=torch.int64)
    return found


def _search(steps: list[list[float]], width: int) -> Prefix:
    """Return the best string of one example from the logarithms (T, K) of its probabilities."""
    beams: dict[Prefix, tuple[float, float]] = {(): (0.0, NEVER)}  # of paths that end in a blank, and that do not
    for shares in steps:
        likely = sorted(range(1, len(shares)), key=shares.__getitem__, reverse=True)[:width]
        grown: dict[Prefix, list[float]] = defaultdict(lambda: [NEVER, NEVER])
        for prefix, (blank, other) in beams.items():
            both, last = _add(blank, other), prefix[-1] if prefix else END
            _join(grown[prefix], both + shares[0], other + shares[last + 1] if prefix else NEVER)
            for number in likely:
                before = blank if number - 1 == last else both
                _join(grown[(*prefix, number - 1)], NEVER, before + shares[number])
        best = sorted(grown.items(), key=lambda item: _add(*item[1]), reverse=True)[:width]
        beams = {prefix: (blank, other) for prefix, (blank, other) in best}
    return max(beams, key=lambda prefix: _add(*beams[prefix]))


def _join(sums: list[float], blank: float, other: float) -> None:
    """Add the probabilities of further paths to those of a string."""
    sums[0], sums[1] = _add(sums[0], blank), _add(sums[1], other)


def _add(first: float, second: float) -> float:
    """Return the logarithm of the sum of two probabilities."""
    low, high = sorted((first, second))
    return high if low == NEVER else high + math.log1p(math.exp(low - high))
