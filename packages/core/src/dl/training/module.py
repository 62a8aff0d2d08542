"""The LightningModule of a fit: training steps and scoring.

A training step of Lightning is a block of many optimizer steps: one gather and one preprocessing for all of them, no
logging, and sums that stay on the device until the epoch ends. Several devices sum their gradients in each of them.
Where Lightning has to take the steps - gradients of many bytes, weights that are shared out, a scaled loss - it is one.
Letters: ``n`` positions, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import numpy as np
import torch
from lightning.fabric.utilities import move_data_to_device
from lightning.pytorch.core.optimizer import LightningOptimizer
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn

from dl.data.examples import Index, Inputs
from dl.data.queries import QUERY
from dl.domain import Preprocessor
from dl.errors import BadRun
from dl.options import Value
from dl.padded import Prepared, in_precision
from dl.recipes.recipe import BLOCKS, SHUFFLE
from dl.regularizer import WORD, Batch
from dl.runs.outcomes import PARTS
from dl.specs import OwnStep
from dl.tasks.task import Task
from dl.training.batches import DeviceDataset, EvalBatchSampler, Shard, TrainBatchSampler
from dl.training.checkpoint import copy_weights, load_weights
from dl.training.closure import closure_within
from dl.training.diagnostics import WATCHED_BATCHES, DeadUnitMonitor, GradientNormMonitor, features_of
from dl.training.epoch_state import EpochState
from dl.training.fit_data import FitData
from dl.training.flat_gradients import FlatGradients, take_from
from dl.training.layout import AS_BUILT, laid_out, lay_out
from dl.training.linear import few_enough, linear_path, mix, solve
from dl.training.loss_check import LossCheck
from dl.training.norms import FEW_STEPS, batches_of, recompute_statistics, running_norms
from dl.training.optimizer_step import OptimizerStep
from dl.training.optimizers import MakeOptimizer, make_optimizer, own_optimizer, own_optimizers
from dl.training.ranks import make_buffers_alike, spare_messages
from dl.training.regularizers import Regularizers
from dl.training.schedules import Schedules
from dl.training.scoring import RunningMeans, SubsetScores
from dl.training.sharded import fill_up, gather_weights, mesh_of, nothing_of, shard
from dl.training.state import Block, Resumed, Saved, Stateful, of_all_devices, parts_of_all
from dl.training.step_loss import StepLoss
from dl.words import many

BLOCK_STEPS = 64
BLOCK_BYTES = 64 << 20  # of stored inputs in one block, at most
SAVED = "dl"  # key of dl's own state in the checkpoint


class FitModule(pl.LightningModule):
    """A network with its preprocessor and task, trained on batches of positions.

    Args:
        network: Maps prepared inputs to logits (N, K).
        preprocessor: Maps stored inputs to prepared inputs.
        task: Loss, scores and metrics.
        data: The data and the positions of its subsets.
        train: The recipe's training options.
        seed: Of the batches, and of the regularizers' random draws.
        regularizers: Applied in training steps only.
        stop: Returns after a step whether the fit ends there, by a signal; asked on all devices alike.
        blocks: Whether one step of Lightning is a block of optimizer steps.
        make_own: Builds the user's own optimizer from the trainable parameters; None takes the recipe's.
        goes_on: Whether the network has the weights of a run, and its linear path is not solved anew.
        own_step: Takes the steps of the optimizers, in blocks alone; None for the step here.
        beside: What else belongs to the state of the fit, by name.
        after_step: Called after each optimizer step with the module.
        resumed: What is known of the run that is continued; None for a new fit.
        layout: Of feature maps in memory, as `dl.training.layout` has it.
    """

    def __init__(
        self,
        network: nn.Module,
        preprocessor: Preprocessor,
        task: Task,
        data: FitData,
        train: Mapping[str, Value],
        seed: int,
        regularizers: Regularizers,
        stop: Callable[[FitModule], bool],
        *,
        blocks: bool,
        make_own: MakeOptimizer | None = None,
        goes_on: bool = False,
        own_step: OwnStep | None = None,
        beside: Mapping[str, Stateful] | None = None,
        after_step: Callable[[FitModule], None] = lambda _module: None,
        resumed: Resumed | None = None,
        layout: str = AS_BUILT,
    ) -> None:
        super().__init__()
        lay_out(network, layout)
        self.network, self.preprocessor, self.task = network, preprocessor, task
        self.data, self.train_options, self.seed = data, train, seed
        self._scoring = ExitStack()
        self.regularizers, self.step_loss = regularizers, StepLoss(network, task.row, regularizers)
        self._stop, self.make_own, self.goes_on, self.own_step = stop, make_own, goes_on, own_step
        self.beside, self.after_step, self.resumed, self.layout = beside or {}, after_step, resumed, layout
        self.automatic_optimization = not blocks
        self.running, self.subsets = RunningMeans(), SubsetScores(task, data)
        self.train_means = (float("nan"), float("nan"))
        self.steps_done, self.is_scored = 0, False  # whether the newest step is scored
        self.losses = LossCheck(data.train_data.ids, float(train["lr"]))
        self.made: list[torch.optim.Optimizer] = []
        self._drawn: Batch | None = None  # of the step that Lightning is taking
        self._saved: Saved = {}  # dl's state in the checkpoint to resume from
        self.ids: Tensor | None = None  # (N,) of the training examples, where regularizers change batches
        self.gaps, self.branches = preprocessor.gaps, preprocessor.branches
        self.linear_path, self.linear_share = linear_path(network), dict[str, float]()
        self.gradients, self.units = GradientNormMonitor(network), DeadUnitMonitor(network)
        self.is_sharded = False

    def setup(self, stage: str) -> None:
        """Build the sampler, once the number of devices is known."""
        self.shard = Shard(self.global_rank, self.trainer.world_size)
        spare_messages(self.trainer.strategy, self.network)
        batch = int(self.train_options["batch_size"])
        data = self.data.train_data
        most = max(1, min(BLOCK_STEPS, BLOCK_BYTES // (data.row_bytes * batch)))
        steps = 1 if self.automatic_optimization else most
        chances = self.regularizers.chances(data.targets[torch.from_numpy(self.data.train).to(data.targets.device)])
        self.sampler = TrainBatchSampler(
            self.data.train, batch, self.seed, self.shard, steps, data.lengths, chances=chances, queries=self._queries()
        )
        if self.train_options.get(SHUFFLE) == BLOCKS:
            self.sampler.rows_per_block, self.sampler.ahead = data.rows_per_block, data.read_ahead

    def _queries(self) -> Index | None:
        """Return the numbers of the queries of all rows, (N,); None where rows are no part of one."""
        return self.data.train_data.targets[:, QUERY].cpu().numpy() if self.task.row.by_query else None

    def configure_model(self) -> None:
        """Share the weights out, if each device is to have its share of them."""
        mesh = mesh_of(self)
        if mesh is not None and not self.is_sharded:
            shard(self.network, mesh)
            self.is_sharded, self.gradients = True, GradientNormMonitor(self.network)

    def train_dataloader(self) -> TrainBatchSampler:
        """Return the sampler of training batches."""
        return self.sampler

    def val_dataloader(self) -> list[EvalBatchSampler]:
        """Return the samplers of the validation set and the probe."""
        most, subsets = self.task.row.eval_batch_size, map(self.data.scored, PARTS)
        return [
            EvalBatchSampler(positions, self.shard, data.lengths, data.eval_batch_size(most))
            for data, positions in subsets
        ]

    def on_fit_start(self) -> None:
        """Move the data to the device if it fits, and restore the state of regularizers and schedule there."""
        self.epoch_state = EpochState(self.running, self.gradients, self.shard, self.device)
        if self.regularizers.act_on_batches:
            self.ids = torch.from_numpy(np.asarray(self.data.train_data.ids, np.int64)).to(self.device)
        if self._saved:
            self._resume(self._saved)
        self.data.train_data.to(self.device)
        if self.data.val_data is not self.data.train_data:
            self.data.val_data.to(self.device)
        self._solve_linear_path()
        self.step = self._make_step()
        if self.shard.world_size > 1 and not self.automatic_optimization:
            take_from(self.trainer.strategy, self)

    def _make_step(self) -> OptimizerStep:
        return OptimizerStep(
            self.step_loss,
            self.made,
            self.gradients,
            FlatGradients(self.gradients.parameters, self.shard.world_size),
            clip=float(self.train_options["clip"]),
            own=self.own_step,
            steps=self.total_steps,
            may_record=not str(self.trainer.precision).endswith("mixed"),  # autocast is entered by Lightning's steps
        )

    def stops(self) -> bool:
        """Return whether the fit ends after the newest step, by a signal; all devices call it at the same steps."""
        return self._stop(self)

    def _solve_linear_path(self) -> None:
        """Solve the linear path of the network, if it has one, on the training set."""
        if self.linear_path is not None and not self.goes_on and not self._saved:
            queries = self._queries()
            positions = few_enough(self.data.train, self.linear_path.linear.weight.shape[1], queries)
            inputs, targets = self._at(self.data.train_data, positions)
            numbers = None if queries is None else torch.from_numpy(queries[positions])
            solve(self.linear_path.linear, inputs, targets, self.task.row.loss, numbers)

    def _at(self, data: DeviceDataset, positions: Index) -> tuple[Tensor, Tensor]:
        """Return prepared inputs of one shape, and their targets."""
        inputs, targets = data.take(torch.from_numpy(positions).to(self.device))
        prepared = self.prepared(inputs)
        assert isinstance(prepared, Tensor)
        return prepared, targets

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Build the recipe's optimizer and schedule, or those of the user's own training step."""
        self.made = self._make_optimizers()
        self.schedules = Schedules(self.made, self.train_options, self.total_steps)
        return self.made

    def _make_optimizers(self) -> list[torch.optim.Optimizer]:
        if self.own_step is not None and (made := own_optimizers(self.own_step, self.network)):
            return made
        if self.make_own is not None:
            return [own_optimizer(self.make_own, self.network)]
        return [make_optimizer(self.network, self.train_options)]

    @property
    def total_steps(self) -> int:
        """Number of optimizer steps of the whole fit."""
        return self.sampler.steps * int(self.train_options["epochs"])

    @property
    def epoch_and_step(self) -> tuple[int, int]:
        """The epoch that the fit stands in, from 0, and how many of its steps are taken: all, until it is scored."""
        epoch, step = divmod(self.steps_done, self.sampler.steps)
        return (epoch - 1, self.sampler.steps) if epoch and not step and not self.is_scored else (epoch, step)

    @property
    def step_in_epoch(self) -> int:
        """How many steps of the epoch are taken."""
        return self.epoch_and_step[1]

    def pay_back_in_words(self) -> str:
        """Return what a graph of the passes costs and saves; empty without one."""
        return "" if self.step.recorded.pay_back is None else self.step.recorded.pay_back.in_words()

    def losses_are_finite(self) -> bool:
        """Return whether the losses that were not checked yet are numbers."""
        of_block = self.epoch_state.block.losses
        return self.losses.are_finite() and all(bool(torch.isfinite(loss)) for loss in of_block)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # Any: Lightning's own state
        """Add dl's own state, in place of the progress of Lightning's loops and the states of its callbacks."""
        for name in ("loops", "callbacks"):
            checkpoint.pop(name, None)
        checkpoint[SAVED] = {
            "steps_done": self.steps_done,
            "is_scored": self.is_scored,
            "steps_per_epoch": self.sampler.steps,
            "world_size": self.shard.world_size,
            "regularizers": self.regularizers.state_dict(),
            "schedules": self.schedules.states(),
            "devices": self._states_in_epoch() if self.step_in_epoch else [],
            "beside": parts_of_all(self.beside),
        }

    def _states_in_epoch(self) -> list[Saved]:
        """Return what the middle of an epoch needs, of each device."""
        return of_all_devices(self.epoch_state.state_dict(), self.shard.world_size)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:  # Any: Lightning's own state
        """Remember dl's own state until `on_fit_start`, and take the type of the weights before these are restored."""
        self._saved = checkpoint[SAVED]
        self.trainer.precision_plugin.convert_module(self)  # Lightning would do so after them, rounding 64 bits to 32

    def _resume(self, saved: Saved) -> None:
        """Restore dl's own state.

        Raises:
            BadRun: If an epoch has another number of steps now.
        """
        if saved["steps_per_epoch"] != self.sampler.steps:
            raise BadRun(f"an epoch has {self.sampler.steps} steps, and had {saved['steps_per_epoch']}; fit it anew")
        devices = saved["world_size"]
        if devices != self.shard.world_size and not (self.resumed and self.resumed.accepts):
            now = many(self.shard.world_size, "device")
            raise BadRun(f"the run had {many(devices, 'device')}, not {now}  go on nevertheless: --accept-changes")
        self.steps_done, self.is_scored = saved["steps_done"], saved["is_scored"]
        self.regularizers.load_state_dict(move_data_to_device(saved["regularizers"], self.device))
        self.schedules.restore(saved["schedules"])
        epoch, self.sampler.taken = self.epoch_and_step
        self.sampler.set_epoch(epoch)
        if saved["devices"]:
            step = self.sampler.taken
            done = step % self.sampler.steps_per_block if step < self.sampler.steps else 0
            self.epoch_state.restore(saved["devices"], done, self.task.example_scores)
        for name, part in self.beside.items():
            part.load_state_dict(saved["beside"][name])

    def on_train_start(self) -> None:
        """Let Lightning begin with the epoch that the fit stands in."""
        if self.resumed and self.resumed.raised and self._saved:
            self.schedules.advance(self.steps_done)
        self._saved = {}
        epoch, step = self.epoch_and_step
        progress: Any = self.trainer.fit_loop.epoch_progress  # Any: Lightning types fewer counts than it has
        for count in (progress.current, progress.total):
            count.ready = count.started = count.processed = count.completed = epoch
        self._reload_every(int(step > 0))  # the first epoch is shorter than the others

    def _reload_every(self, epochs: int) -> None:
        """Let Lightning ask for the length of the sampler after so many epochs; 0 for never."""
        trainer: Any = self.trainer  # Any: Lightning sets this without a type
        trainer.reload_dataloaders_every_n_epochs = epochs

    def on_train_epoch_end(self) -> None:
        """Return to whole epochs after one that was continued."""
        self.sampler.taken = 0

    def on_train_epoch_start(self) -> None:
        """Seed the random numbers of the epoch, and return to whole epochs after one that was continued."""
        self.epoch_state.seed(self.seed, self.current_epoch)
        if not self.sampler.taken:
            self._reload_every(0)

    def on_validation_start(self) -> None:
        """Enter the regularizers' scoring contexts, as averaged weights, until the epoch is written."""
        self._scoring.enter_context(self._scored_weights())
        if self.shard.world_size > 1 and not self.is_sharded:
            make_buffers_alike(self.network)

    def on_validation_end(self) -> None:
        """Return to the trained weights; the callbacks have stored the scored ones by now."""
        self._scoring.close()
        self.is_scored = True

    @contextmanager
    def _scored_weights(self) -> Iterator[None]:
        """Let the network be scored inside as regularizers want it, with statistics that do not lag behind."""
        with self.regularizers.scored_with(self.network):
            if self.sampler.steps < FEW_STEPS and running_norms(self.network):
                size = self.sampler.batch_size
                recompute_statistics(self.network, batches_of(self.data.train, size, self._prepared_at))
            if self.linear_path is not None:
                batches = self._scored_batches()
                scored = (self._at(self.data.val_data, batch) for batch in batches)
                self.linear_share = {"linear_share": mix(self.linear_path, scored, self.task.row)}
            yield

    def _scored_batches(self) -> list[Index]:
        """Return the positions of the validation set in batches; at once where rows are ranked within queries."""
        count = 1 if self.task.row.by_query else -(-len(self.data.val) // self.task.row.eval_batch_size)
        return np.array_split(self.data.val, count)

    def _prepared_at(self, positions: Index) -> Prepared:
        """Return the prepared inputs of training examples."""
        return self.prepared(self.data.train_data.take(torch.from_numpy(positions).to(self.device))[0])

    def on_train_batch_end(self, outputs: object, batch: object, batch_idx: int) -> None:
        """End an optimizer step taken by Lightning with regularizers and schedules; let the state be saved."""
        if self.automatic_optimization and not self._is_whole:
            self._drawn = None
            self.regularizers.after_step(self.network)
            self.schedules.step()
        self.after_step(self)

    @property
    def _is_whole(self) -> bool:
        """Whether an epoch is continued of which all steps were taken, and which is scored alone."""
        return self.sampler.taken == self.sampler.steps

    def prepared(self, inputs: Prepared) -> Prepared:
        """Preprocess stored inputs to the network's inputs, floats in its precision."""
        assert isinstance(self.dtype, torch.dtype)
        prepared = in_precision(self.preprocessor(inputs), self.dtype)
        return laid_out(prepared, self.layout) if self.layout and isinstance(prepared, Tensor) else prepared

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor | None:
        """Take one optimizer step through Lightning, or a block of them directly."""
        if not self.automatic_optimization:
            if len(batch):
                self._train_block(batch)
            return None
        if self._is_whole:
            return nothing_of(self.network)
        ((positions, factor),) = self.sampler.shares(batch)
        inputs, targets = self.data.train_data.take(positions)
        prepared, is_first_pass = self.prepared(inputs), self._drawn is None
        self._drawn = self._drawn or self._draw(prepared, targets, positions, self.steps_done)
        logits, loss = self.step_loss.of(self._drawn)
        if is_first_pass:  # later passes of a step may use other weights
            counted = len(positions) if factor else 0  # a device with weight 0 counts nothing
            shown = self.step_loss.shown(loss, logits.detach(), targets)
            self._count(shown[None], [counted], logits.detach()[:counted], targets[:counted], positions)
        return self.step_loss.with_penalties(loss) * factor

    def _draw(self, inputs: Prepared, targets: Tensor, positions: Tensor, step: int) -> Batch:
        """Return the batch of a step, counted from 0, after all changes by regularizers."""
        batch = Batch(inputs, self._as_loss_reads(targets), gaps=self.gaps, branches=self.branches)
        if self.ids is None:
            return batch
        known = replace(batch, ids=self.ids[positions], draws=(self.seed * 0x9E3779B1 + step) & WORD)
        return self.regularizers.batch(known, self.epoch_state.generator)

    def _batches(self, batches: list[Tensor]) -> Iterator[tuple[Prepared, Tensor, Tensor]]:
        """Yield inputs, targets and positions of consecutive batches, by one gather if all rows have one shape."""
        data, sizes = self.data.train_data, [len(one) for one in batches]
        if data.is_plain:
            inputs, targets = data.take(torch.cat(batches))
            yield from zip(self.prepared(inputs).split(sizes), targets.split(sizes), batches, strict=True)  # type: ignore[union-attr]  # like rows are a tensor
            return
        for batch in batches:
            inputs, targets = data.take(batch)
            yield self.prepared(inputs), targets, batch

    def _train_block(self, positions: Tensor) -> None:
        """Take one optimizer step for each batch of a block, but those that were taken before the fit was resumed."""
        shares = self.sampler.shares(positions)
        counts = [len(own) if factor else 0 for own, factor in shares]  # a device with weight 0 counts nothing
        block, take = self.epoch_state.block, self.step.take
        before = block.done
        self.step.recorded.look()
        for number, (inputs, target, own) in enumerate(self._batches([own for own, _ in shares])):
            if number < before:
                continue
            drawn = self._draw(inputs, target, own, self.steps_done)
            logits, loss = take(drawn, inputs, shares[number][1], first=number == 0)
            self.regularizers.after_step(self.network)
            self.schedules.step()
            block.add(loss, logits[: counts[number]], target[: counts[number]])
            self.steps_done, self.is_scored = self.steps_done + 1, False
            stops = self.stops()
            if number + 1 < len(shares):
                self.after_step(self)
            if stops:
                break
        self.epoch_state.block = Block()
        counted = torch.cat([own[:count] for (own, _), count in zip(shares, counts, strict=True)][block.skipped :])
        given = (torch.stack(block.losses), block.sizes)
        self._count(*given, torch.cat(block.logits), torch.cat(block.targets), counted)

    def _as_loss_reads(self, targets: Tensor) -> Tensor:
        return targets.to(self.dtype) if targets.is_floating_point() else targets

    def _count(self, losses: Tensor, sizes: Sequence[int], logits: Tensor, targets: Tensor, positions: Tensor) -> None:
        """Add to the running sums; if a step of Lightning is a block, check its losses now."""
        if self.automatic_optimization:
            self.steps_done, self.is_scored = self.steps_done + 1, False
        self.losses.add(self.steps_done - len(losses), losses, sizes, positions)
        self.running.add(losses, sizes, self.task.example_scores(logits, targets))
        if not self.automatic_optimization:
            self.check_losses(self._on_any_device)

    def _on_any_device(self, flag: bool) -> bool:
        if self.shard.world_size == 1:
            return flag
        return bool(self.trainer.strategy.reduce_boolean_decision(flag, all=False))

    def check_losses(self, everywhere: Callable[[bool], bool]) -> None:
        """Check the losses since the last check; it waits for the device, so it is not done at each step.

        Args:
            everywhere: Reduces a flag over devices; all must stop together.

        Raises:
            TrainingFailed: If a loss is not finite.
        """
        self.losses.check(everywhere, self.current_epoch)

    def optimizer_step(
        self,
        epoch: int,
        batch_idx: int,
        optimizer: torch.optim.Optimizer | LightningOptimizer,
        optimizer_closure: Callable[[], Any] | None = None,  # Any: as in Lightning
    ) -> None:
        """Let regularizers act on the gradients of a step that Lightning takes; take none in an epoch that is whole."""
        if self._is_whole and optimizer_closure is not None:
            optimizer_closure()
            return
        if optimizer_closure is not None and self.regularizers.act_on_gradients:
            scaler = getattr(self.trainer.precision_plugin, "scaler", None)
            scale = 1.0 if scaler is None else float(scaler.get_scale())
            optimizer_closure = closure_within(optimizer_closure, self.regularizers, self.network, scale)
        super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)

    def configure_gradient_clipping(
        self,
        optimizer: torch.optim.Optimizer,
        gradient_clip_val: float | None = None,
        gradient_clip_algorithm: str | None = None,
    ) -> None:
        """Clip gradients by the recipe's option, if Lightning takes the steps."""
        if clip := float(self.train_options["clip"]):
            self.clip_gradients(optimizer, gradient_clip_val=clip, gradient_clip_algorithm="norm")

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        """Record the gradient norms at some steps, if Lightning takes the steps."""
        if (self.steps_done - 1) % self.sampler.steps % BLOCK_STEPS == 0:
            self.gradients.record()

    def validation_step(self, positions: Tensor, batch_idx: int, dataloader_idx: int = 0) -> None:
        """Compute the logits of one batch of a subset."""
        part = PARTS[dataloader_idx]
        inputs, _ = self.data.scored(part)[0].take(positions)
        watched = dataloader_idx == 0 and batch_idx < WATCHED_BATCHES
        with self.units.recording() if watched else nullcontext():
            prepared = self.prepared(inputs)
            logits = self.task.row.reduce_logits(self.network(prepared), prepared).float()
        self.subsets.add(part, positions, logits)

    def on_validation_epoch_end(self) -> None:
        """Score each subset over all devices, and read the running training means."""
        self.train_means = self.running.means(self._over_devices)
        if self.is_sharded:
            passes = self.all_gather(torch.tensor(self.subsets.passes, device=self.device))
            most = int(passes.max())  # type: ignore[union-attr]  # of a tensor it is a tensor
            fill_up(self.network, self.subsets.passes, most, self._prepared_at(self.data.train[:1]))
        self.subsets.score(self.shard, self.all_gather)

    def weights(self) -> dict[str, Tensor]:
        """Return a copy of the weights on the CPU; of weights that are shared out, nothing but on the first device."""
        if self.is_sharded:
            return gather_weights(self.network, keep=self.trainer.is_global_zero)
        return copy_weights(self.network) if self.trainer.is_global_zero else {}

    def head_weights(self) -> dict[str, float]:
        """Return the share of each head in the weights of the training loss, by column of the history."""
        found = self.task.row.head_weights(self.network)
        return {f"weight_{name}": share for name, share in found.items()}

    def val_answers(self) -> np.ndarray | None:
        """Return the task's answers to the last scored validation set, (n, ...), in a compact dtype."""
        answers = self.task.answers(torch.from_numpy(self.subsets.scored["val"].logits))
        if answers is None:
            return None
        return answers.to(torch.float32 if answers.is_floating_point() else torch.int32).numpy()

    def _over_devices(self, values: Tensor) -> Tensor:
        return values if self.shard.world_size == 1 else self.all_gather(values).sum(dim=0)  # type: ignore[union-attr]

    def features(self, part: str, rows: Index) -> dict[str, np.ndarray]:
        """Return the inputs of the last layer for some rows of a subset, (n, F) float32, under the subset's name."""
        was_training = self.training
        self.eval()
        with torch.inference_mode(), self._scored_weights():
            batch_size = self.task.row.eval_batch_size
            features = features_of(self.network, self.prepared, self.data.scored(part), rows, batch_size)
        self.train(was_training)
        return {} if features is None else {part: features}

    def reconstruct(self, rows: Mapping[str, Index], weights: Path) -> dict[str, Inputs]:
        """Return some examples of validation set and probe as the network gives them, as stored inputs, where known.

        Args:
            rows: (n,) of each subset.
            weights: Of the best epoch.
        """
        network = deepcopy(self.network).eval()
        load_weights(weights, network)
        undo, remake = self.preprocessor.undo, self.task.row.remake
        found: dict[str, Inputs] = {}
        for part, wanted in rows.items():
            data, positions = self.data.scored(part)
            with torch.inference_mode():
                prepared = self.prepared(data.take(torch.from_numpy(positions[wanted]).to(self.device))[0])
                remade = undo(remake(network(prepared), prepared))
            if remade is not None:
                found[part] = remade
        return found


def as_fit_module(module: pl.LightningModule) -> FitModule:
    """Return the module that Lightning passes to a callback as what it is."""
    assert isinstance(module, FitModule)
    return module
