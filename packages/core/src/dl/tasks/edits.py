"""Edit distances between strings of numbers, many at once.

Letters: ``N`` pairs, ``A`` and ``B`` the longest strings of either side. Strings end at the first -1.
"""

from __future__ import annotations

import torch
from torch import Tensor

END = -1  # after the last number of a string, up to the width of its row


def lengths(strings: Tensor) -> Tensor:
    """Return the length of each string (N, A), (N,)."""
    return (strings != END).sum(dim=1)


def edit_distance(found: Tensor, wanted: Tensor) -> Tensor:
    """Count the insertions, deletions and substitutions that turn one string into the other, (N,) int64.

    Source: Wagner and Fischer 1974, a row of the table at a time; insertions along a row as a running minimum.

    Args:
        found: (N, A) strings, ended by -1.
        wanted: (N, B) strings, ended by -1.
    """
    found = found[:, : int(lengths(found).max())] if len(found) else found
    place = torch.arange(wanted.shape[1] + 1, device=wanted.device)
    row = place.expand(len(wanted), -1)
    for number in found.unbind(dim=1):
        by_pair = row[:, :-1] + (number[:, None] != wanted)
        best = torch.cat([row[:, :1] + 1, torch.minimum(by_pair, row[:, 1:] + 1)], dim=1)
        best = (best - place).cummin(dim=1).values + place
        row = torch.where((number != END)[:, None], best, row)
    return row.gather(1, lengths(wanted)[:, None]).squeeze(1)
