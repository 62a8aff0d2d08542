"""Networks that map prepared inputs to their reconstruction through a code of few numbers.

Letters: ``N`` examples, ``W`` numbers of a code.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dl.padded import Prepared


class Autoencoder(nn.Module):
    """An encoder of prepared inputs to codes, and a decoder of codes to inputs.

    Args:
        encoder: (N, *shape) to (N, W).
        decoder: (N, W) to (N, *shape).
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the reconstruction of prepared inputs, (N, *shape)."""
        found: Tensor = self.decoder(self.encoder(inputs))
        return found


def code_width(network: nn.Module, blank: Prepared) -> int:
    """Return W of an autoencoder; 0 for any other network, which has no code.

    Args:
        network: Any.
        blank: One blank prepared input.
    """
    if not isinstance(network, Autoencoder):
        return 0
    training = network.training
    with torch.no_grad():
        codes: Tensor = network.eval().encoder(blank)
    network.train(training)
    return codes[0].numel()
