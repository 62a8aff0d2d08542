"""Networks on series: recurrent, convolutional, and a small transformer encoder.

Each maps a `Padded` batch (B, T, C) to logits (B, outputs) that do not depend on the padding.
Letters: ``B`` series, ``T`` steps of the longest, ``C`` numbers of a step, ``H`` hidden units, ``K`` outputs.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.errors import BadOption
from dl.options import InputShape, Options
from dl.padded import Padded, masked_mean, reversed_positions
from dl_sequences.history import with_history


class Recurrent(nn.Module):
    """Recurrent layers and a linear layer on the last state, or on the mean of the states.

    Args:
        shape: (longest, C).
        outputs: Number of logits.
        options: Of the models ``lstm`` and ``gru``.
        cell: The kind of layer.
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options, cell: type[nn.LSTM] | type[nn.GRU]) -> None:
        super().__init__()
        units, layers = int(options["units"]), int(options["layers"])
        self.pool, self.both = str(options["pool"]), bool(options["bidirectional"])
        self.cells = nn.ModuleList()  # one for each layer and direction
        for layer in range(layers):
            reads = shape[1] if layer == 0 else units * (1 + self.both)
            self.cells.extend(cell(reads, units, batch_first=True) for _ in range(1 + self.both))
        self.dropout = nn.Dropout(float(options["dropout"]))
        self.head = nn.Linear(units * (1 + self.both), outputs)
        for one in self.cells:
            _open_forget_gate(one)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of series to logits (B, outputs); padding follows the steps, so no state has read it."""
        states, mask = batch.values, batch.mask
        for layer in range(0, len(self.cells), 1 + self.both):
            found = [self.cells[layer](states)[0]]
            if self.both:
                turned = reversed_positions(mask)[:, :, None]
                backwards = self.cells[layer + 1](states.gather(1, turned.expand_as(states)))[0]
                found.append(backwards.gather(1, turned.expand_as(backwards)))
            states = self.dropout(torch.cat(found, dim=2))
        logits: Tensor = self.head(masked_mean(states, mask) if self.pool == "mean" else self._last(states, batch))
        return logits

    def _last(self, states: Tensor, batch: Padded) -> Tensor:
        """Return the final state of each direction, (B, H)."""
        last = states[torch.arange(states.shape[0], device=states.device), batch.lengths - 1]
        half = states.shape[2] // 2
        return torch.cat([last[:, :half], states[:, 0, half:]], dim=1) if self.both else last


def _open_forget_gate(cell: nn.Module) -> None:
    """Begin with a forget gate that keeps the state. Source: Jozefowicz, Zaremba, Sutskever 2015."""
    if isinstance(cell, nn.LSTM):
        with torch.no_grad():
            cell.get_parameter("bias_ih_l0")[cell.hidden_size : 2 * cell.hidden_size] = 1


class ConvBlock(nn.Module):
    """Adds to steps (B, T, H) what a dilated convolution of the normalized steps gives.

    Args:
        width: H.
        size: Steps that the convolution reads.
        dilation: Distance between these.
        dropout: Rate.
    """

    def __init__(self, width: int, size: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.convolution = nn.Conv1d(width, width, size, padding="same", dilation=dilation)
        self.mix, self.dropout = nn.Linear(width, width), nn.Dropout(dropout)

    def forward(self, steps: Tensor, mask: Tensor) -> Tensor:
        """Return steps (B, T, H); padding, which is no data, is read as 0."""
        read = self.norm(steps).masked_fill(~mask[:, :, None], 0).transpose(1, 2)
        found = self.mix(F.gelu(self.convolution(read).transpose(1, 2)))
        changed: Tensor = steps + self.dropout(found)
        return changed


class Conv1d(nn.Module):
    """Residual convolutions, each with twice the reach of the one before, and mean and maximum over time.

    Source: dilations as in Bai, Kolter, Koltun 2018; both ways, as nothing here has to be causal.
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width, depth, size = int(options["width"]), int(options["depth"]), int(options["size"])
        self.first = nn.Linear(shape[1], width)
        self.blocks = nn.ModuleList(
            ConvBlock(width, size, 2**layer, float(options["dropout"])) for layer in range(depth)
        )
        self.norm, self.head = nn.LayerNorm(2 * width), nn.Linear(2 * width, outputs)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of series to logits (B, outputs)."""
        steps, mask = self.first(batch.values), batch.mask
        for block in self.blocks:
            steps = block(steps, mask)
        greatest = steps.masked_fill(~mask[:, :, None], -torch.inf).amax(dim=1)
        logits: Tensor = self.head(self.norm(torch.cat([masked_mean(steps, mask), greatest], dim=1)))
        return logits


class Transformer(nn.Module):
    """A linear layer and sinusoidal positions, pre-norm encoder layers, the mean of their states, a linear layer.

    Source: Vaswani et al. 2017; layer norm before each sublayer as in Xiong et al. 2020.
    """

    def __init__(self, shape: InputShape, outputs: int, options: Options) -> None:
        super().__init__()
        width, heads, layers = (int(options[name]) for name in ("width", "heads", "layers"))
        if width % heads or width % 2:
            raise BadOption(f"width={width} heads={heads}: the width must be even and a multiple of the heads")
        self.first = nn.Linear(shape[1], width)
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, float(options["dropout"]), "gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, outputs)

    def forward(self, batch: Padded) -> Tensor:
        """Map a batch of series to logits (B, outputs)."""
        steps, mask = self.first(batch.values), batch.mask
        states = self.encoder(steps + positions(steps), src_key_padding_mask=~mask)
        logits: Tensor = self.head(masked_mean(states, mask))
        return logits


def positions(steps: Tensor) -> Tensor:
    """Return sinusoidal encodings (T, H) of the places of steps (B, T, H)."""
    count, width = steps.shape[1:]
    at = torch.arange(count, device=steps.device, dtype=steps.dtype)[:, None]
    waves = torch.exp(torch.arange(0, width, 2, device=steps.device, dtype=steps.dtype) * (-9.21034 / width))
    return torch.stack([(at * waves).sin(), (at * waves).cos()], dim=2).flatten(1)


def lstm(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a long short-term memory."""
    return with_history(Recurrent(shape, outputs, options, nn.LSTM), shape, outputs)


def gru(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a network of gated recurrent units."""
    return with_history(Recurrent(shape, outputs, options, nn.GRU), shape, outputs)


def conv1d(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a convolutional network."""
    return with_history(Conv1d(shape, outputs, options), shape, outputs)


def transformer(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build a transformer encoder."""
    return with_history(Transformer(shape, outputs, options), shape, outputs)
