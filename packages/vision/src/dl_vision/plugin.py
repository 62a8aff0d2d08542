"""The vision plugin: domains, models and recipes. Registering imports neither torch nor numpy nor pillow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options, Space
from dl.specs import DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables import options as tables
from dl_vision.defaults import defaults
from dl_vision.frames import specs as frames

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain
    from dl.learner import Learner

DOMAIN = "vision"
RECIPES = Path(__file__).parent / "recipes"
RATES = Space(0.0, 0.7)  # of dropout
VALUES = ("auto", "bool", "byte", "unit", "signed", "16-bit")

READING = (
    Option(
        "size",
        0,
        "resize to this height and width; 0 keeps the size that all have, or takes a middle one",
        low=0,
        high=4096,
    ),
    Option(
        "line_height",
        0,
        "read images as lines: resize to this height in proportion, pad to the widest; 0 for other images",
        low=0,
        high=512,
    ),
    Option("colour", "auto", "auto: grey if every image is grey, otherwise rgb", choices=("auto", "grey", "rgb")),
    Option(
        "scale",
        "auto",
        "scale pixels to mean 0 and deviation 1, or to 0..1; auto: as the model needs, otherwise standard",
        choices=("auto", "standard", "unit"),
    ),
    Option("bad_files", "stop", "at an unreadable image, stop, or skip and count it", choices=("stop", "skip")),
    Option("values", "auto", "of an array of images: its black and white", choices=VALUES),
    *tables.OPTIONS,
)
POOLS = ("max", "avg", "stride")
POOL = Option("pool", "max", "downsample by 2x2 max or average pooling, or strided convolutions", choices=POOLS)
DROPOUT = Option(
    "dropout", 0.0, "dropout rate before the last layer", low=0.0, high=0.95, space=RATES, regularizes=True
)
ACTIVATIONS = ("relu", "leaky-relu", "elu", "gelu", "silu", "mish", "tanh")
ACTIVATION = Option("activation", "relu", "activation of the hidden layers", choices=ACTIVATIONS)
NORMS = ("batch", "group", "none")
STARTS = ("torch", "he", "glorot")
STEM = Option(
    "stem", 2, "stride of the first convolution; 1 sees more of small images, at four times the work", low=1, high=4
)


LINEAR = Option(
    "linear", False, "mix in a linear model of the inputs, its share chosen by the validation loss", regularizes=True
)
CODE = Option("code", 32, "numbers of the code", low=1, high=4096)
PENALTY = Option(
    "penalty",
    "auto",
    "penalty on the squared weights; auto takes 100 for classes, and for numbers what cross-validation chooses",
    low=1e-9,
    high=1e9,
    choices=("auto",),
    or_number=True,
)


def _norm(default: str) -> Option:
    """Return the option of the norm after a convolution."""
    help_ = "norm of the feature maps: of the batch, of groups of an image's channels, or none"
    return Option("norm", default, help_, choices=NORMS)


def _start(default: str) -> Option:
    """Return the option of the first weights."""
    return Option("start", default, "first weights: as PyTorch draws them, or by He or Glorot", choices=STARTS)


DEEP = (  # options of the deep networks
    DROPOUT,
    replace(_norm("batch"), space=Space(choices=("batch", "group"))),
    replace(ACTIVATION, space=Space(choices=("relu", "gelu", "silu"))),
    _start("he"),
)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Register the domains of images and of frames."""
    return (
        DomainSpec(
            DOMAIN,
            "images: photographs, drawings, digits",
            _load_domain,
            "fast",
            READING,
            defaults=defaults,
            branch="images",
        ),
        *frames.DOMAINS,
    )


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Register the networks, the default first, and the learners."""
    return (
        ModelSpec(
            "convnet",
            DOMAIN,
            "small convnet with batch norm: 5x5 stride 2, then 3x3, doubling the channels",
            _build_convnet,
            (
                Option(
                    "width",
                    16,
                    "channels of the first convolution, doubled by each further one",
                    low=1,
                    high=512,
                    units=True,
                ),
                Option("depth", 3, "number of convolutions", low=1, high=6),
                POOL,
                DROPOUT,
                LINEAR,
                _norm("batch"),
                ACTIVATION,
                _start("torch"),
            ),
        ),
        ModelSpec(
            "book-convnet",
            DOMAIN,
            "three 3x3 convolutions (32, 64, 64), 2x2 pooling, dense 64: 93,322 parameters on MNIST",
            _build_book_convnet,
            (
                Option(
                    "width",
                    32,
                    "channels of the first convolution; the next two have twice as many",
                    low=1,
                    high=512,
                    units=True,
                ),
                Option("dense", 64, "units of the hidden dense layer", low=1, high=8192, units=True),
                POOL,
                DROPOUT,
                _norm("none"),
                ACTIVATION,
                _start("glorot"),
            ),
        ),
        ModelSpec(
            "dense",
            DOMAIN,
            "multilayer perceptron on the flattened image: one hidden layer of 512",
            _build_dense,
            (
                Option("width", 512, "units of each hidden layer", low=1, high=16384, units=True),
                Option("depth", 1, "number of hidden layers; 0 is a linear model", low=0, high=20),
                Option(
                    "dropout",
                    0.0,
                    "dropout rate after each hidden layer",
                    low=0.0,
                    high=0.95,
                    space=RATES,
                    regularizes=True,
                ),
                LINEAR,
                ACTIVATION,
                _start("glorot"),
            ),
        ),
        ModelSpec(
            "resnet",
            DOMAIN,
            "small residual network, norm before each convolution, for 28 to 96 pixels",
            _build_resnet,
            (
                Option(
                    "width", 16, "channels of the first stage, doubled by each further one", low=1, high=512, units=True
                ),
                Option("stages", 3, "number of stages, each of half the size of the one before", low=1, high=6),
                Option("blocks", 1, "residual blocks in each stage, of two convolutions", low=1, high=12),
                STEM,
                *DEEP,
            ),
            recipe="resnet",
        ),
        ModelSpec(
            "separable",
            DOMAIN,
            "depthwise separable convolutions with shortcuts: few weights for their depth",
            _build_separable,
            (
                Option(
                    "width", 32, "channels of the first convolution, doubled by each block", low=1, high=512, units=True
                ),
                Option(
                    "depth", 3, "number of blocks, of two separable convolutions; each halves the map", low=1, high=6
                ),
                STEM,
                POOL,
                *DEEP,
            ),
            recipe="separable",
        ),
        ModelSpec(
            "inception",
            DOMAIN,
            "modules of four branches: 1x1, 3x3 and twice 3x3 filters, and pooling",
            _build_inception,
            (
                Option(
                    "width",
                    8,
                    "channels of each branch of the first module, doubled by each further one",
                    low=1,
                    high=256,
                    units=True,
                ),
                Option("depth", 3, "number of modules; the map is halved between them", low=1, high=6),
                STEM,
                POOL,
                *DEEP,
            ),
            recipe="inception",
        ),
        ModelSpec(
            "crnn",
            DOMAIN,
            "reads lines: convolutions, then a bidirectional LSTM from left to right",
            _build_crnn,
            (
                Option(
                    "width",
                    16,
                    "channels of the first convolution, doubled by each further one",
                    low=1,
                    high=256,
                    units=True,
                ),
                Option("units", 96, "units of the LSTM in each direction", low=1, high=4096, units=True),
                Option("layers", 1, "layers of the LSTM", low=1, high=8),
                DROPOUT,
                _norm("batch"),
                ACTIVATION,
                _start("torch"),
            ),
            recipe="lines",
            build_steps=_build_crnn_steps,
        ),
        ModelSpec(
            "autoencoder",
            DOMAIN,
            "reconstructs images through a code of few numbers, by dense layers",
            options=(
                CODE,
                Option(
                    "width", 512, "units of the first layer, halved by each next one", low=1, high=16384, units=True
                ),
                Option("depth", 2, "number of hidden layers on each side of the code", low=0, high=8),
            ),
            recipe="autoencoder",
            build_autoencoder=_build_autoencoder,
        ),
        ModelSpec(
            "conv-autoencoder",
            DOMAIN,
            "reconstructs images through a code of few numbers, by convolutions",
            options=(
                CODE,
                Option(
                    "width", 16, "channels of the first layer, doubled by each next one", low=1, high=256, units=True
                ),
                Option("depth", 2, "number of convolutions that halve the image", low=1, high=6),
            ),
            recipe="conv-autoencoder",
            build_autoencoder=_build_conv_autoencoder,
        ),
        ModelSpec(
            "linear",
            DOMAIN,
            "logistic or ridge regression of scikit-learn on pixels, to be beaten",
            options=(PENALTY,),
            classifier=_linear_classifier,
            regressor=_linear_regressor,
        ),
        ModelSpec(
            "neighbours",
            DOMAIN,
            "nearest neighbours of scikit-learn in pixels, to be beaten",
            options=(Option("count", 5, "number of neighbours that vote", low=1, high=10_000),),
            classifier=_neighbours_classifier,
            regressor=_neighbours_regressor,
        ),
        *frames.MODELS,
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """Register the recipes in the folder beside this file; the first comment line of each describes it."""
    return (*recipes_in(RECIPES, DOMAIN), *frames.RECIPES)


def _load_domain() -> Domain:
    from dl_vision.domain import load

    return load()


def _build_convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.convnets import convnet

    return convnet(shape, outputs, options)


def _build_book_convnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.convnets import book_convnet

    return book_convnet(shape, outputs, options)


def _build_crnn(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.lines import crnn

    return crnn(shape, outputs, options)


def _build_crnn_steps(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.lines import crnn_steps

    return crnn_steps(shape, outputs, options)


def _build_autoencoder(shape: InputShape, options: Options) -> nn.Module:
    from dl_vision.autoencoders import dense_autoencoder

    return dense_autoencoder(shape, options)


def _build_conv_autoencoder(shape: InputShape, options: Options) -> nn.Module:
    from dl_vision.autoencoders import conv_autoencoder

    return conv_autoencoder(shape, options)


def _build_dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.dense import dense

    return dense(shape, outputs, options)


def _build_resnet(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.residual import resnet

    return resnet(shape, outputs, options)


def _build_separable(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.separable import separable

    return separable(shape, outputs, options)


def _build_inception(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_vision.inception import inception

    return inception(shape, outputs, options)


def _linear_classifier(options: Options) -> Learner:
    from dl_vision.learners import linear_classifier

    return linear_classifier(options)


def _linear_regressor(options: Options) -> Learner:
    from dl_vision.learners import linear_regressor

    return linear_regressor(options)


def _neighbours_classifier(options: Options) -> Learner:
    from dl_vision.learners import neighbours_classifier

    return neighbours_classifier(options)


def _neighbours_regressor(options: Options) -> Learner:
    from dl_vision.learners import neighbours_regressor

    return neighbours_regressor(options)
