"""The plugin of networks learnt on photographs. Registering imports neither torch nor numpy."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options, Space
from dl.specs import ModelSpec
from dl_backbones.defaults import defaults

if TYPE_CHECKING:
    from torch import nn

    from dl.data.examples import Subset
    from dl.learner import Learner

DOMAIN = "vision"
SIZE = 224  # pixels of a side on which the networks were learnt
NEEDS = (("size", SIZE), ("scale", "unit"))
OPTIONS = (
    Option(
        "weights",
        "auto",
        "auto: as published; PATH: a file of safetensors or torch; none: learn all from the start",
        choices=("auto", "none"),
        is_path=True,
    ),
    Option("unfreeze", 0, "stages of the network, from the last on, that are trained with the head", low=0, high=1000),
    Option("discriminative", 0.3, "rate of each stage, as a share of the one above it", low=1e-6, high=1.0),
    Option(
        "dropout",
        0.0,
        "dropout rate of the features",
        low=0.0,
        high=0.95,
        space=Space(0.0, 0.7),
        regularizes=True,
    ),
    Option("side", 128, "enlarge images whose shorter side has fewer pixels to so many", low=1, high=1024),
)
PENALTY = Option(
    "penalty",
    "auto",
    "penalty on the squared weights; auto takes 1 for classes, and for numbers what cross-validation chooses",
    low=1e-9,
    high=1e9,
    choices=("auto",),
    or_number=True,
)
LITE0 = ModelSpec(
    "efficientnet-lite0",
    DOMAIN,
    "EfficientNet-Lite0, learnt on ImageNet (Apache 2.0): 1,280 features and a new head",
    options=OPTIONS,
    needs=NEEDS,
    defaults=defaults,
)


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Register the network that a package ships, families of networks by name, and learners on its features."""
    return (
        replace(LITE0, build=_build_lite0, start=_start_lite0, features=_features_lite0),
        ModelSpec(
            "timm",
            DOMAIN,
            "networks of timm, as timm:resnet18, where it is installed",
            options=OPTIONS,
            member=_of_timm,
        ),
        ModelSpec(
            "torchvision",
            DOMAIN,
            "networks of torchvision, as torchvision:resnet18, where it is installed",
            options=OPTIONS,
            member=_of_torchvision,
        ),
        ModelSpec(
            "linear-features",
            DOMAIN,
            "logistic or ridge regression of scikit-learn on features of efficientnet-lite0",
            options=(PENALTY,),
            classifier=_classifier,
            regressor=_regressor,
        ),
    )


def _build_lite0(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_backbones.models import build

    return build(shape, outputs, options)


def _start_lite0(network: nn.Module, options: Options) -> None:
    from dl_backbones.models import start

    start(network, options)


def _features_lite0(subset: Subset) -> Any:  # Any: an array
    from dl_backbones.learners import features

    return features(subset)


def _of_timm(name: str) -> ModelSpec:
    return _member("timm", name)


def _of_torchvision(name: str) -> ModelSpec:
    return _member("torchvision", name)


def _member(hub: str, name: str) -> ModelSpec:
    """Return a network of a family; whether there is one of this name is known once it is built."""
    return ModelSpec(
        f"{hub}:{name}",
        DOMAIN,
        f"the network {name} of {hub}, with a new head",
        partial(_build, hub, name),
        OPTIONS,
        start=partial(_start, hub, name),
        needs=NEEDS,
        defaults=defaults,
    )


def _build(hub: str, name: str, shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_backbones.hubs import HUBS

    return HUBS[hub].build(name, shape, outputs, options)


def _start(hub: str, name: str, network: nn.Module, options: Options) -> None:
    from dl_backbones.hubs import HUBS

    HUBS[hub].start(name, network, options)


def _classifier(options: Options) -> Learner:
    from dl_backbones.learners import classifier

    return classifier(options)


def _regressor(options: Options) -> Learner:
    from dl_backbones.learners import regressor

    return regressor(options)
