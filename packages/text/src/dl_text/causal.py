"""Causal language models: a recurrent network and a transformer with causal attention.

Each maps a `Padded` batch to logits (B, T, V); those at a position depend on no later token, and those of a row do not
depend on the padding. Letters: ``B`` rows, ``T`` tokens of the longest, ``V`` token ids.
"""

from __future__ import annotations

from torch import Tensor, nn

from dl.errors import BadOption
from dl.options import InputShape, Options
from dl.padded import Padded
from dl_text.models import embedding, encoder, init_recurrent, positional_encoding, states_of


class CausalRecurrent(nn.Module):
    """An embedding, recurrent layers, and a linear layer on the state at each token.

    Args:
        shape: (tokens of the longest row, V).
        options: Of the model ``lstm``.

    Raises:
        BadOption: If the network would be bidirectional, or pool its states.
    """

    def __init__(self, shape: InputShape, options: Options) -> None:
        super().__init__()
        if options["bidirectional"]:
            raise BadOption("bidirectional=yes would show the network the next token; leave it out for next-token")
        if options["pool"] != "last":
            raise BadOption(f"pool={options['pool']}: next-token predicts from every state; leave it out")
        width, units, layers = (int(options[name]) for name in ("embedding", "units", "layers"))
        self.embedding = embedding(shape, width)
        cells = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
        kind = cells[str(options["cell"])]
        self.cells = nn.ModuleList(kind(width if k == 0 else units, units, batch_first=True) for k in range(layers))
        self.recurrent_dropout = float(options["recurrent_dropout"])
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(units, shape[1])
        for cell in self.cells:
            init_recurrent(cell)

    def forward(self, batch: Padded) -> Tensor:
        """Map rows of tokens (B, T) to logits (B, T, V)."""
        states = self.embedding(batch.values)
        for cell in self.cells:
            states = self.dropout(states_of(cell, states, self.recurrent_dropout if self.training else 0.0))
        logits: Tensor = self.head(states)
        return logits


class CausalTransformer(nn.Module):
    """Embedding and sinusoidal positions, layers of causal attention, and a linear layer on each state.

    Source: Vaswani et al. 2017, the decoder alone as in Radford et al. 2018; layer norm before each sublayer.
    """

    def __init__(self, shape: InputShape, options: Options) -> None:
        super().__init__()
        width = int(options["width"])
        self.embedding, self.encoder = embedding(shape, width), encoder(options)
        self.head = nn.Linear(width, shape[1])

    def forward(self, batch: Padded) -> Tensor:
        """Map rows of tokens (B, T) to logits (B, T, V)."""
        tokens = self.embedding(batch.values)
        later = nn.Transformer.generate_square_subsequent_mask(tokens.shape[1], tokens.device, tokens.dtype)
        logits: Tensor = self.head(self.encoder(tokens + positional_encoding(tokens), mask=later, is_causal=True))
        return logits
