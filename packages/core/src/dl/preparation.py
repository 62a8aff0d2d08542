"""How a domain prepares raw inputs, as a description that every exported form of a network understands.

Text becomes numbers outside of a network: a category by its place among the words that were learnt, a text by a reader.
All that follows is arithmetic on tensors, an `nn.Module`, which is exported together with the network.
Letters: ``N`` inputs; ``H`` and ``W`` any height and width, ``T`` tokens of the longest text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dl.data.examples import Inputs

NUMBER, DATE, CATEGORY, PIXELS, TOKENS = "number", "date", "category", "pixels", "tokens"
Raw = NDArray[Any]  # Any: numbers of any kind, or text


@dataclass(frozen=True)
class Strings:
    """How an input of strings becomes token ids by standard operators of ONNX.

    Args:
        opset: The version of the operators.
        characters: That are known, one after the other.
        nodes: From the names of the input (N,), of the token ids (N, T), padded with 0, and of which strings are known
            (N,), to the nodes between them; what is answered to others means nothing.
        functions: Makes the functions of ONNX that the nodes call.
    """

    opset: int
    characters: str
    nodes: Callable[[str, str, str], list[Any]]  # Any: onnx is an extra
    functions: Callable[[], list[Any]]  # Any: likewise


@dataclass(frozen=True)
class RawInput:
    """One raw input of an exported network.

    Args:
        name: Of the column, or the noun of the input.
        kind: ``number``, ``category``, or ``date`` in days since 1970, one for each example or each of its steps;
            ``pixels``; or ``tokens``, the numbers that a reader makes of texts.
        axes: The axes of its tensor: a letter where any size fits, else the size.
        example: Two inputs as the tensor, to trace the network.
        about: What it holds, in a few words.
        words: Of a category, the words that were learnt: a word's number is its place, and -1 where it has none.
        exact: Whether a word in another case is another word.
        settings: Of the reader, as JSON values.
        strings: From strings, whose characters have to be known, to how they become token ids in ONNX; None where there
            is no exact way.
    """

    name: str
    kind: str
    axes: tuple[str | int, ...]
    example: Tensor
    about: str
    words: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)  # Any: JSON
    strings: Callable[[Sequence[str]], Strings | None] = lambda texts: None
    exact: bool = False

    @property
    def folded(self) -> dict[str, int]:
        """The number of each word in lower case with single blanks; none where the case matters."""
        return {} if self.exact else folded(self.words)


@dataclass(frozen=True)
class Following:
    """The tokens that a language model may write next.

    Args:
        names: Of the K tokens, as they are spelled.
        logits: From the output of the network and its prepared batch to the logits (N, K) of the token after each text.
        after: From the network and a text to the logits (K,) of the token after it, as `dl.domain.Domain.generate`
            draws it.
    """

    names: tuple[str, ...]
    logits: Callable[[Tensor, Any], Tensor]  # Any: a batch as the network reads it
    after: Callable[[nn.Module, str], Tensor]


@dataclass(frozen=True)
class Preparation:
    """How raw inputs become what a preprocessor reads.

    Args:
        inputs: In the order in which ``encode`` takes them.
        encode: From their tensors to stored inputs, as `dl.domain.Preprocessor.forward` takes them.
        raw: From examples as the domain reads them to the raw inputs, by name.
        reader: A file of Python that imports the standard library and numpy alone; its function
            ``encode(values, settings)`` turns N raw values into a tensor. None where no input has a reader.
        notes: What the exported form does not do, a sentence each.
        following: Of a language model, the tokens that may follow; None for others.
        beside: Files that stand beside the loader of a folder, such as one that generates texts.
    """

    inputs: tuple[RawInput, ...]
    encode: nn.Module
    raw: Callable[[Inputs], dict[str, Raw]]
    reader: Path | None = None
    notes: tuple[str, ...] = ()
    following: Following | None = None
    beside: tuple[Path, ...] = ()


def number(name: str, about: str) -> RawInput:
    """Return an input of one number for each example, in double precision, with NaN for a missing one."""
    return RawInput(name, NUMBER, ("N",), torch.zeros(2, dtype=torch.float64), about)


def category(name: str, words: tuple[str, ...], about: str) -> RawInput:
    """Return an input of one word for each example."""
    return RawInput(name, CATEGORY, ("N",), torch.zeros(2, dtype=torch.int64), about, words)


def fold(word: str) -> str:
    """Return a word in lower case, with single blanks."""
    return " ".join(word.split()).casefold()


def folded(words: tuple[str, ...]) -> dict[str, int]:
    """Return the number of each learnt word in lower case with single blanks, where that is one word."""
    every = [fold(word) for word in words]
    counts = Counter(every)
    return {one: at for at, one in enumerate(every) if one and counts[one] == 1}


def numbers_of(one: RawInput, values: Raw) -> NDArray[np.int64]:
    """Return the number of each value of a category, in their shape; -1 for one that was not learnt."""
    known, others = {word: at for at, word in enumerate(one.words)}, one.folded
    found = [known.get(word, others.get(fold(word), -1)) for word in map(str, values.flat)]
    return np.array(found, np.int64).reshape(values.shape)
