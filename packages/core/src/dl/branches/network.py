"""The network on inputs of several kinds: an encoder for each branch, joined, a dense layer, the logits.

Letters: ``B`` examples of a batch, ``W`` units that an encoder gives, ``K`` outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from dl.branches.prepare import BranchShapes
from dl.errors import BadOption, nearest
from dl.options import InputShape, Options, check
from dl.padded import Padded
from dl.specs import ModelSpec

JOINED = "joined"  # title of the layers behind the branches


@dataclass(frozen=True)
class Encoders:
    """The networks of one domain that may encode its branches.

    Args:
        models: By name.
        default: Name of that of the domain's default recipe.
        options: Of that, in the recipe. Any: as TOML has them.
        option: The option that names another one.
    """

    models: Mapping[str, ModelSpec]
    default: str
    options: Mapping[str, Any]
    option: str

    def build(self, shape: InputShape, width: int, asked: str) -> nn.Module:
        """Build an encoder for inputs of a shape.

        Raises:
            BadOption: If the domain has no such network.
        """
        name = asked or self.default
        if name not in self.models:
            known = ", ".join(self.models)
            raise BadOption(f"{self.option}={asked}: no such network{nearest(asked, self.models)}  networks: {known}")
        spec = self.models[name]
        options = check(spec.options, self.options if name == self.default else {}, f"model {name}")
        return spec.network(shape, width, options)


class BranchNetwork(nn.Module):
    """Encoders of all branches, joined.

    Args:
        encoders: From the prepared inputs of a branch to (B, W), by the name of the branch.
        width: Units of an encoder, and of each joining layer, W.
        depth: Number of joining layers.
        dropout: Rate after each of them.
        outputs: Number of logits, K.

    Attributes:
        titles: Heading of a stretch of layers by the beginning of their names, for the screen.
    """

    def __init__(self, encoders: Mapping[str, nn.Module], width: int, depth: int, dropout: float, outputs: int) -> None:
        super().__init__()
        self.names = tuple(encoders)
        self.titles = {f"encoders.{k}.": name for k, name in enumerate(self.names)} | {
            "joined.": JOINED,
            "head": JOINED,
        }
        self.encoders = nn.ModuleList(nn.Sequential(one, nn.ReLU()) for one in encoders.values())
        layers: list[nn.Module] = []
        size = width * len(encoders)
        for _ in range(depth):
            layers += [nn.Linear(size, width), nn.ReLU(), *([nn.Dropout(dropout)] if dropout else [])]
            size = width
        self.joined = nn.Sequential(*layers)
        self.head = nn.Linear(size, outputs)

    def forward(self, inputs: Mapping[str, Tensor | Padded]) -> Tensor:
        """Return logits (B, K)."""
        codes = [encoder(inputs[name]) for name, encoder in zip(self.names, self.encoders, strict=True)]
        logits: Tensor = self.head(self.joined(torch.cat(codes, dim=1)))
        return logits


def build(shape: InputShape, outputs: int, options: Options, encoders: Mapping[str, Encoders]) -> nn.Module:
    """Build the network for prepared inputs.

    Args:
        shape: A `BranchShapes`.
        outputs: Number of logits.
        options: Of the model `branches`.
        encoders: By the name of the domain.

    Raises:
        BadOption: If a domain has no network of the name that is asked for.
    """
    assert isinstance(shape, BranchShapes)
    width = int(options["width"])
    built = {
        name: encoders[shape.kinds[name]].build(part, width, str(options[encoders[shape.kinds[name]].option]))
        for name, part in shape.parts.items()
    }
    return BranchNetwork(built, width, int(options["depth"]), float(options["dropout"]), outputs)
