"""Language models: preprocess texts to rows of tokens for the task next-token, and generate text from a prompt.

A row is a start token and the tokens of a window. Each token counts its characters; an unknown token
costs the nats needed to name any code point of Unicode, so that bits per character are the length of a decodable code.
Letters: ``B`` rows, ``T`` tokens of the longest, ``V`` token ids.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dl.data.examples import Inputs, Subset
from dl.data.ragged import Ragged, as_text, texts
from dl.domain import Preprocessor, Sampling
from dl.errors import BadData, BadOption, BadRun, DamagedRun
from dl.options import Options
from dl.padded import Padded
from dl.terminal import safe_text
from dl_text import bytepairs, cache
from dl_text.prepare import settings_of
from dl_text.vocabulary import RESERVED, UNKNOWN, Vocabulary, from_json

NAMED = 10  # characters in a note
CODE_POINTS = 0x110000 - 0x800  # of Unicode, without surrogates


class CausalPreprocessor(Preprocessor):
    """Turns texts into rows of tokens that begin with a start token.

    Args:
        vocabulary: Of the training set: characters or byte pairs.
        longest: Tokens of the longest training row, with the start token.
    """

    characters: Tensor  # (V,) number of characters of each token
    unknown_nats: Tensor  # (V,) cost of naming an unknown character

    def __init__(self, vocabulary: Vocabulary, longest: int) -> None:
        super().__init__()
        self.vocabulary, self.longest = vocabulary, longest
        self.start = vocabulary.size
        characters = np.zeros(self.start + 1, np.float32)
        characters[UNKNOWN] = 1
        characters[RESERVED : self.start] = _characters_of(vocabulary)
        unknown_nats = np.zeros(self.start + 1, np.float32)
        unknown_nats[UNKNOWN] = math.log(CODE_POINTS)
        self.register_buffer("characters", torch.from_numpy(characters))
        self.register_buffer("unknown_nats", torch.from_numpy(unknown_nats))

    @property
    def input_shape(self) -> tuple[int, int]:
        """(tokens of the longest training row, V)."""
        return self.longest, self.start + 1

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the vocabulary and the longest row, as JSON values."""
        return {"longest": self.longest, "vocabulary": self.vocabulary.to_json()}

    def encode(self, inputs: Inputs) -> Ragged:
        """Encode the UTF-8 bytes of windows to rows of token ids, with the start token prepended.

        Raises:
            BadData: If the inputs are not texts.
        """
        if not isinstance(inputs, Ragged) or inputs.values.dtype != np.uint8:
            raise BadData("texts are stored as rows of UTF-8 bytes; this data set has something else")
        rows = cache.encode(self.vocabulary, inputs)
        numbers = np.asarray(rows.values).astype(np.min_scalar_type(self.start), copy=False)
        values = np.insert(numbers, rows.offsets[:-1], self.start)
        return Ragged(values, rows.offsets + np.arange(len(rows.offsets)))

    def unseen(self, inputs: Inputs) -> dict[int, list[str]]:
        """Return by position the characters of texts that the training set lacks, in words."""
        assert isinstance(inputs, Ragged)  # UTF-8 bytes
        known = set("".join(self.vocabulary.tokens))
        notes: dict[int, list[str]] = {}
        for at, row in enumerate(self.vocabulary.encode(inputs)):
            if len(inputs.row(at)) and UNKNOWN in row:
                lacking = [safe_text(c) for c in dict.fromkeys(as_text(inputs.row(at))) if c not in known]
                shown = ", ".join(map(repr, lacking[:NAMED])) + (", ..." if len(lacking) > NAMED else "")
                notes[at] = [f"left out, as the training set lacks it: {shown or 'some of it'}"]
        return notes

    def forward(self, inputs: Padded) -> Padded:
        """Add to a batch the characters and the unknown nats of its tokens, (B, T) each."""
        there = inputs.mask
        weights = torch.where(there, self.characters[inputs.values], 0)
        return inputs._replace(weights=weights, unknown_nats=torch.where(there, self.unknown_nats[inputs.values], 0))

    def example_input(self) -> Padded:
        """Return one row of the start token alone."""
        one = torch.ones(1, dtype=torch.int64)
        return self.forward(Padded(one[None] * self.start, one))

    def spell(self, row: list[int]) -> str:
        """Decode token ids to a text."""
        return self.vocabulary.decode(np.array(row))


