"""The networks of all folds of a run as one: their predictions are averaged.

Letters: ``J`` networks, ``N`` examples, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from dl.data.examples import Examples
from dl.errors import BadOption, BadRun
from dl.inference.loaded import LoadedRun
from dl.plugins.registry import Plugins
from dl.recipes.protocol import parse_protocol
from dl.runs.run import Run
from dl.tasks.table import restore

SOFTMAX = "softmax"
LEAST = 1e-30  # probability, so that its logarithm is finite
CLOSEST = 1e-12  # distance of a probability from 0 and 1, likewise


@dataclass(frozen=True)
class Ensemble(LoadedRun):
    """The networks of all folds; `preprocessor` and `network` are those of the first.

    Args:
        folds: The opened runs of the folds.
    """

    folds: tuple[LoadedRun, ...] = ()

    @property
    def members(self) -> tuple[LoadedRun, ...]:
        """The networks whose predictions are averaged."""
        return self.folds

    def logits(self, examples: Examples) -> Tensor:
        """Compute the logits (N, K) of the averaged predictions: of probabilities, else of values."""
        return self.average([one.logits(examples) for one in self.folds])

    def average(self, every: Sequence[Tensor]) -> Tensor:
        """Average the predictions that follow from the logits (N, K) of each network, and return their logits."""
        scaled = [self.task.rescale(logits, one.task.info) for logits, one in zip(every, self.folds, strict=True)]
        stacked, heads = torch.stack(scaled).double(), self.task.row.heads
        infos = [one.task.info for one in heads] or [self.task.info]
        parts = stacked.split([info.outputs for info in infos], dim=-1)
        each = [_average(part, info.probabilities) for part, info in zip(parts, infos, strict=True)]
        return torch.cat(each, dim=-1).float()

    def features(self, examples: Examples) -> Tensor:
        """Refuse features: those of several networks mean different things.

        Raises:
            BadOption: Always.
        """
        raise BadOption(
            f"{self.run.name} has {len(self.folds)} networks, each with features of its own  "
            f"train one on all examples: dl cv --resume {self.run.name} --final refit"
        )


def need_all_folds(run: Run) -> None:
    """Refuse a run of several fits that is not finished.

    Raises:
        BadRun: With the number of its finished folds.
    """
    if run.manifest.status != "finished":
        fits = parse_protocol(run.manifest.protocol).fits
        done = f"{len(run.finished_folds)} of {fits} folds"
        raise BadRun(f"{run.name} is not finished, it has {done}  go on: dl cv --resume {run.name}")


def open_ensemble(run: Run, folds: Sequence[LoadedRun], plugins: Plugins) -> Ensemble:
    """Open a run of several fits as the ensemble of their networks.

    Raises:
        BadRun: If its task has no predictions that can be averaged.
    """
    task = restore(run.manifest.task, plugins.tasks)
    if task.info.tells_tokens:
        raise BadRun(
            f"{run.name} has {len(folds)} networks, and generated text cannot be averaged  train one on all examples: "
            f"dl cv --resume {run.name} --final refit"
        )
    first = folds[0]
    networks = nn.ModuleList(one.network for one in folds)
    recipe = replace(first.recipe, split={**first.recipe.split, "fold": 0})
    return Ensemble(run, recipe, first.domain, first.preprocessor, task, networks, tuple(folds))


def _average(logits: Tensor, probabilities: str) -> Tensor:
    """Average predictions over networks, (J, N, K) to (N, K)."""
    if not probabilities:
        return logits.mean(dim=0)
    if probabilities == SOFTMAX:
        return logits.softmax(dim=-1).mean(dim=0).clamp_min(LEAST).log()
    return torch.logit(logits.sigmoid().mean(dim=0), eps=CLOSEST)
