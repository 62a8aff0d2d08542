"""The LightningModule of a fit: how a block of steps is taken, and how a part is scored.

On one device a training step of Lightning is a block of many optimizer steps: one gather and one preprocessing for all
of them, no logging, and sums that stay on the device until the epoch ends. With several devices it is one optimizer
step.
Letters: ``n`` positions, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Index
from dl.domain import Preprocessor
from dl.errors import TrainingFailed
from dl.options import Value
from dl.padded import Padded
from dl.regularizer import Batch, Prepared
from dl.runs.outcomes import PARTS, Scored
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard, TrainBatchSampler, batch_sizes
from dl.training.diagnostics import (
    WATCHED_BATCHES,
    DeadUnitMonitor,
    GradientNormMonitor,
    penultimate,
    pool_tokens,
    project,
)
from dl.training.optimizers import make_optimizer, make_schedule
from dl.training.regularizers import Regularizers
from dl.training.scoring import Running, merge, score

BLOCK_STEPS = 64
BLOCK_BYTES = 64 << 20  # of stored inputs in one block, at most
SAVED = "dl"  # under which name the checkpoint has what Lightning does not know of


@dataclass(frozen=True)
class FitParts:
    """What is trained on and scored: a data set for each source of examples, and the positions of each split in it.

    Args:
        train_data: Of the training examples.
        val_data: Of the validation examples; the same where they were held out of those.
        train: (n,) positions of the training set.
        val: (n,) positions of the validation set.
        probe: (n,) positions of the probe, in the training data.
        unknown: Of ``training`` and ``validation``: (n,) which examples hold nothing that the preprocessor knows.
    """

    train_data: DeviceDataset
    val_data: DeviceDataset
    train: Index
    val: Index
    probe: Index
    unknown: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)


class FitModule(pl.LightningModule):
    """A network with its preprocessor and task, trained by index.

    Args:
        network: Prepared inputs -> logits (N, K).
        preprocessor: Stored inputs -> prepared inputs.
        task: Loss, scores and metrics.
        parts: What is trained on and scored.
        train: The recipe's training options.
        seed: Of the order of epochs, and of what regularizers draw.
        regularizers: What is done in training steps alone.
        stop: Says at each step whether a signal asked to stop.
        blocks: Whether one step of Lightning is a block of optimizer steps.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocessor: Preprocessor,
        task: Task,
        parts: FitParts,
        train: Mapping[str, Value],
        seed: int,
        regularizers: Regularizers,
        stop: Callable[[], bool],
        *,
        blocks: bool,
    ) -> None:
        super().__init__()
        self.network, self.preprocessor, self.task = network, preprocessor, task
        self.parts, self.train_options, self.seed = parts, train, seed
        self._scoring = ExitStack()
        self.regularizers, self.train_loss = regularizers, regularizers.loss(task.row.loss)
        self.stop = stop
        self.automatic_optimization = not blocks
        self.running = Running()
        self.scored: dict[str, Scored] = {}
        self.metrics: dict[str, dict[str, float]] = {}
        self.train_means = (float("nan"), float("nan"))
        self.steps_done = 0
        self._pending: list[list[tuple[Tensor, Tensor]]] = [[] for _ in PARTS]
        self._unchecked: list[tuple[int, Tensor, Tensor]] = []
        self._saved: dict[str, Any] = {}  # of the checkpoint that the fit goes on from. Any: as torch.save takes it
        self.gradients, self.units = GradientNormMonitor(network), DeadUnitMonitor(network)

    def setup(self, stage: str) -> None:
        """Make the orders, now that the number of devices is known."""
        self.share = Shard(self.global_rank, self.trainer.world_size)
        batch = int(self.train_options["batch_size"])
        feed = self.parts.train_data
        most = max(1, min(BLOCK_STEPS, BLOCK_BYTES // (feed.row_bytes * batch)))
        steps = 1 if self.automatic_optimization else most
        self.order = TrainBatchSampler(self.parts.train, batch, self.seed, self.share, steps, feed.lengths)

    def train_dataloader(self) -> TrainBatchSampler:
        """Return the positions of each block or batch."""
        return self.order

    def val_dataloader(self) -> list[EvalBatchSampler]:
        """Return the positions of the validation part and of the probe."""
        val, probe = self.parts.val_data.lengths, self.parts.train_data.lengths
        eval_batch_size = self.task.row.eval_batch_size
        return [
            EvalBatchSampler(self.parts.val, self.share, val, eval_batch_size),
            EvalBatchSampler(self.parts.probe, self.share, probe, eval_batch_size),
        ]

    def on_fit_start(self) -> None:
        """Move the data to the device, where it fits; what regularizers draw and remember is there, too."""
        self.generator = torch.Generator(self.device)
        if self._saved:
            self._go_on(move_data_to_device(self._saved, self.device))
        self.parts.train_data.to(self.device)
        if self.parts.val_data is not self.parts.train_data:
            self.parts.val_data.to(self.device)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Make the optimizer and the schedule that the recipe names."""
        self.optimizer = make_optimizer(self.network, self.train_options)
        total = self.order.steps * int(self.train_options["epochs"])
        self.schedule = make_schedule(self.optimizer, self.train_options, total)
        if self.schedule is None or not self.automatic_optimization:
            return self.optimizer
        return {"optimizer": self.optimizer, "lr_scheduler": {"scheduler": self.schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # Any: Lightning's own state
        """Add what Lightning does not know: what regularizers remember, and the schedule where steps come in blocks."""
        checkpoint[SAVED] = {"steps_done": self.steps_done, "regularizers": self.regularizers.state_dict()}
        if self.schedule is not None and not self.automatic_optimization:
            checkpoint[SAVED]["schedule"] = self.schedule.state_dict()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # Any: Lightning's own state
        """Keep it until device and schedule are there."""
        self._saved = checkpoint[SAVED]

    def _go_on(self, saved: Mapping[str, Any]) -> None:  # Any: as it was saved
        self.steps_done = saved["steps_done"]
        self.regularizers.load_state_dict(saved["regularizers"])
        if self.schedule is not None and "schedule" in saved:
            self.schedule.load_state_dict(saved["schedule"])

    def on_train_epoch_start(self) -> None:
        """Make what regularizers and dropout draw a function of (seed, epoch, device), as the order of the epoch is.

        So each device drops something else, and an epoch draws the same whether or not the fit was resumed before it.
        """
        rng = np.random.default_rng([self.seed, self.current_epoch, self.share.rank, 0x9E6])
        self.generator.manual_seed(int(rng.integers(1 << 63)))
        torch.manual_seed(int(rng.integers(1 << 63)))

    def on_validation_start(self) -> None:
        """Let the network be scored as the regularizers want it, until it is kept."""
        self._scoring.enter_context(self.regularizers.scored_with(self.network))

    def on_validation_end(self) -> None:
        """Go back to the weights that are trained; the callbacks have kept the scored ones by now."""
        self._scoring.close()

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """Do what follows an optimizer step, where Lightning takes the steps."""
        if self.automatic_optimization:
            self.regularizers.after_step(self.network)

    def prepared(self, inputs: Tensor | Padded) -> Prepared:
        """Prepare stored inputs; numbers in the network's number type."""
        found: Prepared = self.preprocessor(inputs)
        return found.to(self.dtype) if isinstance(found, Tensor) else found

    def training_step(self, batch: tuple[Tensor, float], batch_idx: int) -> Tensor | None:
        """Take one optimizer step through Lightning, or a block of them directly."""
        positions, factor = batch
        if not self.automatic_optimization:
            self._train_block(positions)
            return None
        inputs, targets = self.parts.train_data.take(positions)
        logits, loss = self._loss(self.prepared(inputs), targets)
        counted = len(positions) if factor else 0  # of a device that only takes part, nothing counts
        self._count(loss.detach()[None], [counted], logits.detach()[:counted], targets[:counted], positions)
        return self._with_penalties(loss) * factor

    def _loss(self, inputs: Prepared, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits of a training batch (B, K), and its mean loss without penalties."""
        batch = self.regularizers.batch(Batch(inputs, self._as_loss_reads(targets)), self.generator)
        logits = self.task.row.reduce_logits(
            self.network(batch.inputs), inputs
        )  # tokens to tell are those that were there
        return logits, batch.loss(self.train_loss, logits)

    def _with_penalties(self, loss: Tensor) -> Tensor:
        penalty = self.regularizers.penalty(self.network)
        return loss if penalty is None else loss + penalty

    def _batches(self, positions: Tensor, sizes: list[int]) -> Iterator[tuple[Prepared, Tensor]]:
        """Give the prepared inputs and the targets of consecutive batches: by one gather where all rows are alike."""
        feed = self.parts.train_data
        if not feed.is_ragged:
            inputs, targets = feed.take(positions)
            yield from zip(self.prepared(inputs).split(sizes), targets.split(sizes), strict=True)  # type: ignore[union-attr]  # like rows are a tensor
            return
        for batch in positions.split(sizes):
            inputs, targets = feed.take(batch)
            yield self.prepared(inputs), targets

    def _train_block(self, positions: Tensor) -> None:
        """Take one optimizer step for each batch of a block."""
        network, optimizer, schedule = self.network, self.optimizer, self.schedule
        clip, sizes = float(self.train_options["clip"]), batch_sizes(len(positions), self.order.batch_size)
        parameters = self.gradients.parameters
        losses: list[Tensor] = []
        outputs: list[Tensor] = []
        targets: list[Tensor] = []
        for batch, target in self._batches(positions, sizes):
            logits, loss = self._loss(batch, target)
            for parameter in parameters:  # as optimizer.zero_grad, without its bookkeeping
                parameter.grad = None
            self._with_penalties(loss).backward()
            if not losses:
                self.gradients.note()
            if clip:
                nn.utils.clip_grad_norm_(network.parameters(), clip)
            optimizer.step()
            self.regularizers.after_step(network)
            if schedule is not None:
                schedule.step()
            losses.append(loss.detach())
            outputs.append(logits.detach())
            targets.append(target)
            if self.stop():
                break
        self._count(torch.stack(losses), sizes[: len(losses)], torch.cat(outputs), torch.cat(targets), positions)

    def _as_loss_reads(self, targets: Tensor) -> Tensor:
        return targets.to(self.dtype) if targets.is_floating_point() else targets

    def _count(self, losses: Tensor, sizes: Sequence[int], logits: Tensor, targets: Tensor, positions: Tensor) -> None:
        """Add to the running sums; where a step of Lightning is a block, look at its losses now."""
        self._unchecked.append((self.steps_done, losses, positions))
        self.steps_done += len(losses)
        self.running.add(losses, sizes, self.task.example_scores(logits, targets))
        if not self.automatic_optimization:
            self.check_losses(everywhere=lambda bad: bad)

    def check_losses(self, everywhere: Callable[[bool], bool]) -> None:
        """Look at the losses since the last look; reading them waits for the device, so it is not done at each step.

        Args:
            everywhere: Whether this is so on any device; all devices must stop together.

        Raises:
            TrainingFailed: Naming the step, the first examples of its batch, and what to try.
        """
        recent, self._unchecked = self._unchecked, []
        bad = [entry for entry in recent if not bool(torch.isfinite(entry[1]).all())]
        if not everywhere(bool(bad)):
            return
        lr = float(self.train_options["lr"])
        kept = "the weights of the best epoch are kept" if self.current_epoch else "no epoch was finished"
        try_this = f"{kept}  try: lr={lr / 10:g} or clip=1"
        if not bad:
            raise TrainingFailed(f"the loss on another device is not a number; {try_this}")
        before, losses, positions = bad[0]
        first = int(torch.nonzero(~torch.isfinite(losses))[0])
        of_batch = positions[first * self.order.batch_size :][:5].cpu().numpy()
        shown = ", ".join(f"#{number}" for number in self.parts.train_data.ids[of_batch])
        raise TrainingFailed(
            f"the loss is {float(losses[first])} at step {before + first + 1} (epoch {self.current_epoch + 1}, "
            f"examples {shown}, …); {try_this}"
        )

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip as the recipe says, where Lightning takes the steps."""
        if clip := float(self.train_options["clip"]):
            self.clip_gradients(optimizer, gradient_clip_val=clip, gradient_clip_algorithm="norm")

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Note the gradient now and then, where Lightning takes the steps."""
        if (self.steps_done - 1) % self.order.steps % BLOCK_STEPS == 0:
            self.gradients.note()

    def validation_step(self, positions: Tensor, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Keep the logits of one batch of a part."""
        feed = self.parts.val_data if dataloader_idx == 0 else self.parts.train_data
        inputs, _ = feed.take(positions)
        watched = dataloader_idx == 0 and batch_idx < WATCHED_BATCHES
        with self.units.watching() if watched else nullcontext():
            prepared = self.prepared(inputs)
            logits = self.task.row.reduce_logits(self.network(prepared), prepared).float()
        self._pending[dataloader_idx].append((positions, logits))

    def on_validation_epoch_end(self) -> None:
        """Merge each part over all devices by position, and score it; read the sums of the training steps."""
        self.train_means = self.running.means(self._over_devices)
        for part, pending, feed, expected in zip(
            PARTS,
            self._pending,
            (self.parts.val_data, self.parts.train_data),
            (self.parts.val, self.parts.probe),
            strict=True,
        ):
            logits = merge(pending, expected, self.share, self.all_gather)
            positions = torch.from_numpy(expected).to(feed.targets.device)
            targets = feed.targets.index_select(0, positions).to(logits.device)
            self.scored[part] = score(self.task, logits, targets)
            self.metrics[part] = self.task.metrics(logits, targets)
            pending.clear()

    def val_answers(self) -> np.ndarray | None:
        """Return the task's answers to the validation part as it was scored last, (n, ...), small enough to keep."""
        answers = self.task.answers(torch.from_numpy(self.scored["val"].logits))
        return (
            None
            if answers is None
            else answers.to(torch.float32 if answers.is_floating_point() else torch.int32).numpy()
        )

    def _over_devices(self, values: Tensor) -> Tensor:
        return values if self.share.world == 1 else self.all_gather(values).sum(dim=0)  # type: ignore[union-attr]

    def features(self, part: str, rows: Index) -> dict[str, np.ndarray]:
        """Return features of some rows of a part, each (n, F) float32.

        Under the part's name what the last layer reads; under ``<part>_inputs`` the prepared inputs, which know nothing
        of what the network has memorized.
        """
        is_val = part == "val"
        feed = self.parts.val_data if is_val else self.parts.train_data
        positions = (self.parts.val if is_val else self.parts.probe)[rows]
        lengths = None if feed.lengths is None else feed.lengths[positions]
        order = EvalBatchSampler(np.arange(len(rows)), Shard(), lengths, self.task.row.eval_batch_size)
        was_training, inputs = self.training, []
        self.eval()
        scoring = self.regularizers.scored_with(self.network)
        with torch.inference_mode(), scoring, penultimate(self.network) as kept:
            for batch in order:
                prepared = self.prepared(feed.take(torch.from_numpy(positions)[batch].to(self.device))[0])
                inputs.append(project(self.preprocessor.flatten(prepared)))
                self.network(prepared)
                if kept:
                    kept[-1] = project(pool_tokens(kept[-1], prepared))
        self.train(was_training)
        found = {part: kept, f"{part}_inputs": inputs}
        back = np.argsort(order.mine)
        return {name: torch.cat(batches).numpy()[back] for name, batches in found.items() if batches}
