"""Ranks: the processes of one fit, connected before anything is read, so that what one has prepared serves all.

ranks = join(devices)
ranks.share(setup if ranks.first else None)
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins import ClusterEnvironment
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import distributed, nn

from dl.errors import BadDevices, ProcessLost
from dl.launch import is_started_elsewhere
from dl.training.devices import Devices, quiet_lightning
from dl.training.linear import linear_path
from dl.training.norms import running_norms
from dl.words import many

# Whose code talks to the other processes of a fit.
OF_RANKS = (Path(torch.__file__).parent, Path(str(lightning.__file__)).parent, Path(__file__).parents[1])
LOST_LINE = "another process of this fit has ended, or cannot be reached; its own messages tell why"
PATIENCE = timedelta(days=1)  # how long the others wait while one reads and prepares the data
GONE = re.compile("connection (closed|reset|refused)|broken pipe|remote process exited|socket.*timed? ?out", re.I)


@dataclass(frozen=True)
class Ranks:
    """The processes of a fit.

    Args:
        rank: Of this process.
        world_size: Number of processes.
        group: Connects them on the host, beside the connection of the devices; None for one process.
    """

    rank: int = 0
    world_size: int = 1
    group: Any = None  # Any: torch has no public type for it

    @property
    def first(self) -> bool:
        """Whether this process alone prepares, prints and writes."""
        return self.rank == 0

    def share(self, value: Any) -> Any:  # Any: plain values and arrays
        """Return the value of the first process to all."""
        if self.world_size == 1:
            return value
        box = [value]
        with reaching_others():
            distributed.broadcast_object_list(box, src=0, group=self.group)
        return box[0]

    def largest(self, *values: int) -> tuple[int, ...]:
        """Return the largest of each value over all processes."""
        if self.world_size == 1:
            return values
        numbers = torch.tensor(values, dtype=torch.int64)
        with reaching_others():
            distributed.all_reduce(numbers, distributed.ReduceOp.MAX, group=self.group)
        return tuple(int(number) for number in numbers)

    def leave(self) -> None:
        """Close the connections: at exit, their threads may abort the program."""
        if self.world_size > 1 and distributed.is_initialized():
            distributed.destroy_process_group()


ALONE = Ranks()


def join(devices: Devices) -> Ranks:
    """Connect the processes of a fit, which something has started: dl itself, torchrun, srun, or a script.

    A script that calls `dl.fit` is run again by Lightning once training starts; then nothing is shared before.

    Raises:
        BadDevices: If other processes were started than asked for.
        ProcessLost: If one of them ends meanwhile.
    """
    trainer = devices.trainer(1, [])
    _check_started(trainer.world_size)
    environment = getattr(trainer.strategy, "cluster_environment", None)
    if trainer.world_size == 1 or not isinstance(environment, ClusterEnvironment):
        return ALONE
    if trainer.num_devices > 1 and not environment.creates_processes_externally:
        return ALONE
    try:
        environment.validate_settings(num_devices=trainer.num_devices, num_nodes=trainer.num_nodes)
    except ValueError as error:
        raise BadDevices(f"lightning refuses these devices: {' '.join(str(error).split())}") from error
    with reaching_others(), quiet_lightning():
        trainer.strategy.setup_environment()
        return connect()


def _check_started(wanted: int) -> None:
    """Refuse a number of processes, started by torchrun or srun, other than that of the devices.

    Raises:
        BadDevices: With the flag that fits.
    """
    if not is_started_elsewhere(os.environ):
        return
    count = next((os.environ[name] for name in ("WORLD_SIZE", "SLURM_NTASKS") if name in os.environ), "")
    if count.isdecimal() and int(count) != wanted:
        raise BadDevices(
            f"{many(int(count), 'process', 'processes')} of this fit were started, but --devices and --num-nodes ask "
            f"for {wanted}; give the devices of one machine as --devices, and the machines as --num-nodes"
        )


def connect() -> Ranks:
    """Connect the processes on the host, once torch has connected them; one process alone is connected to none."""
    if not (distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1):
        return ALONE
    group = distributed.new_group(backend="gloo", timeout=PATIENCE)
    return Ranks(distributed.get_rank(), distributed.get_world_size(), group)


def spare_messages(strategy: Strategy, network: nn.Module) -> None:
    """Let the processes of a fit send gradients alone, in each step one message less.

    Statistics of norms and the linear path do not act on a step: they are made alike before they are scored with. Other
    buffers, as of a network of the user's own, are sent before each step.
    """
    if isinstance(strategy, DDPStrategy):
        acting = sends_buffers(network)
        strategy._ddp_kwargs.update(broadcast_buffers=acting, gradient_as_bucket_view=True)  # it has no other door


def sends_buffers(network: nn.Module) -> bool:
    """Return whether a network has buffers that act on a step, which are sent before it."""
    idle = {id(one) for layer in running_norms(network) for one in layer.buffers()}
    path = linear_path(network)
    idle |= {id(one) for one in path.buffers()} if path is not None else set()
    return any(id(one) not in idle for one in network.buffers())


def make_buffers_alike(network: nn.Module) -> None:
    """Give all processes the buffers of the first; all call it."""
    with reaching_others(), torch.no_grad():
        for one in network.buffers():
            distributed.broadcast(one, src=0)


@contextmanager
def reaching_others() -> Iterator[None]:
    """Inside this context turn the loss of a connection into one line.

    Raises:
        ProcessLost: For an error of the connection between the processes.
    """
    try:
        yield
    except Exception as error:
        if is_lost_connection(error):
            raise ProcessLost(LOST_LINE) from error
        raise


def is_lost_connection(error: BaseException) -> bool:
    """Return whether an error is that of a connection to a process of the fit that has ended.

    A network or a plugin may lose a connection of its own, in the same words: there the process itself is to blame.
    """
    kinds = (distributed.DistBackendError, distributed.DistNetworkError, ConnectionError, socket.timeout)
    worded = isinstance(error, kinds) or (isinstance(error, RuntimeError) and bool(GONE.search(str(error))))
    return worded and _is_raised_in(error, OF_RANKS)


def _is_raised_in(error: BaseException, folders: Iterable[Path]) -> bool:
    """Return whether the last Python code before an error lies in one of some folders, as far as it is known."""
    step = error.__traceback__
    while step is not None and step.tb_next is not None:
        step = step.tb_next
    place = "" if step is None else step.tb_frame.f_code.co_filename
    return not place or any(Path(place).is_relative_to(folder) for folder in folders)
