"""Networks learnt on photographs as bodies: pixels from 0 to 1, grey or coloured, of any size, to features.

Letters: ``N`` images, ``C`` channels, ``F`` features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dl.backbone import Backbone, Thawed
from dl.errors import BadOption
from dl.options import InputShape, Options

NONE = "none"  # value of the option weights: the network learns from the start
AUTO = "auto"


class PhotoBody(nn.Module):
    """Prepares images as a network has learnt them, and returns its features.

    Args:
        network: From pixels (N, 3, H, W) to features (N, F).
        mean: Of each channel, on a scale from 0 to 1, that is subtracted.
        std: By which the rest is divided.
        least: Pixels of the shorter side to which smaller images are enlarged.
        most: Pixels of the longer side to which larger images are reduced; 0 for none.
    """

    mean: Tensor  # (3, 1, 1)
    std: Tensor  # likewise

    def __init__(
        self, network: nn.Module, mean: Sequence[float], std: Sequence[float], least: int, most: int = 0
    ) -> None:
        super().__init__()
        self.network, self.least, self.most = network, least, most
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return features (N, F) of images (N, C, H, W) from 0 to 1."""
        height, width = images.shape[2:]
        factor = max(1.0, self.least / min(height, width))
        if self.most and max(height, width) > self.most:
            factor = self.most / max(height, width)
        if factor != 1:
            size = (max(1, round(height * factor)), max(1, round(width * factor)))
            images = F.interpolate(images, size, mode="bilinear", antialias=factor < 1)
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        prepared = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        features: Tensor = self.network(prepared)
        return features


@dataclass(frozen=True)
class Learnt:
    """A network that was learnt elsewhere.

    Args:
        name: Of the model.
        code: Its name and the version of its code.
        body: Its features.
        features: Number of them, F.
        stages: Its layers in parts, from the pixels up, of which the last ones may be trained.
        is_packaged: Whether an exact package has the weights that ``weights=auto`` loads, so that runs need not.
        origin: Of these weights, for the screen.
    """

    name: str
    code: str
    body: PhotoBody
    features: int
    stages: Sequence[Sequence[nn.Module]]
    is_packaged: bool = False
    origin: str = ""


def with_head(learnt: Learnt, shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Return a body with a new head, from prepared images (N, C, H, W) to logits (N, outputs).

    Raises:
        BadOption: If images have neither one channel nor three, or there are fewer stages than asked for.
    """
    if len(shape) != 3 or shape[0] not in (1, 3):
        found = " x ".join(map(str, shape))
        raise BadOption(f"{learnt.name} reads grey images, or those with three colours; these have the shape {found}")
    head = nn.Sequential(nn.Dropout(float(options["dropout"])), nn.Linear(learnt.features, outputs))
    if options["weights"] == NONE:
        return nn.Sequential(learnt.body, head)
    published = options["weights"] == AUTO
    return Backbone(
        learnt.body,
        head,
        learnt.name,
        code_of(learnt),
        _thawed(learnt, options),
        is_stored=not (learnt.is_packaged and published),
        origin=learnt.origin if published else f"weights from {options['weights']}",
    )


def code_of(learnt: Learnt) -> str:
    """Return name and version of all code that makes features: these are the same where it and the weights are."""
    return f"{learnt.code}, at least {learnt.body.least}, at most {learnt.body.most}"


def _thawed(learnt: Learnt, options: Options) -> list[Thawed]:
    """Return the stages to train, each at a share of the rate of the one above it, the head's first.

    Source: Howard and Ruder 2018, Universal language model fine-tuning, section 3.2 (discriminative rates).
    """
    count, ratio = int(options["unfreeze"]), float(options["discriminative"])
    if count > len(learnt.stages):
        raise BadOption(f"unfreeze={count}: {learnt.name} has {len(learnt.stages)} stages")
    last = list(learnt.stages)[len(learnt.stages) - count :]
    return [Thawed(layers, ratio ** (count - place)) for place, layers in enumerate(last)]


def network_of(network: nn.Module) -> nn.Module | None:
    """Return the network inside a body with a head; None where its weights are not to be loaded."""
    body = network.body if isinstance(network, Backbone) else None
    return body.network if isinstance(body, PhotoBody) else None
