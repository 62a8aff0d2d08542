"""An optimizer step: the passes of a batch and the step from its gradients, where dl takes it and not Lightning.

Gradients are summed over all devices within it. Steps of plain networks are recorded (`dl.training.recorded`) and taken
on lists (`dl.training.listed_step`); a user's own step is taken as it is. Letters: ``B`` examples, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from dl.errors import TrainingFailed
from dl.padded import Prepared
from dl.regularizer import Batch
from dl.specs import OwnStep
from dl.training.diagnostics import GradientNormMonitor
from dl.training.flat_gradients import FlatGradients
from dl.training.graphed import are_asked_for, cuda_graph
from dl.training.listed_step import ListedStep
from dl.training.recorded import RecordedStep, go_back
from dl.training.step_loss import StepLoss

FEWEST_RECORDED = 300  # steps of a fit, of which recording one repays


class OptimizerStep:
    """Takes the steps of the optimizers.

    Args:
        loss: Of a batch.
        optimizers: Of which all but the first are for an own step alone.
        gradients: Records norms at the first step of each block.
        flat: Sums gradients over devices.
        clip: The largest norm of the gradients; 0 for any.
        own: Takes the steps in place of these here.
        steps: Of the whole fit.
        may_record: Whether passes may be recorded, as far as this fit goes.
    """

    def __init__(
        self,
        loss: StepLoss,
        optimizers: Sequence[torch.optim.Optimizer],
        gradients: GradientNormMonitor,
        flat: FlatGradients,
        *,
        clip: float,
        own: OwnStep | None,
        steps: int,
        may_record: bool,
    ) -> None:
        self.loss, self.optimizers, self.gradients, self.flat = loss, optimizers, gradients, flat
        self.network, self.regularizers, self.clip, self.own = loss.network, loss.regularizers, clip, own
        self._optimize = ListedStep(optimizers[0])
        kind = gradients.parameters[0].device.type if gradients.parameters else "cpu"
        can_record = kind == "cpu" or (kind == "cuda" and are_asked_for())
        self.recorded = RecordedStep(
            self.network,
            gradients.parameters,
            lambda inputs, targets: loss.all_of(Batch(inputs, targets)),
            is_wanted=may_record and loss.is_plain and can_record and steps >= FEWEST_RECORDED,
            steps=steps,
            capture=cuda_graph if kind == "cuda" else None,
        )
        self.take = self._take if own is None else self._take_own

    def _take(self, batch: Batch, _inputs: Prepared, factor: float, *, first: bool) -> tuple[Tensor, Tensor]:
        """Take one step; return its logits and its loss, detached.

        Args:
            batch: After regularizers.
            _inputs: Before regularizers, which an own step reads.
            factor: Weight of the loss of this device in the mean over all.
            first: Whether it is the first step of a block, at which gradients are recorded.
        """
        logits, loss = self._passes(batch, factor)
        if first:
            self.gradients.record()
        if self.clip:
            nn.utils.clip_grad_norm_(self.network.parameters(), self.clip)
        self._optimize()
        return logits, loss

    def _take_own(self, batch: Batch, inputs: Prepared, _factor: float, *, first: bool) -> tuple[Tensor, Tensor]:
        """Let the user's own step be taken, on one device; return the logits after it, in eval mode, and its loss.

        Raises:
            TrainingFailed: If it returns no loss.
        """
        assert self.own is not None
        loss = self.own.step(self.network, batch, *self.optimizers)
        if not isinstance(loss, Tensor) or loss.numel() != 1:
            raise TrainingFailed(f"training_step returned {type(loss).__name__}, not the loss to show, a scalar tensor")
        if first:
            self.gradients.record()
        with torch.no_grad():
            logits = self.loss.row.reduce_logits(self.network.eval()(inputs), inputs)
        self.network.train()
        return logits, loss.detach().reshape(())

    def _passes(self, batch: Batch, factor: float) -> tuple[Tensor, Tensor]:
        """Take the passes of a step on all devices; return its logits and its loss here, detached."""
        if self.regularizers.act_on_gradients:
            return self._backward_within(batch, factor)[:2]
        if isinstance(batch.inputs, Tensor) and batch.partners is None and batch.clean is None:
            given = self.recorded(batch.inputs, batch.targets)
        else:
            given = self._backward(batch)[:2]
        self.flat.reduce(factor)
        return given

    def _backward(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Run one forward and one backward pass; return as `StepLoss.all_of` does."""
        logits, loss, whole = self.loss.all_of(batch)
        go_back(whole, self.gradients.parameters)
        return logits, loss, whole

    def _backward_within(self, batch: Batch, factor: float) -> tuple[Tensor, Tensor, Tensor]:
        """Run the backward pass with regularizers around it; return logits and losses of the first pass."""
        passes: list[tuple[Tensor, Tensor, Tensor]] = []

        def backward() -> Tensor:
            passes.append(self._backward(batch))
            self.flat.reduce(factor)
            return passes[-1][-1].detach()

        self.regularizers.backward(self.network, backward)()
        return passes[0]