def _characters_of(vocabulary: Vocabulary) -> list[int]:
    """Count the characters of each token of a vocabulary."""
    if vocabulary.settings.tokens == "bpe":
        return [bytepairs.characters(token) for token in vocabulary.tokens]
    return [len(token) for token in vocabulary.tokens]


def learn(subset: Subset, options: Options) -> CausalPreprocessor:
    """Learn the vocabulary of a training set of windows.

    Raises:
        BadData: If the inputs are not texts.
        BadOption: If the chosen tokens cannot be decoded to a text, or ``max_len`` would truncate windows.
    """
    settings = settings_of(options)
    if settings.tokens == "words" or settings.ngrams > 1:
        choice = "tokens=words" if settings.tokens == "words" else f"ngrams={settings.ngrams}"
        raise BadOption(f"{choice} cannot be decoded to the text, as next-token needs; use tokens=chars or tokens=bpe")
    if 0 < settings.max_len < int(options["window"]):
        raise BadOption(
            f"max_len={settings.max_len} would truncate windows of {options['window']} characters  "
            f"use window={settings.max_len}"
        )
    vocabulary = cache.learn_vocabulary(subset, replace(settings, max_len=0))
    lengths = cache.encode(vocabulary, _texts(subset)).lengths
    return CausalPreprocessor(vocabulary, 1 + int(lengths[subset.index].max()))


def _texts(subset: Subset) -> Ragged:
    assert isinstance(subset.examples.inputs, Ragged)  # a vocabulary was learnt from them
    return subset.examples.inputs


def restore(settings: dict[str, Any]) -> CausalPreprocessor:  # Any: JSON
    """Rebuild a preprocessor from its settings.

    Raises:
        BadRun: If they are not those of `CausalPreprocessor.settings`.
    """
    longest = settings.get("longest")
    if type(longest) is not int or longest < 1 or not isinstance(settings.get("vocabulary"), dict):
        raise DamagedRun("preprocessor.json does not hold a vocabulary and the longest row")
    return CausalPreprocessor(from_json(settings["vocabulary"]), longest)


def generate(network: nn.Module, preprocessor: Preprocessor, prompt: str, sampling: Sampling) -> str:
    """Generate text from a prompt, token by token.

    The context of the network is the last tokens, at most as many as the longest training row has.

    Characters that the training set lacks are left out of the context, since no network has learnt from them.

    Args:
        network: Maps tokens to logits (B, T, V).
        preprocessor: Of the same run.
        prompt: The text to continue.
        sampling: Number of tokens, temperature and seed.

    Raises:
        BadRun: If the run's preprocessor is of another kind.
    """
    if not isinstance(preprocessor, CausalPreprocessor):
        raise BadRun("the run's preprocessor is not one of a language model; it cannot generate text")
    read = known_tokens(preprocessor, prompt)
    generator = torch.Generator().manual_seed(sampling.seed)
    drawn: list[int] = []
    for _ in range(sampling.tokens):
        logits = next_logits(network, preprocessor, read + drawn)
        drawn.append(_sample_token(logits, sampling.temperature, generator))
    return preprocessor.spell(read + drawn)[len(preprocessor.spell(read)) :]


def known_tokens(preprocessor: CausalPreprocessor, text: str) -> list[int]:
    """Return the token ids of a text without those that are unknown."""
    return [token for token in preprocessor.vocabulary.encode(texts([text])).row(0).tolist() if token != UNKNOWN]


@torch.inference_mode()
def next_logits(network: nn.Module, preprocessor: CausalPreprocessor, read: list[int]) -> Tensor:
    """Return the logits (V,) of the token after those read, on the CPU; minus infinity for ids that spell nothing."""
    device = preprocessor.characters.device
    row = [preprocessor.start, *read[-(preprocessor.longest - 1) :]]
    batch = preprocessor(Padded(torch.tensor([row], device=device), torch.tensor([len(row)], device=device)))
    logits: Tensor = network(batch)[0, -1].float().cpu()
    spells = torch.zeros(len(logits), dtype=torch.bool)
    spells[RESERVED : preprocessor.start] = True
    return logits.masked_fill(~spells, -torch.inf)


def _sample_token(logits: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    below = logits.double() - logits.max()  # the likeliest token has 0, whatever the temperature
    shares = torch.where(below == 0, 0.0, below / temperature).softmax(dim=0)
    return int(torch.multinomial(shares, 1, generator=generator))
