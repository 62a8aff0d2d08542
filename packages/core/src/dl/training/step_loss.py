"""The loss of a training step: from a batch, after regularizers, to logits and the loss of which gradients are taken.

Letters: ``B`` examples of a batch, ``K`` outputs.
"""

from __future__ import annotations

from torch import Tensor, nn

from dl.regularizer import Batch
from dl.tasks.task import TaskKind
from dl.training.regularizers import Regularizers

KNOWN_LOSSES = ("dl.tasks.", "torch.")  # where losses lie that depend on logits and targets alone


class StepLoss:
    """Computes the loss of training steps.

    Args:
        network: Maps prepared inputs to logits (B, K).
        row: Of the task table: its loss, that of training if it differs, and how logits are reduced.
        regularizers: Of which some change the loss, or add a penalty to it.
    """

    def __init__(self, network: nn.Module, row: TaskKind, regularizers: Regularizers) -> None:
        self.network, self.row, self.regularizers = network, row, regularizers
        self.loss = regularizers.loss(row.train_loss(network) if row.train_loss else row.loss)

    @property
    def is_plain(self) -> bool:
        """Whether it depends on logits and targets alone."""
        row = self.row
        known = all(getattr(one, "__module__", "").startswith(KNOWN_LOSSES) for one in (row.loss, row.reduce_logits))
        return known and row.train_loss is None and not row.heads and not self.regularizers.act_on_losses

    def of(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return the logits of a batch (B, K), after regularizers, and its mean loss without penalties."""
        logits = self.row.reduce_logits(self.network(batch.inputs), batch.truth)
        return logits, batch.loss(self.loss, logits)

    def shown(self, loss: Tensor, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the loss of a step that is shown: as it is scored, where that of the step weighs it otherwise."""
        return self.row.loss(logits, targets, "mean") if self.row.train_loss else loss.detach()

    def with_penalties(self, loss: Tensor) -> Tensor:
        """Return a loss with the penalties of regularizers added."""
        penalty = self.regularizers.penalty(self.network)
        return loss if penalty is None else loss + penalty

    def all_of(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Run one forward pass; return its logits and the loss that is shown, detached, and its loss with penalties."""
        logits, loss = self.of(batch)
        return logits.detach(), self.shown(loss, logits.detach(), batch.targets), self.with_penalties(loss)
