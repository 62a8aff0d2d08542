"""The gradients of a network in one message a step, where the processes of a fit take blocks of steps.

DistributedDataParallel sends gradients in buckets while the backward pass still runs, which hides the messages of a
large network, and costs a small one more than it hides. Gradients that fit into one of its buckets are sent here, after
the pass: copied into one flat tensor, weighted by the examples of the process, and summed over all.
"""

from __future__ import annotations

import lightning.pytorch as pl
import torch
from lightning.pytorch.strategies import DDPStrategy, Strategy
from torch import Tensor, distributed, nn

from dl.training.ranks import sends_buffers

LARGEST = 25 << 20  # bytes of the gradients in one message: a bucket of DistributedDataParallel


def fit_in_one_message(strategy: Strategy, network: nn.Module) -> bool:
    """Return whether the gradients of a network go into one message, and no step needs another."""
    size = sum(one.nbytes for one in network.parameters() if one.requires_grad)
    is_sparse = any(getattr(layer, "sparse", False) for layer in network.modules())
    return type(strategy) is DDPStrategy and size <= LARGEST and not is_sparse and not sends_buffers(network)


def take_from(strategy: Strategy, module: pl.LightningModule) -> None:
    """Let training steps reach the module directly; all weights and buffers are those of the first process by now."""
    strategy.model = module


class FlatGradients:
    """Sums gradients over the processes of a fit.

    Args:
        parameters: That are trained, in the same order in all processes; those that are frozen meanwhile are left out.
        world_size: Number of processes; of one alone nothing is summed.
    """

    def __init__(self, parameters: list[nn.Parameter], world_size: int) -> None:
        self.parameters, self.world_size = parameters, world_size
        self.trained: list[nn.Parameter] = []  # those that the flat tensors have
        self.flat: list[Tensor] = []  # (n,) one of each type of numbers
        self.views: list[Tensor] = []  # of each trained parameter, in a flat tensor

    @torch.no_grad()
    def reduce(self, factor: float) -> None:
        """Replace the gradients of this process by their mean over all.

        Args:
            factor: Weight of the loss of this process in the mean over all.
        """
        if self.world_size == 1:
            return
        trained = [one for one in self.parameters if one.requires_grad]
        if list(map(id, trained)) != list(map(id, self.trained)):
            self._make_room(trained)
        found = [torch.zeros_like(one) if one.grad is None else one.grad for one in trained]
        torch._foreach_copy_(self.views, found)
        for flat in self.flat:
            distributed.all_reduce(flat.mul_(factor / self.world_size))
        for one, view in zip(trained, self.views, strict=True):
            one.grad = view

    def _make_room(self, trained: list[nn.Parameter]) -> None:
        """Make the flat tensors, and in them a view for each parameter, laid out in memory as it is."""
        self.trained, self.flat = trained, []
        views: dict[int, Tensor] = {}
        for kind in sorted({one.dtype for one in trained}, key=str):
            alike = [one for one in trained if one.dtype == kind]
            flat = alike[0].new_empty(sum(one.numel() for one in alike))
            parts = flat.split([one.numel() for one in alike])
            views |= {id(one): _laid_out_as(part, one) for one, part in zip(alike, parts, strict=True)}
            self.flat.append(flat)
        self.views = [views[id(one)] for one in trained]


def _laid_out_as(part: Tensor, parameter: Tensor) -> Tensor:
    """Return a part of a flat tensor, (n,), in the shape and the layout of a parameter."""
    is_dense = torch.empty_like(parameter).stride() == parameter.stride()
    return part.as_strided(parameter.shape, parameter.stride()) if is_dense else part.view(parameter.shape)
