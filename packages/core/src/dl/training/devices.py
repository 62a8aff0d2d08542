"""Devices: the arguments of Lightning's Trainer, checked against this machine so that a mistake is one line."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace

import lightning.pytorch as pl
import torch
from lightning.fabric.plugins import ClusterEnvironment
from lightning.fabric.plugins.environments.slurm import SLURMEnvironment
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.accelerators import CUDAAccelerator
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.utilities import rank_zero_only

from dl.errors import BadDevices
from dl.launch import MOST_PER_CORE
from dl.limits import as_clock, parse_time
from dl.training.checkpoint import DurableCheckpoints
from dl.training.sharded import NAME as FSDP
from dl.training.sharded import Sharded

BLOCK_PRECISIONS = ("32-true", "32", "bf16-mixed", "bf16-true", "64-true", "64")  # the others scale their gradients
AUTO = "auto"
LONGEST_COUNT = 9  # digits
VISIBLE = "CUDA_VISIBLE_DEVICES"  # the environment variable that names the GPUs of a process


def is_first_device() -> bool:
    """Return whether this process has rank 0, which alone writes and prints."""
    return getattr(rank_zero_only, "rank", 0) in (0, None)


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Inside this context silence Lightning's advice and warnings about itself; errors pass."""
    loggers = [logging.getLogger(name) for name in ("lightning.pytorch", "lightning.fabric")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning, module="lightning")
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="lightning")
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")  # a frozen body
        try:
            for logger in loggers:
                logger.setLevel(logging.ERROR)
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def one_by_one(count: int, visible: str) -> tuple[dict[str, str], ...]:
    """Return the environment variables that show one GPU each, for so many GPUs.

    Args:
        count: Of the GPUs that are used.
        visible: Names of those that this process sees, comma-separated; empty for all of the machine.
    """
    names = [name.strip() for name in visible.split(",") if name.strip()] or [str(k) for k in range(count)]
    return tuple({VISIBLE: name} for name in names[:count])


def fastest_precision(accelerator: str) -> str:
    """Return ``bf16-mixed`` on a GPU that computes in it, else ``32-true``.

    Args:
        accelerator: As it is asked for.
    """
    on_gpu = accelerator in ("auto", "gpu", "cuda") and torch.cuda.is_available()
    return "bf16-mixed" if on_gpu and torch.cuda.is_bf16_supported(including_emulation=False) else "32-true"


@dataclass(frozen=True)
class Devices:
    """The hardware and the precision of a fit, in Lightning's terms.

    Args:
        accelerator: ``auto``, ``cpu``, ``gpu``, ...
        devices: Number of devices, or ``auto``: one on a CPU, all of an accelerator.
        strategy: ``auto``, ``ddp``, ``fsdp``, ...
        precision: ``32-true``, ``bf16-mixed``, ...; ``auto`` becomes the fastest that keeps the range of 32 bits.
        num_nodes: Number of machines.
        max_time: Stop training after this time: ``20m``, ``1h30m``, ``DD:HH:MM:SS``; empty for no limit.
    """

    accelerator: str = "auto"
    devices: str = "auto"
    strategy: str = "auto"
    precision: str = "32-true"
    num_nodes: int = 1
    max_time: str = ""

    def __post_init__(self) -> None:
        """Let ``auto`` be the precision that it stands for on this machine, which the run keeps."""
        if self.precision == AUTO:
            object.__setattr__(self, "precision", fastest_precision(self.accelerator))

    def count_here(self) -> int:
        """Return the number of devices of this machine that are used.

        Raises:
            BadDevices: As `trainer`.
        """
        self.check()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.trainer(1, []).num_devices

    def check(self) -> None:
        """Refuse hardware that this machine lacks, before anything is read or written.

        Raises:
            BadDevices: As `trainer`.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # shown once, when the real Trainer is built
            self.trainer(1, [])

    def need_one(self, fitted: str, hint: str = "") -> None:
        """Refuse hardware that this machine lacks, and several devices, where fits are made one after the other.

        Args:
            fitted: What is made, for the message: ``folds are fitted``.
            hint: What to do, behind it.

        Raises:
            BadDevices: As `trainer`; for several devices.
        """
        self.check()
        if (world := self.trainer(1, []).world_size) > 1:
            raise BadDevices(f"{fitted} one after the other on one device, not {world}{hint}")

    @property
    def alone(self) -> Devices:
        """One of these devices, for a process that fits there by itself."""
        return replace(self, devices="1", strategy="auto")

    def each_alone(self) -> tuple[dict[str, str], ...]:
        """Return for each device the environment variables with which a process sees it alone; none for parts of a CPU.

        Raises:
            BadDevices: As `trainer`; for several machines.
        """
        self.check()
        trainer = self.trainer(1, [])
        if self.num_nodes > 1:
            raise BadDevices("folds share the devices of one machine; leave num_nodes= out")
        if not isinstance(trainer.accelerator, CUDAAccelerator):
            return ({},) * trainer.num_devices
        return one_by_one(trainer.num_devices, os.environ.get(VISIBLE, ""))

    def trainer(self, epochs: int, callbacks: Sequence[Callback]) -> pl.Trainer:
        """Build the Trainer: Lightning's loops and strategies, with dl's own checkpoints, progress and stopping.

        Raises:
            BadDevices: If this machine lacks the requested hardware.
        """
        self._check_count()
        given = asdict(self) | {"max_time": as_clock(parse_time(self.max_time)) if self.max_time else None}
        try:
            count = int(self.devices) if self.devices.isdecimal() else self.devices
            given["strategy"] = Sharded() if self.strategy == FSDP else self.strategy
            with quiet_lightning():
                return pl.Trainer(
                    **given | {"devices": count},
                    max_epochs=epochs,
                    callbacks=list(callbacks),
                    plugins=[DurableCheckpoints(), *_cluster()],
                    logger=False,
                    enable_checkpointing=False,
                    enable_progress_bar=False,
                    enable_model_summary=False,
                    num_sanity_val_steps=0,
                    use_distributed_sampler=False,
                )
        except (MisconfigurationException, ValueError, TypeError, OverflowError, RuntimeError, ImportError) as error:
            reason = " ".join(str(error).split())
            raise BadDevices(f"lightning refuses these devices: {reason}") from error

    @property
    def supports_blocks(self) -> bool:
        """Whether the precision allows several optimizer steps inside one step of Lightning."""
        return self.precision in BLOCK_PRECISIONS and self.strategy != FSDP

    def _check_count(self) -> None:
        if not self.devices.isdecimal() or len(self.devices) > LONGEST_COUNT:
            return
        wanted, cpus, gpus = int(self.devices), os.cpu_count() or 1, torch.cuda.device_count()
        if self.accelerator == "cpu" or (self.accelerator == "auto" and not torch.cuda.is_available()):
            if wanted > MOST_PER_CORE * cpus:
                raise BadDevices(f"--devices {wanted}: this machine has {cpus} CPU cores  try: --devices {cpus}")
        elif self.accelerator in ("gpu", "cuda") and wanted > gpus:
            raise BadDevices(f"--devices {wanted}: this machine has {gpus} GPUs  see: dl doctor")
        if wanted < 1:
            raise BadDevices("--devices 0: training needs at least one device")


def _cluster() -> list[ClusterEnvironment]:
    """Return the environment of a job of SLURM, which its own job file puts back into the queue, not Lightning."""
    if TorchElasticEnvironment.detect() or not SLURMEnvironment.detect():
        return []
    return [SLURMEnvironment(auto_requeue=False)]
