"""Language: texts prepared for a network that tells each token from those before it, and how such a network goes on.

A row is a start token, which stands for nothing, and a window's tokens. Each token counts the characters it stands for;
one that the training part does not have pays for saying which of Unicode's it was, so that bits per character are the
length of a code that anybody could read again. Letters: ``B`` rows, ``T`` tokens of the longest, ``V`` numbers.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.data.examples import Inputs, Subset
from dl.data.ragged import Ragged, texts
from dl.domain import Draw, Preprocessor
from dl.errors import BadData, BadOption, BadRun
from dl.options import Options
from dl.padded import Padded
from dl.terminal import safe_text
from dl_text import bytepairs, cache
from dl_text.prepare import SKETCHED, settings_of
from dl_text.vocabulary import PADDING, RESERVED, UNKNOWN, Vocabulary, from_json

CODE_POINTS = 0x110000 - 0x800  # of Unicode, without the halves of pairs
RUNS = 3  # neighbouring tokens by which rows are compared
KINDS = 4096  # into which such runs fall


class CausalPreprocessor(Preprocessor):
    """Rows of tokens that begin with a start token.

    Args:
        vocabulary: Of the training part: characters or byte pairs.
        longest: Tokens of the longest training row, with its start.
    """

    characters: Tensor  # (V,) that each token stands for
    unsaid: Tensor  # (V,) nats

    def __init__(self, vocabulary: Vocabulary, longest: int) -> None:
        super().__init__()
        self.vocabulary, self.longest = vocabulary, longest
        self.start = vocabulary.size
        characters = np.zeros(self.start + 1, np.float32)
        characters[UNKNOWN] = 1
        characters[RESERVED : self.start] = _characters_of(vocabulary)
        unsaid = np.zeros(self.start + 1, np.float32)
        unsaid[UNKNOWN] = math.log(CODE_POINTS)
        self.register_buffer("characters", torch.from_numpy(characters))
        self.register_buffer("unsaid", torch.from_numpy(unsaid))

    @property
    def input_shape(self) -> tuple[int, int]:
        """(tokens of the longest training row, V)."""
        return self.longest, self.start + 1

    def settings(self) -> dict[str, Any]:  # Any: JSON
        """Return the vocabulary and the length of rows, as JSON values."""
        return {"longest": self.longest, "vocabulary": self.vocabulary.to_json()}

    def encode(self, inputs: Inputs) -> Ragged:
        """Turn the UTF-8 bytes of windows into rows of tokens, each behind a start token.

        Raises:
            BadData: If the inputs are no texts.
        """
        if not isinstance(inputs, Ragged) or inputs.values.dtype != np.uint8:
            raise BadData("texts are stored as rows of UTF-8 bytes; this data set has something else")
        rows = cache.encoded(self.vocabulary, inputs)
        numbers = np.asarray(rows.values).astype(np.min_scalar_type(self.start), copy=False)
        values = np.insert(numbers, rows.offsets[:-1], self.start)
        return Ragged(values, rows.offsets + np.arange(len(rows.offsets)))

    def forward(self, inputs: Padded) -> Padded:
        """Add to a batch the characters that its tokens stand for, and what they leave unsaid."""
        there = inputs.mask
        weights = torch.where(there, self.characters[inputs.values], 0)
        return inputs._replace(weights=weights, unsaid=torch.where(there, self.unsaid[inputs.values], 0))

    def example_input(self) -> Padded:
        """Return a start token alone."""
        one = torch.ones(1, dtype=torch.int64)
        return self.forward(Padded(one[None] * self.start, one))

    def flatten(self, prepared: Padded) -> Tensor:
        """Return the sum of a random direction for each run of three tokens, over the root of their number, (B, 64).

        Rows that share long passages lie near each other; of single characters all texts of a language are alike.
        """
        values = F.pad(prepared.values, (RUNS - 1, 0))
        runs = sum(values[:, k : k + prepared.values.shape[1]] * factor for k, factor in enumerate((1, 31, 961)))
        directions = self._directions.to(values.device)
        kinds = torch.where(prepared.mask, runs % (KINDS - 1) + 1, 0)
        summed = F.embedding_bag(kinds, directions, mode="sum", padding_idx=0)
        return summed / prepared.lengths[:, None].sqrt()

    def spell(self, row: list[int]) -> str:
        """Return the text that numbers of tokens spell."""
        return self.vocabulary.decode(np.array(row))

    @cached_property
    def _directions(self) -> Tensor:
        """(KINDS, 64); the same in every run, drawn once."""
        draws = np.random.default_rng(0x7E87).standard_normal((KINDS, SKETCHED))
        return torch.from_numpy(draws.astype(np.float32))


def _characters_of(vocabulary: Vocabulary) -> list[int]:
    """Return how many characters each token of a vocabulary stands for."""
    if vocabulary.settings.tokens == "bpe":
        return [bytepairs.characters(token) for token in vocabulary.tokens]
    return [len(token) for token in vocabulary.tokens]


def learn(part: Subset, options: Options) -> CausalPreprocessor:
    """Learn the tokens of a training part of windows.

    Raises:
        BadData: If the inputs are no texts.
        BadOption: If the tokens that are asked for do not spell a text, or would cut windows.
    """
    settings = settings_of(options)
    if settings.tokens == "words" or settings.ngrams > 1:
        said = "tokens=words" if settings.tokens == "words" else f"ngrams={settings.ngrams}"
        raise BadOption(f"{said} does not spell a text again, so no next token can be told: tokens=chars or tokens=bpe")
    if 0 < settings.max_len < int(options["window"]):
        raise BadOption(
            f"max_len={settings.max_len} would cut windows of {options['window']} characters  "
            f"say window={settings.max_len}"
        )
    vocabulary = cache.learned(part, replace(settings, max_len=0))
    lengths = cache.encoded(vocabulary, _texts(part)).lengths
    return CausalPreprocessor(vocabulary, 1 + int(lengths[part.index].max()))


def _texts(part: Subset) -> Ragged:
    assert isinstance(part.examples.inputs, Ragged)  # a vocabulary was learnt from them
    return part.examples.inputs


def restore(settings: dict[str, Any]) -> CausalPreprocessor:  # Any: JSON
    """Make a preprocessor again from its settings.

    Raises:
        BadRun: If they are no settings of such texts.
    """
    longest = settings.get("longest")
    if type(longest) is not int or longest < 1 or not isinstance(settings.get("vocabulary"), dict):
        raise BadRun("preprocessor.json does not hold a vocabulary and the length of rows")
    return CausalPreprocessor(from_json(settings["vocabulary"]), longest)


def continued(network: nn.Module, preprocessor: Preprocessor, prompt: str, draw: Draw) -> str:
    """Go on with a prompt: draw a token, read it, draw the next.

    The network reads no more tokens at once than a training row had: of a longer text the last ones.

    Args:
        network: Tokens -> logits (B, T, V).
        preprocessor: As learnt with it.
        prompt: What to go on from.
        draw: How many tokens, and how they are drawn.

    Raises:
        BadData: If the prompt holds a character that the training part does not have.
        BadRun: If the run's preprocessor is of another kind.
    """
    if not isinstance(preprocessor, CausalPreprocessor):
        raise BadRun("the run's preprocessor is not one of texts that are gone on with")
    read = preprocessor.vocabulary.encode(texts([prompt])).row(0).tolist()
    _refuse_unknown(preprocessor, prompt, read)
    device = preprocessor.characters.device
    generator = torch.Generator().manual_seed(draw.seed)
    sayable = (preprocessor.characters > 0).cpu()
    sayable[[PADDING, UNKNOWN, preprocessor.start]] = False
    sayable[RESERVED : preprocessor.start] = True  # a byte that continues a character begins none, but is said
    drawn: list[int] = []
    with torch.inference_mode():
        for _ in range(draw.tokens):
            row = [preprocessor.start, *(read + drawn)[-(preprocessor.longest - 1) :]]
            values = torch.tensor([row], device=device)
            batch = preprocessor(Padded(values, torch.tensor([len(row)], device=device)))
            logits = network(batch)[0, -1].float().cpu()
            drawn.append(_drawn(logits.masked_fill(~sayable, -torch.inf), draw.temperature, generator))
    return preprocessor.spell(read + drawn)[len(preprocessor.spell(read)) :]


def _drawn(logits: Tensor, temperature: float, generator: torch.Generator) -> int:
    if temperature == 0:
        return int(logits.argmax())
    below = logits.double() - logits.max()  # the likeliest is 0, whatever it is divided by
    shares = torch.where(below == 0, 0.0, below / temperature).softmax(dim=0)
    return int(torch.multinomial(shares, 1, generator=generator))


def _refuse_unknown(preprocessor: CausalPreprocessor, prompt: str, read: list[int]) -> None:
    """Refuse a prompt with a character that no training text has.

    Raises:
        BadData: Naming it.
    """
    if UNKNOWN not in read:
        return
    known = set("".join(preprocessor.vocabulary.tokens))
    strange = next((c for c in prompt if c not in known), "")
    raise BadData(
        f"prompt {safe_text(prompt, 40)!r}: the training part does not have {safe_text(strange) or 'all of it'!r}; "
        f"it has {len(preprocessor.vocabulary.tokens):,} characters"
    )
