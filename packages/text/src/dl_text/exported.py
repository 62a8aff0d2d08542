"""How texts are prepared outside of dl: a reader turns them into token ids, the rest is exported with the network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Inputs
from dl.data.ragged import Ragged, as_text
from dl.domain import Preprocessor
from dl.errors import BadOption
from dl.options import Options
from dl.padded import Padded
from dl.preparation import TOKENS, Preparation, Raw, RawInput
from dl_text import tokenizer
from dl_text.prepare import TextPreprocessor

NAME = "text"


class AsBatch(nn.Module):
    """Turns token ids, padded with 0, into a batch."""

    def forward(self, ids: Tensor) -> Padded:
        """Return ids (N, T) with the number of those of each text."""
        return Padded(ids, (ids != 0).sum(dim=1).clamp_min(1))


def prepare(preprocessor: Preprocessor, _options: Options) -> Preparation:
    """Describe the preparation of texts for an export.

    Raises:
        BadOption: If the preprocessor is of a language model.
    """
    if not isinstance(preprocessor, TextPreprocessor):
        raise BadOption("a language model writes token by token, which no exported form does")
    vocabulary = preprocessor.vocabulary
    of_tokens = vocabulary.settings
    settings = {
        "tokens": of_tokens.tokens,
        "vocabulary": list(vocabulary.tokens),
        "merges": [list(pair) for pair in vocabulary.merges],
        "ngrams": of_tokens.ngrams,
        "max_len": of_tokens.max_len,
        "truncate": of_tokens.truncate,
    }
    example = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    about = f"texts, split into {of_tokens.tokens}" if of_tokens.tokens != "bpe" else "texts, split into byte pairs"
    one = RawInput(NAME, TOKENS, ("N", "T"), example, about, settings=settings)
    return Preparation((one,), AsBatch(), raw_texts, Path(tokenizer.__file__))


def raw_texts(inputs: Inputs) -> dict[str, Raw]:
    """Return the texts of examples."""
    assert isinstance(inputs, Ragged)
    return {NAME: np.array([as_text(text) for text in inputs], object)}
