"""What a run answered on its validation examples, as it kept it.

Letters: ``n`` validation examples, ``K`` logits.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dl import sealed
from dl.errors import DamagedRun
from dl.groups import Groups
from dl.runs.outcomes import read_arrays, read_logits
from dl.runs.run import Run

NONE_KEPT = "the run keeps no answers on validation examples"


@dataclass(frozen=True)
class Kept:
    """The validation examples of a run after its best epoch, without those that are in the training set as well.

    Args:
        logits: (n, K) float32.
        targets: (n, ...) as stored.
        groups: Of the examples; None where they are independent.
    """

    logits: Tensor
    targets: NDArray[np.generic]
    groups: Groups | None

    def __len__(self) -> int:
        return len(self.logits)


def read_kept(run: Run) -> Kept | None:
    """Read the validation examples of a run; None where it keeps none.

    Raises:
        DamagedRun: If the files do not fit each other.
    """
    folder = run.outcomes_folder
    if not all(sealed.exists(folder / name) for name in ("examples.npz", "best.npz")):
        return None
    logits, examples = read_logits(folder, "best"), read_arrays(folder / "examples.npz")
    targets = examples["val_targets"]
    if len(targets) != len(logits):
        raise DamagedRun(f"{folder} holds {len(logits)} answers to {len(targets)} validation examples")
    flat = logits.reshape(len(logits), -1)
    chosen = np.isfinite(flat).all(axis=1)
    if "val_leaked" in examples:
        chosen &= ~examples["val_leaked"].astype(np.bool_)
    if not chosen.any():
        return None
    numbers = examples.get("val_groups")
    groups = None if numbers is None else Groups.of(numbers[chosen])
    return Kept(torch.from_numpy(logits[chosen].astype(np.float32)), targets[chosen], groups)
