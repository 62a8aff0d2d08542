"""A linear path beside a deep network: a linear model of the inputs, solved before the first step, and not trained.

On few examples a network learns noise by heart that a regularized linear model averages out; on others the network is
far better. So both are there: steps train the network alone, and after each epoch the linear model gets the share in
the logits that has the least validation loss.
Source: Cheng et al. 2016, Wide & Deep Learning for Recommender Systems; Wolpert 1992, Stacked Generalization.
Letters: ``N`` examples, ``D`` numbers of an input, ``K`` outputs.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from dl.options import InputShape, Options


class SolvedLinear(nn.Module):
    """A linear model of inputs (N, ...) whose weights are solved, and not trained.

    Args:
        features: Numbers of an input, D.
        outputs: Number of logits, K.
    """

    weight: Tensor  # (K, D)
    bias: Tensor  # (K,)

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.zeros(outputs, features))
        self.register_buffer("bias", torch.zeros(outputs))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (N, K)."""
        return nn.functional.linear(inputs.flatten(1), self.weight, self.bias)


class LinearPath(nn.Module):
    """Mixes the logits of a network with those of a linear model of its inputs, in evaluation alone.

    Args:
        deep: The network, from inputs (N, ...) to logits (N, K).
        shape: Of an input.
        outputs: Number of logits, K.
    """

    share: Tensor  # of the linear model in the logits, from 0 to 1

    def __init__(self, deep: nn.Module, shape: InputShape, outputs: int) -> None:
        super().__init__()
        self.deep = deep
        self.linear = SolvedLinear(math.prod(shape), outputs)
        self.register_buffer("share", torch.zeros(()))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits (N, K): in training those of the network, in evaluation the mix."""
        deep: Tensor = self.deep(inputs)
        return deep if self.training else torch.lerp(deep, self.linear(inputs), self.share)


def with_linear_path(deep: nn.Module, shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Return a network with a linear path beside it where the option ``linear`` is on, otherwise as it is."""
    return LinearPath(deep, shape, outputs) if options.get("linear") else deep
