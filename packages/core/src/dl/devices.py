"""Devices: what is passed on to Lightning's Trainer, checked against this machine so that a mistake is one line."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.utilities import rank_zero_only

from dl.checkpoint import DurableCheckpoints
from dl.errors import BadDevices

BLOCK_PRECISIONS = ("32-true", "32", "bf16-mixed", "bf16-true", "64-true", "64")  # the others scale their gradients


def is_first_device() -> bool:
    """Return whether this process is the one that writes and speaks; true where there is only one."""
    return getattr(rank_zero_only, "rank", 0) in (0, None)


@dataclass(frozen=True)
class Devices:
    """Where and in which number type to train; the words are Lightning's.

    Args:
        accelerator: ``auto``, ``cpu``, ``gpu``, ...
        devices: How many, or ``auto``: one on a CPU, all of an accelerator.
        strategy: ``auto``, ``ddp``, ``fsdp``, ...
        precision: ``32-true``, ``bf16-mixed``, ...
        num_nodes: Machines.
        max_time: Longest training time, ``DD:HH:MM:SS``; empty for no limit.
    """

    accelerator: str = "auto"
    devices: str = "auto"
    strategy: str = "auto"
    precision: str = "32-true"
    num_nodes: int = 1
    max_time: str = ""

    def trainer(self, **rest: Any) -> pl.Trainer:  # Any: further arguments of Lightning's Trainer
        """Make the Trainer.

        Raises:
            BadDevices: If this machine does not have what was asked for.
        """
        self._check_count()
        given = asdict(self) | {"max_time": self.max_time or None}
        count = int(self.devices) if self.devices.lstrip("-").isdigit() else self.devices
        try:
            return pl.Trainer(**given | {"devices": count}, plugins=[DurableCheckpoints()], **rest)
        except (MisconfigurationException, ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise BadDevices(f"lightning refuses these devices: {reason}") from error

    @property
    def takes_blocks(self) -> bool:
        """Whether the number type lets many optimizer steps run inside one step of Lightning."""
        return self.precision in BLOCK_PRECISIONS

    def _check_count(self) -> None:
        if not self.devices.isdigit():
            return
        wanted, cpus, gpus = int(self.devices), os.cpu_count() or 1, torch.cuda.device_count()
        if self.accelerator == "cpu" or (self.accelerator == "auto" and not torch.cuda.is_available()):
            if wanted > cpus:
                raise BadDevices(f"--devices {wanted}: this machine has {cpus} CPU cores  try: --devices {cpus}")
        elif self.accelerator in ("gpu", "cuda") and wanted > gpus:
            raise BadDevices(f"--devices {wanted}: this machine has {gpus} GPUs  see: dl doctor")
        if wanted < 1:
            raise BadDevices("--devices 0: training needs at least one device")
