"""Domains: what core needs to know about a kind of input, as functions; and what a preprocessor is.

A domain's package imports core; core meets it only through a `Domain` value that a plugin registered.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import RenderableType
from torch import Tensor, nn

from dl.data.examples import Dataset, Examples, Inputs, Subset
from dl.options import Options
from dl.padded import Padded


class Preprocessor(nn.Module, ABC):
    """What is learnt from the training part and done to every batch before the network: a module with buffers.

    It moves to the device with the network, never learns after it is made, and is kept as JSON.
    """

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one prepared input, without the batch axis."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return what `Domain.restore` needs to make the same preprocessor again, as JSON values."""

    def encode(self, inputs: Inputs) -> Inputs:
        """Turn inputs as they were read into inputs as a feed keeps them; where nothing is learnt for it, the same."""
        return inputs

    def all_unknown(self, stored: Inputs) -> NDArray[np.bool_]:
        """Return which stored inputs hold nothing that was learnt, (N,): texts without a known word, say."""
        return np.zeros(len(stored), bool)

    @abstractmethod
    def forward(self, inputs: Any) -> Any:  # Any: tensors (N, ...), or `Padded` for rows of different lengths
        """Turn stored inputs of a batch into what the network reads, (N, *input_shape)."""

    def example_input(self) -> Tensor | Padded:
        """Return one prepared input that says nothing, to look at the shapes that a network's layers give."""
        return torch.zeros(1, *self.input_shape)

    def flatten(self, prepared: Any) -> Tensor:  # Any: as `forward` gives it
        """Return prepared inputs as numbers (N, ...) whose distances mean something, to compare parts by."""
        return prepared  # type: ignore[no-any-return]  # a tensor, for every domain that does not say otherwise


def encode_examples(examples: Examples, preprocessor: Preprocessor) -> Examples:
    """Return the examples with their inputs as a feed keeps them."""
    return replace(examples, inputs=preprocessor.encode(examples.inputs))


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn, one after the other.

    Args:
        tokens: How many.
        temperature: By which logits are divided: below 1 surer than the network is; 0 takes the likeliest.
        seed: Of the draws.
    """

    tokens: int = 200
    temperature: float = 0.8
    seed: int = 0


@dataclass(frozen=True)
class Domain:
    """A kind of input.

    Args:
        open_path: Reads a user's own data from a path, given the options.
        learn: Learns the preprocessor from the training part alone, given the options.
        restore: Makes a preprocessor from its settings.
        read: Reads raw inputs for prediction - files, folders, lists of paths - as this preprocessor stores them;
            targets are zeros, sources say where each came from. It is given paths and preprocessor and, if it has an
            argument ``options``, the options of the run's data, too.
        draw: Draws one stored input for the terminal, at most so many columns wide.
        sketch: Makes one stored input small enough to keep with a run and show in its report: (h, w, c) uint8, all of
            one shape, or a text.
        from_strings: Takes strings as raw inputs; None where an input is no text.
        recognize: How surely a user's path holds this kind of input, at a glance: 0 (no), up to 1 (nothing else fits).
        open_unlabelled: Reads a user's own data without a target, for the task next-token; None where there is none.
        cut: Cuts the inputs of a data set into rows of which each token is told from those before it, with targets
            (N, 0), given the options; its own targets are left behind. None where inputs are no rows of tokens.
        continued: Goes on with a prompt as a network of the task next-token does.
    """

    open_path: Callable[[Path, Options], Dataset]
    learn: Callable[[Subset, Options], Preprocessor]
    restore: Callable[[dict[str, Any]], Preprocessor]  # Any: JSON
    read: Callable[..., Examples]  # ...: with or without options
    draw: Callable[[Any, int], RenderableType]  # Any: one row of Examples.inputs
    sketch: Callable[[Any], NDArray[np.uint8] | str]
    from_strings: Callable[[Sequence[str]], Examples] | None = None
    recognize: Callable[[Path, Options], float] = lambda path, options: 0.0
    open_unlabelled: Callable[[Path, Options], Dataset] | None = None
    cut: Callable[[Dataset, Options], Dataset] | None = None
    generate: Callable[[nn.Module, Preprocessor, str, Sampling], str] | None = None

    def read_raw(self, paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
        """Read raw inputs with the options of the run's data, where the domain asks for them."""
        if "options" in signature(self.read).parameters:
            return self.read(paths, preprocessor, options=options)
        return self.read(paths, preprocessor)
