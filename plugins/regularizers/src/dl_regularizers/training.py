"""Regularizers on the training: label smoothing, rare classes, max-norm, weight averaging, early stopping."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import get_ema_multi_avg_fn

from dl.errors import BadOption
from dl.regularizer import Loss, Regularizer, State
from dl.runs.history import EpochRow, History
from dl.runs.manifest import MetricInfo
from dl.tasks.task import Reduction, Task

HALF = 0.5  # between no and yes
# layers with weight matrices in which a row holds the weights into one unit
WEIGHTS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.LSTM, nn.GRU, nn.RNN)


def label_smoothing(share: float, task: Task) -> Regularizer:
    """Smooth the targets of a task with classes or labels: spread a share over all classes.

    Source: Szegedy et al. 2016, section 7.
    """

    def smoothed(loss: Loss) -> Loss:
        def of_classes(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
            even = torch.full_like(logits, 1 / logits.shape[1])
            spread = F.cross_entropy(logits, even, reduction=reduction)
            return (1 - share) * loss(logits, target, reduction) + share * spread

        def of_labels(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
            return loss(logits, target * (1 - share) + share / 2, reduction)

        return of_classes if task.info.probabilities == "softmax" else of_labels

    return Regularizer(loss=smoothed)


def class_weights(power: float, task: Task) -> Regularizer:
    """Weigh the loss of each example by its class's rarity to a power; the mean weight in training is 1.

    Raises:
        BadOption: If a class has no training example.

    Source: King and Zeng 2001, section 4.2, weighting; the power lies between no weights and equal classes.
    """
    counts = torch.tensor(task.info.counts, dtype=torch.float64)
    if not counts.min() > 0:
        raise BadOption("class-weights needs a training example of every class")
    rarity = counts.pow(-power)
    weights = (rarity * counts.sum() / (rarity * counts).sum()).float()

    def weighted(loss: Loss) -> Loss:
        def of_weighted(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
            each = loss(logits, target, "none") * weights.to(logits)[target.long()]
            return each.mean() if reduction == "mean" else each

        return of_weighted

    return Regularizer(loss=weighted)


def resample(power: float, task: Task) -> Regularizer:
    """Draw the examples of rare classes more often: each class's share of an epoch is its own to the power 1 - power.

    Source: Mikolov et al. 2013 for shares softened by a power; at 1 every class is drawn as often.
    """

    def chances(targets: Tensor) -> Tensor:
        classes = targets.long()
        counts = torch.bincount(classes).double()
        return counts[classes].pow(-power)

    return Regularizer(chances=chances)


def focal(gamma: float, task: Task) -> Regularizer:
    """Weigh the loss of each example, or label, by the chance that is given to a wrong answer, to a power.

    Source: Lin et al. 2017, Focal loss for dense object detection, equation 4.
    """

    def focused(loss: Loss) -> Loss:
        def of_classes(logits: Tensor, target: Tensor) -> Tensor:
            right = logits.softmax(dim=1).gather(1, target[:, None]).squeeze(1)
            return (1 - right).pow(gamma) * loss(logits, target, "none")

        def of_one(logits: Tensor, target: Tensor) -> Tensor:
            wrong = torch.sigmoid(torch.where(target > HALF, -logits, logits))
            return wrong.pow(gamma) * loss(logits[:, None], target, "none")

        def of_labels(logits: Tensor, target: Tensor) -> Tensor:
            wrong = torch.sigmoid(torch.where(target > HALF, -logits, logits)).pow(gamma)
            each = [loss(logits[:, k : k + 1], target[:, k : k + 1], "none") for k in range(logits.shape[1])]
            return (wrong * torch.stack(each, dim=1)).sum(dim=1)

        def of_focus(logits: Tensor, target: Tensor, reduction: Reduction = "mean") -> Tensor:
            if task.info.probabilities == "softmax":
                each = of_classes(logits, target)
            else:
                each = of_labels(logits, target) if target.ndim > 1 else of_one(logits[:, 0], target)
            return each.mean() if reduction == "mean" else each

        return of_focus

    return Regularizer(loss=focused)


def max_norm(bound: float) -> Regularizer:
    """Rescale the weights into each unit to at most a bound after each step. Source: Srivastava et al. 2014."""

    def check(network: nn.Module) -> None:
        if not _into_units(network):
            raise BadOption("the network has no dense, convolutional or recurrent layer for max-norm to bound")

    @torch.no_grad()
    def scale(network: nn.Module) -> None:
        for weight in _into_units(network):
            weight.copy_(torch.renorm(weight, 2, 0, bound))

    return Regularizer(network=check, after_step=scale)


def _into_units(network: nn.Module) -> list[Tensor]:
    layers = [layer for layer in network.modules() if isinstance(layer, WEIGHTS)]
    return [one for layer in layers for one in layer.parameters(recurse=False) if one.ndim > 1 and one.requires_grad]


def weight_averaging(decay: float) -> Regularizer:
    """Evaluate and save an exponential moving average of the weights, while the weights themselves are trained.

    The decay is smaller in the first steps, so that the initial weights are soon forgotten.
    Source: Polyak and Juditsky 1992; the decay of the first steps as in TensorFlow's moving average.
    """
    average = _Average(decay)
    return Regularizer(
        after_step=average.add,
        scored_with=average.swapped_in,
        state_dict=average.state_dict,
        load_state_dict=average.load_state_dict,
    )


class _Average:
    """The moving average of a network's parameters and of its floating-point buffers."""

    def __init__(self, decay: float) -> None:
        self.decay, self.steps = decay, 0
        self.mean: list[Tensor] = []
        self.places: list[tuple[nn.Module, str]] = []

    @torch.no_grad()
    def add(self, network: nn.Module) -> None:
        """Update the average with the current weights."""
        if not self.places:  # to look for them takes longer than a step of a small network
            self.places = _places(network)
        now = [getattr(module, name) for module, name in self.places]
        if not self.mean:
            self.mean = [value.detach().clone() for value in now]
        self.steps += 1
        decay = min(self.decay, (1 + self.steps) / (10 + self.steps))
        get_ema_multi_avg_fn(decay)(self.mean, now, self.steps)

    @contextmanager
    def swapped_in(self, network: nn.Module) -> Iterator[None]:
        """Replace the weights by the average inside this context."""
        trained = [value.clone() for value in _values(network)]
        _put(network, self.mean or trained)
        try:
            yield
        finally:
            _put(network, trained)

    def state_dict(self) -> State:
        """Return the average and the number of steps in it."""
        return {"steps": self.steps, "mean": self.mean}

    def load_state_dict(self, state: State) -> None:
        """Restore the average and the number of steps."""
        self.steps, self.mean = int(state["steps"]), list(state["mean"])


