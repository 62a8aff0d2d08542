"""Preprocess texts: UTF-8 bytes to token ids, once; then batches of ids and weights on the network's device.

The vocabulary is learnt from the training set alone and stored with the run.
Letters: ``B`` texts of a batch, ``T`` tokens of the longest of them, ``V`` token ids.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from dl.data.examples import Inputs, Subset
from dl.data.ragged import Ragged
from dl.domain import Preprocessor
from dl.errors import BadData, DamagedRun
from dl.options import Options
from dl.padded import Padded
from dl_text import cache
from dl_text.vocabulary import UNKNOWN, Settings, Tokens, Truncate, Vocabulary, from_json

WEIGHTS = ("count", "multi-hot", "tf-idf", "tf-idf-known")
CHUNK = 1 << 16  # texts processed at once


class TextPreprocessor(Preprocessor):
    """Turns texts into token ids and their weights.

    Args:
        vocabulary: Of the training set.
        weights: ``count``: each token weighs 1; ``multi-hot``: only the first of its kind in a text does; ``tf-idf``:
            term frequency times inverse document frequency, normalized to length 1 per text; ``tf-idf-known``: the same
            without unknown tokens, which otherwise take a part of that length that training texts never had.
    """

    idf: Tensor  # (V,)

    def __init__(self, vocabulary: Vocabulary, weights: str) -> None:
        super().__init__()
        self.vocabulary, self.weights = vocabulary, weights
        idf = torch.from_numpy(vocabulary.idf)
        if weights == "tf-idf-known":
            idf[UNKNOWN] = 0
        self.register_buffer("idf", idf)

    @property
    def input_shape(self) -> tuple[int, int]:
        """(``max_len``, or 0 for any length; V)."""
        return self.vocabulary.settings.max_len, self.vocabulary.size

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the vocabulary and the kind of weights, as JSON values."""
        return {"weights": self.weights, "vocabulary": self.vocabulary.to_json()}

    def encode(self, inputs: Inputs) -> Ragged:
        """Encode the UTF-8 bytes of N texts to token ids, or take them from the cache.

        Raises:
            BadData: If the inputs are not texts.
        """
        if not isinstance(inputs, Ragged) or inputs.values.dtype != np.uint8:
            raise BadData("texts are stored as rows of UTF-8 bytes; this data set has something else")
        return cache.encode(self.vocabulary, inputs)

    def all_unknown(self, stored: Inputs) -> NDArray[np.bool_]:
        """Return which texts have no token of the vocabulary, (N,)."""
        found = np.zeros(len(stored), bool)
        assert isinstance(stored, Ragged)  # from `encode`; no row is empty
        for first in range(0, len(stored), CHUNK):
            offsets = stored.offsets[first : first + CHUNK + 1]
            known = stored.values[offsets[0] : offsets[-1]] != UNKNOWN
            found[first : first + len(offsets) - 1] = ~np.logical_or.reduceat(known, offsets[:-1] - offsets[0])
        return found

    def unknown_share(self, stored: Inputs) -> NDArray[np.float64]:
        """Return the share of the tokens of each text that are not in the vocabulary, (N,)."""
        assert isinstance(stored, Ragged)  # from `encode`; no row is empty
        counts = np.add.reduceat((stored.values == UNKNOWN).astype(np.int64), stored.offsets[:-1].astype(np.int64))
        return np.asarray(counts / stored.lengths)

    def forward(self, inputs: Padded) -> Padded:
        """Add to a batch the weights of its tokens (B, T), unless each weighs 1."""
        if self.weights == "multi-hot":
            return inputs._replace(weights=is_first(inputs.values).to(self.idf.dtype))
        if self.weights in ("tf-idf", "tf-idf-known"):
            return inputs._replace(weights=tf_idf(inputs.values, self.idf))
        return inputs

    def example_input(self) -> Padded:
        """Return a text of one unknown token."""
        return self.forward(Padded(torch.ones(1, 1, dtype=torch.int64), torch.ones(1, dtype=torch.int64)))


def is_first(values: Tensor) -> Tensor:
    """Return which tokens of each text (B, T) are the first of their kind in it, (B, T) bool; padding is False."""
    exporting = (
        torch.compiler.is_exporting()
    )  # to ONNX, which has no stable order; whichever is taken, a bag is the same
    ordered, at = values.sort(dim=1) if exporting else values.sort(dim=1, stable=True)
    first = F.pad(ordered[:, 1:] != ordered[:, :-1], (1, 0), value=True) & (ordered != 0)
    return torch.zeros_like(first).scatter(1, at, first)


def tf_idf(values: Tensor, idf: Tensor) -> Tensor:
    """Return the weight of each token of each text (B, T): its idf, normalized so that bags have length 1.

    A token that occurs k times in a text adds its weight k times, so the bag's entry is term frequency times idf.
    """
    rare = idf[values]  # 0 for padding
    ordered, at = values.sort(dim=1)
    same = torch.zeros_like(rare).scatter_add(1, _runs(ordered), rare.gather(1, at))  # (B, T) entries of the bag
    return rare / same.square().sum(dim=1, keepdim=True).sqrt().clamp_min(1e-12)


def _runs(ordered: Tensor) -> Tensor:
    """Number the runs of equal values in each row, from 0."""
    return F.pad((ordered[:, 1:] != ordered[:, :-1]).long(), (1, 0)).cumsum(dim=1)


def learn(subset: Subset, options: Options) -> TextPreprocessor:
    """Learn the vocabulary of a training set, or take it from the cache.

    Raises:
        BadData: If the inputs are not texts, or hold no token.
    """
    vocabulary = cache.learn_vocabulary(subset, settings_of(options))
    return TextPreprocessor(vocabulary, str(options["weights"]))


def settings_of(options: Options) -> Settings:
    """Build the settings of tokenizing from the options of the domain."""
    tokens, truncate = options["tokens"], options["truncate"]  # checked against the same choices
    size, ngrams, max_len = (int(options[name]) for name in ("vocabulary", "ngrams", "max_len"))
    return Settings(cast("Tokens", tokens), size, ngrams, max_len, cast("Truncate", truncate))


def restore(settings: dict[str, Any]) -> TextPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `TextPreprocessor.settings`.
    """
    weights = settings.get("weights")
    if weights not in WEIGHTS or not isinstance(settings.get("vocabulary"), dict):
        raise DamagedRun("preprocessor.json does not hold a vocabulary")
    return TextPreprocessor(from_json(settings["vocabulary"]), weights)
