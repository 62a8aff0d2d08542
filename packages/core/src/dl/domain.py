"""Domains: the functions that core calls for a kind of input, and the base class of preprocessors.

A domain's package imports core; core uses it only through a `Domain` value registered by a plugin.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import RenderableType
from torch import Tensor, nn

from dl.data.branches import Part
from dl.data.columns import BARS
from dl.data.examples import Dataset, Examples, Inputs, Subset
from dl.data.memory import Given
from dl.data.projection import project_inputs
from dl.data.ragged import Ragged
from dl.errors import DamagedRun
from dl.options import Options
from dl.padded import Prepared
from dl.preparation import Preparation
from dl.tables.columns import Column
from dl.tables.features import Features


@dataclass(frozen=True)
class Gaps:
    """How a missing cell of a row looks in prepared inputs (N, D).

    Args:
        cells: Number of the cells of a row.
        columns: (D,) number of the cell that each prepared column belongs to, from 0.
        blank: (D,) its value where that cell is missing.
    """

    cells: int
    columns: Tensor
    blank: Tensor


@dataclass(frozen=True)
class PreparedBranch:
    """What regularizers know of one kind of input among several.

    Args:
        domain: Of its inputs.
        gaps: As `Preprocessor.gaps`.
    """

    domain: str
    gaps: Gaps | None = None


class Preprocessor(nn.Module, ABC):
    """Preprocesses every batch before the network, with statistics of the training set as buffers.

    It moves to the device with the network, has no trainable parameters, and is stored as JSON.

    Args:
        **settings: The arguments of the class, as JSON values, from which it is rebuilt.
    """

    def __init__(self, **settings: Any) -> None:  # Any: JSON
        super().__init__()
        self._settings = settings

    @classmethod
    def restore(cls, settings: Mapping[str, Any]) -> Self:  # Any: JSON
        """Rebuild a preprocessor from its settings, as `Domain.restore` does.

        Raises:
            BadRun: If they are not those of `settings`.
        """
        try:
            return cls(**settings)
        except (TypeError, ValueError, RuntimeError) as error:
            raise DamagedRun(f"the stored {cls.__name__} cannot be read: {type(error).__name__} {error}") from error

    @property
    @abstractmethod
    def input_shape(self) -> tuple[int, ...]:
        """The shape of one prepared input, without the batch axis."""

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the settings from which `Domain.restore` rebuilds the preprocessor: the arguments of its class."""
        return dict(self._settings)

    @property
    def gaps(self) -> Gaps | None:
        """How a missing cell looks in prepared inputs; None if inputs are not rows of cells."""
        return None

    @property
    def branches(self) -> Mapping[str, PreparedBranch]:
        """The kinds of input by the name of the branch; empty for inputs of one kind."""
        return {}

    def encode(self, inputs: Inputs) -> Inputs:
        """Encode raw inputs to stored inputs, once before training, as texts to token ids; by default unchanged."""
        return inputs

    def all_unknown(self, stored: Inputs) -> NDArray[np.bool_]:
        """Return which stored inputs hold nothing known, (N,) bool, as texts without a known word."""
        return np.zeros(len(stored), bool)

    def unknown_share(self, stored: Inputs) -> NDArray[np.float64] | None:
        """Return the share of each stored input that is unknown, (N,), as words of texts; None where nothing can be."""
        return None

    def unseen(self, inputs: Inputs) -> Mapping[int, Sequence[str]]:
        """Return by position what raw inputs hold that the training set lacks, in words; by default nothing."""
        return {}

    @abstractmethod
    def forward(self, inputs: Any) -> Any:  # Any: as `dl.padded.Prepared`: tensors (N, ...), `Padded`, or both by name
        """Preprocess a batch of stored inputs to the network's inputs, (N, *input_shape)."""

    def undone(self, prepared: Any) -> Tensor | None:  # Any: as `forward` returns them
        """Turn prepared inputs (N, *input_shape) back into stored ones, such as pictures; None if that is unknown.

        An export traces it.
        """
        return None

    def undo(self, prepared: Any) -> Inputs | None:  # Any: likewise
        """Return what `undone` returns as an array."""
        found = self.undone(prepared)
        return None if found is None else found.cpu().numpy()

    def example_input(self) -> Prepared:
        """Return one blank prepared input, (1, *input_shape), to trace the shapes of a network's layers."""
        return torch.zeros(1, *self.input_shape)


def encode_examples(examples: Examples, preprocessor: Preprocessor) -> Examples:
    """Return the examples with encoded inputs."""
    return replace(examples, inputs=preprocessor.encode(examples.inputs))


def comparable(examples: Examples, preprocessor: Preprocessor) -> Examples:
    """Return the examples in a form whose copies are equal bit for bit, from any table or array."""
    inputs = examples.inputs
    plain = isinstance(inputs, Ragged) and not inputs.values.dtype.names
    return examples if plain else encode_examples(examples, preprocessor)


@dataclass(frozen=True)
class ReadColumns:
    """Columns of a table, read as the inputs of one domain.

    Args:
        inputs: (n, ...) of the kept rows.
        kept: (N,) which rows of the table are kept.
        notes: Sentences on what was inferred, left out, and what is missing and has a blank in its place.
        options: Of the domain, decided while reading, as `Dataset.options`.
    """

    inputs: Part
    kept: NDArray[np.bool_]
    notes: Sequence[str] = ()
    options: Options = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """What a domain sees in a column.

    Args:
        words: Its description: ``texts of 12 words``.
        sure: Whether the column is taken; else it is only said that it may be read so.
    """

    words: str
    sure: bool = True