def _places(network: nn.Module) -> list[tuple[nn.Module, str]]:
    """Return where trained parameters and the floating-point buffers of a network are, each once, parameters first."""
    trained = ((path, one) for path, one in network.named_parameters() if one.requires_grad)
    named = (*trained, *network.named_buffers())
    floating = [path.rpartition(".") for path, one in named if one.is_floating_point()]
    return [(network.get_submodule(path), name) for path, _, name in floating]


def _values(network: nn.Module) -> list[Tensor]:
    return [getattr(module, name).detach() for module, name in _places(network)]


@torch.no_grad()
def _put(network: nn.Module, values: Sequence[Tensor]) -> None:
    for place, value in zip(_values(network), values, strict=True):
        place.copy_(value)


def early_stopping(patience: int, by: str) -> Regularizer:
    """Stop the fit after ``patience`` epochs without an improvement on the validation set.

    Args:
        patience: Number of epochs.
        by: Monitor the validation ``loss`` or the headline ``metric``.
    """

    def ends(rows: Sequence[EpochRow], headline: MetricInfo) -> str:
        column, higher = ("val_loss", False) if by == "loss" else (f"val_{headline.name}", headline.higher)
        best = History(tuple(rows)).best(column, higher=higher)
        since = len(rows) - 1 - (best or 0)
        return f"{column} has not improved since epoch {(best or 0) + 1}" if since >= patience else ""

    return Regularizer(ends=ends)
