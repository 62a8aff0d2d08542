"""Networks on tokens: recurrent, convolutional, bags, and a small transformer encoder.

Each maps a `Padded` batch to logits (B, outputs) that do not depend on the padding.
Letters: ``B`` texts, ``T`` tokens of the longest, ``E`` embedding, ``H`` hidden units.
"""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.errors import BadOption
from dl.options import InputShape, Options
from dl.padded import Padded, masked_mean, reversed_positions
from dl_text.vocabulary import PADDING


def embedding(shape: InputShape, width: int, *, like_the_book: bool = True) -> nn.Embedding:
    """Return an embedding (V, E) with a zero row for padding, initialized uniformly in ±0.05 as the book's library."""
    table = nn.Embedding(shape[1], width, padding_idx=PADDING)
    if like_the_book:
        nn.init.uniform_(table.weight, -0.05, 0.05)
    with torch.no_grad():
        table.weight[PADDING] = 0
    return table


class Recurrent(nn.Module):
    """An embedding, recurrent layers, and a linear layer on the last state or the mean of the states.

    Args:
        shape: (most tokens, V).
        outputs: Number of logits.
        options: Of the model ``lstm``.
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width, units, layers = (int(options[name]) for name in ("embedding", "units", "layers"))
        self.pool, self.both = str(options["pool"]), bool(options["bidirectional"])
        self.embedding = embedding(shape, width)
        cells = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
        self.cells = nn.ModuleList()  # one for each layer and direction
        for layer in range(layers):
            reads = width if layer == 0 else units * (1 + self.both)
            for _ in range(1 + self.both):
                self.cells.append(cells[str(options["cell"])](reads, units, batch_first=True))
        self.recurrent_dropout = float(options["recurrent_dropout"])
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(units * (1 + self.both), outputs)
        for cell in self.cells:
            init_recurrent(cell)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of texts to logits (B, outputs)."""
        states, mask = self.embedding(batch.values), batch.mask
        backwards = reversed_positions(mask) if self.both else None
        for layer in range(0, len(self.cells), 1 + self.both):
            found = [self._read(self.cells[layer], states)]
            if backwards is not None:
                reversed_states = self._read(self.cells[layer + 1], _along(states, backwards))
                found.append(_along(reversed_states, backwards))
            states = torch.cat(found, dim=2) if len(found) > 1 else found[0]
        pooled = masked_mean(states, mask) if self.pool == "mean" else self._last(states, batch.lengths)
        logits: Tensor = self.head(self.dropout(pooled))
        return logits

    def _read(self, cell: nn.Module, tokens: Tensor) -> Tensor:
        """Return the states (B, T, H); padding follows the tokens, so it does not affect them."""
        return states_of(cell, tokens, self.recurrent_dropout if self.training else 0.0)

    def _last(self, states: Tensor, lengths: Tensor) -> Tensor:
        """Return the final state of each direction, (B, H)."""
        rows = torch.arange(states.shape[0], device=states.device)
        last = states[rows, lengths - 1]
        if not self.both:
            return last
        half = states.shape[2] // 2
        return torch.cat([last[:, :half], states[:, 0, half:]], dim=1)


def states_of(cell: nn.Module, tokens: Tensor, dropped: float) -> Tensor:
    """Return the states of a recurrent layer at each token, (B, T, H), with a share of its connections dropped.

    On a CPU autocast is disabled: not every CPU has recurrent kernels in lower precision.
    """
    on_cpu = tokens.device.type == "cpu" and not torch.compiler.is_exporting()
    mixed = torch.autocast("cpu", enabled=False) if on_cpu else nullcontext()
    with DropConnect(cell, dropped), mixed:
        states: Tensor = cell(tokens.to(next(cell.parameters()).dtype) if tokens.device.type == "cpu" else tokens)[0]
    return states


def _along(states: Tensor, positions: Tensor) -> Tensor:
    return states.gather(1, positions[:, :, None].expand_as(states))


class DropConnect:
    """A context that drops recurrent weights, the same ones at every token of the batch.

    Source: Merity, Keskar, Socher 2018 (DropConnect on hidden-to-hidden weights), which needs no loop over tokens.
    """

    def __init__(self, cell: nn.Module, share: float) -> None:
        self.cell, self.share = cell, share
        self.whole: dict[str, nn.Parameter] = {}

    def __enter__(self) -> None:
        if not self.share:
            return
        for name, weight in list(self.cell.named_parameters()):
            if name.startswith("weight_hh"):
                self.whole[name] = weight
                del self.cell._parameters[name]
                setattr(self.cell, name, F.dropout(weight, self.share))

    def __exit__(self, *_: object) -> None:
        for name, weight in self.whole.items():
            delattr(self.cell, name)
            self.cell.register_parameter(name, weight)
        self.whole = {}