@dataclass(frozen=True)
class ColumnKind:
    """How columns of a table become inputs of a domain beside those of other domains.

    Args:
        claims: From the first cells of a column and the folder of the table to what it is; None if it is not of this
            kind.
        read: From a table with these columns alone, the options and, for a prediction, the preprocessor of the run to
            the inputs.
        columns: From a preprocessor to the columns of the table that it reads, given those that there are; None where
            each column is a branch of its own.
    """

    claims: Callable[[Column, Path], Claim | None]
    read: Callable[[Features, Options, Preprocessor | None], ReadColumns]
    columns: Callable[[Preprocessor, Sequence[str], Options], Sequence[str]] | None = None

    @property
    def together(self) -> bool:
        """Whether all columns of this kind make one branch: those that no other domain claims."""
        return self.columns is not None


@dataclass(frozen=True)
class Sampling:
    """How tokens are sampled.

    Args:
        tokens: Number of tokens to generate.
        temperature: Divisor of the logits: below 1 sharpens the distribution; 0 takes the most probable token.
        seed: Of the random draws.
    """

    tokens: int = 200
    temperature: float = 0.8
    seed: int = 0


SKETCHED = 60  # columns


def draw_bars(numbers: NDArray[Any], width: int = SKETCHED) -> str:
    """Draw numbers as a line of at most ``width`` bars, each the mean of a stretch, scaled from minimum to maximum."""
    values = np.asarray(numbers, np.float64).ravel()
    means = np.array([stretch.mean() for stretch in np.array_split(values, min(width, len(values)))])
    low, high = float(means.min()), float(means.max())
    heights = (means - low) / (high - low or 1.0) * (len(BARS) - 1)
    return "".join(BARS[round(float(height))] for height in heights)


def projected_rows(subset: Subset) -> NDArray[np.float32]:
    """Return stored inputs as rows of numbers (n, D)."""
    return project_inputs(subset.examples.inputs, subset.index)


@dataclass(frozen=True)
class Rule:
    """An answer that follows from each input without a fit, as the last value of a series; a network has to beat it.

    Args:
        name: Such as ``last-value``.
        answer: In words: ``the last value``.
        answers: From some examples to their answers (n, ...), in the form of targets; their own targets are not read.
    """

    name: str
    answer: str
    answers: Callable[[Subset], NDArray[np.generic]]


@dataclass(frozen=True)
class Domain:
    """A kind of input.

    Args:
        open_path: Reads a user's own data from a path, with the options.
        learn: Learns the preprocessor from the training set alone, with the options.
        restore: Rebuilds a preprocessor from its settings.
        read: Reads raw inputs for a prediction - files, folders, lists of paths - in the form this preprocessor
            expects; targets are zeros, sources name the origin of each. It gets paths and preprocessor and, if it has
            a parameter ``options``, the options of the run's data.
        draw: Draws one stored input for the terminal, with at most this number of columns; by default a line of bars.
        sketch: Shrinks one stored input to be stored in a run and shown in its report: (h, w, c) uint8, all of one
            shape, or a text; by default a line of bars.
        from_strings: Takes strings as raw inputs; None if inputs are not texts.
        recognize: Rates whether a user's path holds this kind of input, from 0 (no) to 1 (nothing else fits).
        open_unlabelled: Reads a user's own data without a target, for tasks that read it from the inputs; None if
            not supported.
        cut: Cuts the inputs of a data set into rows for the task next-token, with targets (N, 0), with the options; its
            own targets are dropped. None if inputs are not rows of tokens.
        generate: Generates text from a prompt with a network of the task next-token; None if not supported.
        from_memory: Takes inputs from a program (`dl.data.memory.Given`), with the options and, for a run, its
            preprocessor: one example for each, in order, with targets of zeros, or an error. None if not supported.
        columns: Reads columns of a table beside those of other domains; None if not supported.
        rows: From a subset to rows of numbers (n, D), an array or a sparse matrix, in which inputs that are alike lie
            near each other, as for a map; by default a projection of the stored inputs.
        rules: From the training set, with the options, the rules that a network has to beat; by default none.
        prepare: From a preprocessor, with the options of the run's data, to the description of what comes before it, by
            which runs are exported; it may raise `BadOption` where there is none. None if not supported.
    """

    open_path: Callable[[Path, Options], Dataset]
    learn: Callable[[Subset, Options], Preprocessor]
    restore: Callable[[dict[str, Any]], Preprocessor]  # Any: JSON
    read: Callable[..., Examples]  # ...: with or without options
    draw: Callable[[Any, int], RenderableType] = draw_bars  # Any: one row of Examples.inputs
    sketch: Callable[[Any], NDArray[np.uint8] | str] = draw_bars
    from_strings: Callable[[Sequence[str]], Examples] | None = None
    recognize: Callable[[Path, Options], float] = lambda path, options: 0.0
    open_unlabelled: Callable[[Path, Options], Dataset] | None = None
    cut: Callable[[Dataset, Options], Dataset] | None = None
    generate: Callable[[nn.Module, Preprocessor, str, Sampling], str] | None = None
    from_memory: Callable[[Given, Options, Preprocessor | None], Dataset] | None = None
    columns: ColumnKind | None = None
    rules: Callable[[Subset, Options], Sequence[Rule]] = lambda train, options: ()
    rows: Callable[[Subset], Any] = projected_rows  # Any: as above
    prepare: Callable[[Preprocessor, Options], Preparation] | None = None

    def read_raw(self, paths: Sequence[Path], preprocessor: Preprocessor, options: Options) -> Examples:
        """Call `read`, with the options of the run's data if it has a parameter for them."""
        if "options" in signature(self.read).parameters:
            return self.read(paths, preprocessor, options=options)
        return self.read(paths, preprocessor)
