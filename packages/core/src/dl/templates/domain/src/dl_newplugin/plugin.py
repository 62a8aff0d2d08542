"""Register this distribution with dl. Every command imports it: import heavy packages inside functions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options
from dl.specs import DatasetSpec, DomainSpec, ModelSpec, RecipeSpec, recipes_in

if TYPE_CHECKING:
    from dl.data.examples import Dataset
    from dl.domain import Domain
    from torch import nn

dl_api = 4  # the version of dl's hooks

DOMAIN = "newplugin"
SCALE = Option("scale", "standard", "values to mean 0 and deviation 1, or as they are", choices=("standard", "none"))
WIDTH = Option("width", 16, "channels of the first convolution; the next has twice", low=1, high=512, units=True)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    return (DomainSpec(DOMAIN, "signals: one in a .npy file, a folder for each class", _domain, "fast", (SCALE,)),)


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:  # a small one, so that the domain can be tried and tested
    return (DatasetSpec("waves", DOMAIN, "sines and squares, drawn by a seed", _waves),)


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    return (ModelSpec("waves", DOMAIN, "two convolutions, the maximum of each channel", _convolutions, (WIDTH,)),)


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    return recipes_in(Path(__file__).parent / "recipes", DOMAIN)


def _domain() -> Domain:
    from dl_newplugin.domain import load

    return load()


def _waves(_options: Options) -> Dataset:
    from dl_newplugin.waves import load

    return load()


def _convolutions(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_newplugin.network import convolutions

    return convolutions(shape, outputs, int(options["width"]))
