"""Sharded training, FSDP: each process keeps a share of the weights, the gradients and the optimizer's state.

``--strategy fsdp`` is torch's ``fully_shard`` through Lightning's `ModelParallelStrategy`, on GPUs and on CPUs, which
Lightning's own `FSDPStrategy` refuses. A layer has all of its weights only while it computes. Checkpoints and the file
of weights hold whole tensors, so that one device, or another number of them, reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import ModelParallelStrategy
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim import Optimizer

from dl.errors import BadDevices
from dl.padded import Prepared
from dl.tasks.task import TaskKind
from dl.training.regularizers import Regularizers

NAME = "fsdp"
ON_WEIGHTS = ("penalty", "gradients", "after_step", "scored_with")  # functions of a regularizer that read weights


class Sharded(ModelParallelStrategy):
    """Lightning's strategy, with whole tensors in dl's own checkpoints."""

    def __init__(self) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False)

    def setup_environment(self) -> None:
        """Connect the processes; once there is a module, also lay out the mesh over all of them."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        if self.lightning_module is None:
            self._setup_distributed()
        else:
            super().setup_environment()

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:  # Any: as torch keeps it
        """Return the state of whole tensors, on the first process; before the first step there is none.

        To ask torch for it then would take a step without gradients, which leaves a momentum of the decay of weights.
        """
        return super().optimizer_state(optimizer) if optimizer.state else optimizer.state_dict()

    @property
    def restore_checkpoint_after_setup(self) -> bool:
        """No: like any other strategy, weights are restored before optimizers are made, and their state after."""
        return False

    @property
    def lightning_restore_optimizer(self) -> bool:
        """Yes: by `load_optimizer_state_dict`."""
        return True

    def load_checkpoint(self, checkpoint_path: str | Path, weights_only: bool | None = None) -> dict[str, Any]:
        """Read a checkpoint of whole tensors, written on any number of devices. Any: Lightning's own state."""
        return dict(self.checkpoint_io.load_checkpoint(checkpoint_path))

    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        """Share out the weights of a checkpoint. Any: Lightning's own state."""
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_model_state_dict

        assert self.lightning_module is not None
        set_model_state_dict(
            self.lightning_module, checkpoint["state_dict"], options=StateDictOptions(full_state_dict=True)
        )

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Share out the states of the optimizers of a checkpoint. Any: Lightning's own state."""
        from torch.distributed.checkpoint.state_dict import StateDictOptions, set_optimizer_state_dict
        from torch.distributed.fsdp import FullyShardedDataParallel, OptimStateKeyType

        assert self.model is not None
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            if state["state"]:
                named = FullyShardedDataParallel.rekey_optim_state_dict(state, OptimStateKeyType.PARAM_NAME, self.model)
                set_optimizer_state_dict(self.model, optimizer, named, options=StateDictOptions(full_state_dict=True))


def need_shardable(strategy: str, regularizers: Regularizers, row: TaskKind) -> None:
    """Refuse what reads whole weights where each process has a share of them.

    Raises:
        BadDevices: Naming it.
    """
    if strategy != NAME:
        return
    for name, one in regularizers.by_name.items():
        if any(getattr(one, function) for function in ON_WEIGHTS):
            why = f"{name} reads whole weights, of which each device has a share"
            raise BadDevices(f"--strategy {NAME}: {why}  try: --reg {name}=off")
    if row.own_parameters:
        raise BadDevices(
            f"--strategy {NAME}: the loss of the task {row.name} learns weights of its own  try: --strategy ddp"
        )


def shard(network: nn.Module, mesh: Any) -> None:  # Any: torch's mesh of devices
    """Share the weights of each layer out, and those of the network that lie in no layer; all begin as the first."""
    from torch.distributed import broadcast
    from torch.distributed.fsdp import fully_shard

    for tensor in (*network.parameters(), *network.buffers()):
        broadcast(tensor.data, src=0)
    for layer in _layers(network):
        fully_shard(layer, mesh=mesh)
    fully_shard(network, mesh=mesh)


def _layers(network: nn.Module) -> Iterator[nn.Module]:
    """Yield the largest parts that are called as a whole and have weights."""
    for child in network.children():
        if isinstance(child, nn.Sequential | nn.ModuleList | nn.ModuleDict):
            yield from _layers(child)
        elif any(True for _ in child.parameters()):
            yield child


def is_sharded(network: nn.Module) -> bool:
    """Return whether each process has a share of the weights of the network."""
    return any(isinstance(one, DTensor) for one in network.parameters())


def whole(tensor: Tensor) -> Tensor:
    """Return a tensor put together from all processes, which all call this; another tensor unchanged."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def nothing_of(network: nn.Module) -> Tensor:
    """Return zero as a loss of all weights, of which each process has all or a share: its gradients are zero."""
    weights = (one.to_local() if isinstance(one, DTensor) else one for one in network.parameters())
    return torch.stack([0 * one.sum() for one in weights if one.requires_grad]).sum()


def gather_weights(network: nn.Module, *, keep: bool) -> dict[str, Tensor]:
    """Gather the weights of a sharded network, tensor by tensor, on the CPU of the processes that keep them.

    Args:
        network: Sharded; all processes call this.
        keep: Whether this process keeps them; the others get nothing.
    """
    found = {}
    for name, tensor in network.state_dict().items():
        one = whole(tensor)
        if keep:
            found[name] = one.detach().cpu().contiguous().clone()
    return found


def mesh_of(module: pl.LightningModule) -> Any | None:  # Any: torch's mesh of devices
    """Return the devices over which the weights are to be shared out; None for any other strategy."""
    mesh = getattr(module, "_device_mesh", None)
    return None if mesh is None else mesh["data_parallel"]


def fill_up(network: nn.Module, passes: int, most: int, example: Prepared) -> None:
    """Compute as many forward passes as any other process: each of them needs the shares of all.

    Args:
        network: Sharded.
        passes: Of this process so far.
        most: Of any process.
        example: A batch of prepared inputs.
    """
    with torch.no_grad():
        for _ in range(most - passes):
            network(example)