def init_recurrent(cell: nn.Module) -> None:
    """Initialize a recurrent layer: Glorot for inputs, orthogonal between states, an open forget gate.

    Source: Jozefowicz, Zaremba, Sutskever 2015 for the forget gate's bias of 1.
    """
    gates = 4 if isinstance(cell, nn.LSTM) else 3 if isinstance(cell, nn.GRU) else 1
    for name, weight in cell.named_parameters():
        with torch.no_grad():
            if name.startswith("weight_ih"):
                nn.init.xavier_uniform_(weight)
            elif name.startswith("weight_hh"):
                for gate in weight.chunk(gates):
                    nn.init.orthogonal_(gate)
            else:
                weight.zero_()
                if gates == 4 and name.startswith("bias_ih"):
                    weight[len(weight) // 4 : len(weight) // 2] = 1


class SparseLinear(nn.Module):
    """A linear layer on a bag of tokens, computed as a sum of rows without a vector of the vocabulary's length.

    Args:
        numbers: V, the number of token ids.
        units: Width of the output.
    """

    def __init__(self, numbers: int, units: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(numbers, units))
        self.bias = nn.Parameter(torch.zeros(units))
        nn.init.xavier_uniform_(self.weight)
        with torch.no_grad():
            self.weight[PADDING] = 0

    def forward(self, batch: Padded) -> Tensor:
        """Return the weighted sum of the rows of each text's tokens, (B, units)."""
        counts = None if batch.weights is None else batch.weights.to(self.weight.dtype)
        if torch.compiler.is_exporting():  # few other programs have a bag
            counts = batch.mask.to(self.weight.dtype) if counts is None else counts
            return (self.weight[batch.values] * counts[:, :, None]).sum(dim=1) + self.bias
        summed = F.embedding_bag(batch.values, self.weight, mode="sum", per_sample_weights=counts, padding_idx=PADDING)
        return summed + self.bias


def bag(shape: InputShape, outputs: int, options: Options) -> nn.Sequential:
    """Build a bag of tokens with dense layers; ``depth=0`` is a linear model."""
    width, depth, share = int(options["width"]), int(options["depth"]), float(options["dropout"])
    layers: list[nn.Module] = [SparseLinear(shape[1], width if depth else outputs)]
    for layer in range(1, depth + 1):
        dense = nn.Linear(width, width if layer < depth else outputs)
        nn.init.xavier_uniform_(dense.weight)
        nn.init.zeros_(dense.bias)
        layers += [nn.ReLU(), nn.Dropout(share), dense]
    return nn.Sequential(*layers)


class EmbeddingBag(nn.Module):
    """The mean of a text's embeddings into one linear layer. Source: Joulin et al. 2017 (fastText)."""

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width = int(options["embedding"])
        self.bag = nn.EmbeddingBag(shape[1], width, mode="mean", padding_idx=PADDING)
        nn.init.uniform_(self.bag.weight, -0.05, 0.05)
        with torch.no_grad():
            self.bag.weight[PADDING] = 0
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(width, outputs)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of texts to logits (B, outputs)."""
        if torch.compiler.is_exporting():  # as in SparseLinear
            bag = masked_mean(self.bag.weight[batch.values], batch.mask)
        else:
            bag = self.bag(batch.values)
        logits: Tensor = self.head(self.dropout(bag))
        return logits


class Conv1d(nn.Module):
    """Convolutions of several widths over tokens, max pooling over time, and a linear layer. Source: Kim 2014."""

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width, filters = int(options["embedding"]), int(options["filters"])
        sizes = [int(size) for size in _sizes(str(options["sizes"]))]
        self.embedding = embedding(shape, width)
        self.sizes = sizes
        self.convolutions = nn.ModuleList(nn.Conv1d(width, filters, size, padding=size - 1) for size in sizes)
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(filters * len(sizes), outputs)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of texts to logits (B, outputs)."""
        tokens = self.embedding(batch.values).transpose(1, 2)  # (B, E, T); padding is 0
        found = []
        for size, convolution in zip(self.sizes, self.convolutions, strict=True):
            activations = F.relu(convolution(tokens))  # (B, filters, T + size - 1): all windows that touch the text
            reach = batch.lengths[:, None] + size - 1
            beyond = torch.arange(activations.shape[2], device=activations.device) >= reach
            found.append(activations.masked_fill(beyond[:, None], 0).amax(dim=2))
        logits: Tensor = self.head(self.dropout(torch.cat(found, dim=1)))
        return logits


def _sizes(text: str) -> list[str]:
    sizes = text.split(",")
    if not all(size.isdigit() and 1 <= int(size) <= 64 for size in sizes):
        raise BadOption(f"sizes={text}: expected widths in tokens from 1 to 64, comma-separated, as in 3,4,5")
    return sizes


class Transformer(nn.Module):
    """Embedding and sinusoidal positions, pre-norm encoder layers, the mean of their states, a linear layer.

    Source: Vaswani et al. 2017; layer norm before each sublayer as in Xiong et al. 2020.
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width = int(options["width"])
        self.embedding, self.encoder = embedding(shape, width), encoder(options)
        self.head = nn.Linear(width, outputs)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of texts to logits (B, outputs)."""
        tokens = self.embedding(batch.values)
        states = self.encoder(tokens + positional_encoding(tokens), src_key_padding_mask=~batch.mask)
        logits: Tensor = self.head(masked_mean(states, batch.mask))
        return logits


def encoder(options: Options) -> nn.TransformerEncoder:
    """Build pre-norm encoder layers with a final norm.

    Raises:
        BadOption: If the width is odd or not a multiple of the heads.
    """
    width, heads, layers = (int(options[name]) for name in ("width", "heads", "layers"))
    if width % heads or width % 2:
        raise BadOption(f"width={width} heads={heads}: the width must be even and a multiple of the heads")
    dropout = float(options["dropout"])
    layer = nn.TransformerEncoderLayer(width, heads, 4 * width, dropout, "gelu", batch_first=True, norm_first=True)
    return nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)


def positional_encoding(tokens: Tensor) -> Tensor:
    """Return sinusoidal encodings (T, E) for tokens (B, T, E), scaled to the size of the initial embedding."""
    count, width = tokens.shape[1:]
    at = torch.arange(count, device=tokens.device, dtype=tokens.dtype)[:, None]
    waves = torch.exp(torch.arange(0, width, 2, device=tokens.device, dtype=tokens.dtype) * (-9.21034 / width))
    return torch.stack([(at * waves).sin(), (at * waves).cos()], dim=2).flatten(1) * 0.05
