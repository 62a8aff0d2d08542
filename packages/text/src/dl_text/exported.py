"""How texts are prepared outside of dl: a reader turns them into token ids, the rest is exported with the network."""

from __future__ import annotations

import zlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Inputs
from dl.data.ragged import Ragged, as_text
from dl.domain import Preprocessor
from dl.options import Options
from dl.padded import Padded
from dl.preparation import TOKENS, Following, Preparation, Raw, RawInput
from dl_text import generate, tokenizer
from dl_text.language import CausalPreprocessor, known_tokens, next_logits
from dl_text.onnx_strings import as_strings
from dl_text.prepare import TextPreprocessor
from dl_text.vocabulary import RESERVED, Vocabulary

NAME = "text"


class AsBatch(nn.Module):
    """Turns token ids, padded with 0, into a batch."""

    def forward(self, ids: Tensor) -> Padded:
        """Return ids (N, T) with the number of those of each text."""
        return Padded(ids, (ids != 0).sum(dim=1).clamp_min(1))


def prepare(preprocessor: Preprocessor, _options: Options) -> Preparation:
    """Describe the preparation of texts for an export."""
    if isinstance(preprocessor, CausalPreprocessor):
        return _of_language(preprocessor)
    assert isinstance(preprocessor, TextPreprocessor)
    of_tokens = preprocessor.vocabulary.settings
    settings = {
        **_settings(preprocessor.vocabulary),
        "ngrams": of_tokens.ngrams,
        "max_len": of_tokens.max_len,
        "truncate": of_tokens.truncate,
    }
    example = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    one = _input(example, _about(preprocessor.vocabulary), settings)
    return Preparation((one,), AsBatch(), raw_texts, Path(tokenizer.__file__))


def _input(example: Tensor, about: str, settings: dict[str, Any]) -> RawInput:  # Any: JSON
    return RawInput(NAME, TOKENS, ("N", "T"), example, about, (), settings, partial(as_strings, settings))


def _settings(vocabulary: Vocabulary) -> dict[str, Any]:  # Any: JSON
    """Return what every reader of texts needs to know."""
    return {
        "tokens": vocabulary.settings.tokens,
        "vocabulary": list(vocabulary.tokens),
        "merges": [list(pair) for pair in vocabulary.merges],
    }


def _about(vocabulary: Vocabulary) -> str:
    kind = vocabulary.settings.tokens
    return f"texts, split into {kind if kind != 'bpe' else 'byte pairs'}"


def raw_texts(inputs: Inputs) -> dict[str, Raw]:
    """Return the texts of examples."""
    assert isinstance(inputs, Ragged)
    return {NAME: np.array([as_text(text) for text in inputs], object)}


# Language models


def _of_language(preprocessor: CausalPreprocessor) -> Preparation:
    """Describe the preparation of texts that are continued."""
    vocabulary, start = preprocessor.vocabulary, preprocessor.start
    most = preprocessor.longest - 1
    settings = {**_settings(vocabulary), "ngrams": 1, "max_len": most, "truncate": "head", "start": start}
    example = torch.tensor([[start, 2, 2, 2, 2], [start, 2, 2, 0, 0]])
    about = f"{_about(vocabulary)}, of which the last {most:,} are read, after the id {start}"
    one = _input(example, about, settings)

    def logits(output: Tensor, batch: Padded) -> Tensor:
        rows = torch.arange(output.shape[0], device=output.device)
        return output[rows, batch.lengths - 1, RESERVED:start]

    def after(network: nn.Module, text: str) -> Tensor:
        return next_logits(network, preprocessor, known_tokens(preprocessor, text))[RESERVED:start]

    following = Following(vocabulary.tokens, logits, after)
    files = Path(tokenizer.__file__), (Path(generate.__file__),)
    return Preparation((one,), AsBatch(), raw_beginnings, files[0], following=following, beside=files[1])


def raw_beginnings(inputs: Inputs) -> dict[str, Raw]:
    """Return the texts of examples up to a place that differs from text to text, after which a token is told."""
    texts = raw_texts(inputs)[NAME]
    return {NAME: np.array([text[: 1 + zlib.crc32(text.encode()) % max(len(text), 1)] for text in texts], object)}
