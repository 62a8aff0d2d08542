"""Wrap a run as one module on raw inputs: preprocessor, network and activation together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from dl.inference.load import reopen
from dl.inference.loaded import LoadedRun
from dl.inference.predict import Prediction, answers, notes_on
from dl.plugins.loading import load_plugins
from dl.plugins.registry import Plugins
from dl.runs.report import Which, find_run

if TYPE_CHECKING:
    from dl.plugins.at_hand import Model


class LoadedNetwork(nn.Module):
    """A run's network with the weights of its best epoch, its preprocessor and its activation, in eval mode.

    Args:
        loaded: The run.
        decode: Whether a call returns probabilities or values in target units; else logits.

    Attributes:
        network: Prepared inputs -> logits.
        preprocessor: Encoded inputs -> prepared inputs.
    """

    def __init__(self, loaded: LoadedRun, *, decode: bool = True) -> None:
        super().__init__()
        self.network, self.preprocessor = loaded.network, loaded.preprocessor
        self.loaded, self.decode = loaded, decode
        self.eval()

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, labels or target columns, in the order of the outputs."""
        return self.loaded.task.info.names

    @property
    def thresholds(self) -> dict[str, float]:
        """The probability of the class to find, or of each label, from which on it is answered; empty for none."""
        info = self.loaded.task.info
        names = info.names if info.has_labels else (info.positive,)
        return dict(zip(names, info.decision.thresholds, strict=True)) if info.decision else {}

    def forward(self, inputs: object) -> Tensor:
        """Predict raw inputs, as `dl.fit` takes them, batch by batch and without gradients.

        Args:
            inputs: N arrays, tensors, images, texts, or rows of a frame, in the form of the run's own data.

        Returns:
            Probabilities (N, C), values (N, D), or (N,) the probability of the second of two classes; logits (N, K)
            with ``decode=False``.

        Raises:
            BadData: If the inputs do not fit the run.
        """
        logits = self.loaded.logits(self.loaded.read(inputs))
        with torch.no_grad():
            return self.loaded.task.preds(logits) if self.decode else logits

    def notes(self, inputs: object) -> list[tuple[str, ...]]:
        """Return for each raw input what it holds that the training set lacks, in words.

        Raises:
            BadData: If the inputs do not fit the run.
        """
        examples = self.loaded.read(inputs)
        found = notes_on(self.loaded, examples)
        return [tuple(found.get(at, ())) for at in range(len(examples))]

    def answers(self, inputs: object) -> Tensor:
        """Return the answer to each raw input in the form of a target: a class number, labels, or numbers.

        Of two classes, and of labels, the answer is decided by the thresholds of the run.

        Raises:
            BadData: If the inputs do not fit the run.
        """
        found = self.loaded.task.answers(self.loaded.logits(self.loaded.read(inputs)))
        assert found is not None  # a task of generated text reads no arrays
        return found

    def features(self, inputs: object) -> Tensor:
        """Return what the network has learnt of raw inputs, (N, F): its codes, or the inputs of its last linear layer.

        Raises:
            BadData: If the inputs do not fit the run.
            BadOption: If the run has no network with such a layer.
        """
        return self.loaded.features(self.loaded.read(inputs))

    def predict(self, inputs: object) -> list[Prediction]:
        """Predict raw inputs, as words and values.

        Raises:
            BadData: If the inputs do not fit the run.
        """
        return answers(self.loaded, self.loaded.read(inputs))


def load(
    run: Which = "last",
    *,
    model: Model | None = None,
    decode: bool = True,
    runs: str | Path = "runs",
    plugins: Plugins | None = None,
) -> LoadedNetwork:
    """Load a run as one module on raw inputs: preprocessor, network and activation, in eval mode.

    Args:
        run: A run, its path, name or number, or ``last``.
        model: The network, or a function that builds it, if the fit used one in memory and ``run`` no longer holds it.
        decode: Whether a call returns probabilities or values in target units; else logits.
        runs: Folder of run folders, unless ``run`` is a path.
        plugins: The registered plugins; None loads the installed ones.

    Raises:
        BadRun: If the run cannot be opened, or its network in memory is missing.

    Example:
        >>> probabilities = dl.load(run)(images)
        >>> dl.load("last").predict(frame)[0].answer
        >>> network = dl.load(3, model=build).network
    """
    loaded = reopen(find_run(run, runs), plugins or load_plugins(), model)
    return LoadedNetwork(loaded, decode=decode)
