"""The text plugin: domain, models and recipes. Registering imports neither torch nor numpy nor tokenizers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options, Space
from dl.specs import DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables.options import OPTIONS as OF_TABLES
from dl_text.defaults import defaults

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain
    from dl.learner import Learner

DOMAIN = "text"
RECIPES = Path(__file__).parent / "recipes"
RATES = Space(0.0, 0.7)  # of dropout

READING = (
    Option(
        "tokens", "words", "tokenize to lower-case words, byte pairs or characters", choices=("words", "bpe", "chars")
    ),
    Option("vocabulary", 10_000, "size: the most frequent tokens of the training set", low=1, high=1_000_000),
    Option("ngrams", 1, "2 adds bigrams to the vocabulary, for bags", low=1, high=2),
    Option("max_len", 500, "truncate texts to this number of tokens; 0 keeps all", low=0, high=1_000_000),
    Option("truncate", "head", "cut longer texts at the head or the tail", choices=("head", "tail")),
    Option(
        "weights",
        "count",
        "weigh tokens in a bag by count, presence (multi-hot) or tf-idf, of known tokens alone or of all",
        choices=("count", "multi-hot", "tf-idf", "tf-idf-known"),
    ),
    Option(
        "window",
        256,
        "next-token: cut texts into rows of at most this number of characters",
        low=2,
        high=1_000_000,
    ),
    Option("megabytes", 0.0, "next-token: use at most this much text of each split; 0 takes all", low=0.0),
    Option("bad_files", "stop", "at an unreadable file, stop, or skip and count it", choices=("stop", "skip")),
    *OF_TABLES,
)
DROPOUT = Option(
    "dropout", 0.0, "dropout rate before the last layer", low=0.0, high=0.95, space=RATES, regularizes=True
)
EMBEDDING = Option("embedding", 32, "embedding dimension", low=1, high=4096, units=True)
PENALTY = Option(
    "penalty",
    "auto",
    "penalty on the squared weights; auto takes 0.1 for classes, and for numbers what cross-validation chooses",
    low=1e-9,
    high=1e9,
    choices=("auto",),
    or_number=True,
)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Register the domain of texts."""
    return (
        DomainSpec(
            DOMAIN,
            "texts: reviews, messages, sentences",
            _load_domain,
            "fast",
            READING,
            (".txt",),
            defaults=defaults,
            branch="texts",
        ),
    )


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Register the networks, each with its default recipe, and the learners."""
    return (
        ModelSpec(
            "bag",
            DOMAIN,
            "bag of tokens with dense layers, computed sparsely",
            _build_bag,
            (
                Option("width", 16, "units of each hidden layer", low=1, high=8192, units=True),
                Option("depth", 1, "number of hidden layers; 0 is a linear model", low=0, high=10),
                Option(
                    "dropout",
                    0.0,
                    "dropout rate after each hidden layer",
                    low=0.0,
                    high=0.95,
                    space=RATES,
                    regularizes=True,
                ),
            ),
            recipe="bag",
        ),
        ModelSpec(
            "embedding-bag",
            DOMAIN,
            "mean of the token embeddings and a linear layer",
            _build_embedding_bag,
            (EMBEDDING, DROPOUT),
            recipe="embedding-bag",
        ),
        ModelSpec(
            "lstm",
            DOMAIN,
            "embedding and recurrent layers: lstm, gru or rnn",
            _build_recurrent,
            (
                EMBEDDING,
                Option("units", 32, "hidden units in each direction", low=1, high=4096, units=True),
                Option("layers", 1, "number of recurrent layers", low=1, high=8),
                Option("cell", "lstm", "kind of recurrent layer", choices=("lstm", "gru", "rnn")),
                Option("bidirectional", False, "also read each text backwards"),
                Option("pool", "last", "classify from the last state or the mean of all", choices=("last", "mean")),
                Option("recurrent_dropout", 0.0, "dropout rate of hidden-to-hidden weights", low=0.0, high=0.95),
                DROPOUT,
            ),
            recipe="lstm",
            build_causal=_build_causal_recurrent,
        ),
        ModelSpec(
            "conv1d",
            DOMAIN,
            "convolutions over tokens and max pooling over time",
            _build_conv1d,
            (
                EMBEDDING,
                Option("filters", 64, "filters of each width", low=1, high=4096, units=True),
                Option("sizes", "3,4,5", "widths of the convolutions in tokens, comma-separated"),
                DROPOUT,
            ),
            recipe="conv1d",
        ),
        ModelSpec(
            "transformer",
            DOMAIN,
            "small transformer encoder",
            _build_transformer,
            (
                Option("width", 64, "embedding dimension", low=2, high=4096, units=True),
                Option("heads", 2, "number of attention heads", low=1, high=64),
                Option("layers", 1, "number of encoder layers", low=1, high=24),
                Option(
                    "dropout", 0.1, "dropout rate within the layers", low=0.0, high=0.95, space=RATES, regularizes=True
                ),
            ),
            recipe="transformer",
            build_causal=_build_causal_transformer,
        ),
        ModelSpec(
            "linear",
            DOMAIN,
            "logistic or ridge regression of scikit-learn on words and pairs, to be beaten",
            options=(PENALTY,),
            classifier=_linear_classifier,
            regressor=_linear_regressor,
        ),
        ModelSpec(
            "bayes",
            DOMAIN,
            "naive Bayes of scikit-learn on words and pairs, to be beaten",
            options=(Option("smoothing", 0.1, "added to the count of each word in each class", low=1e-9, high=1e6),),
            classifier=_bayes_classifier,
        ),
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """Register the recipes in the folder beside this file; the first comment line of each describes it."""
    return recipes_in(RECIPES, DOMAIN)


def _load_domain() -> Domain:
    from dl_text.domain import load

    return load()


def _build_bag(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_text.models import bag

    return bag(shape, outputs, options)


def _build_embedding_bag(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_text.models import EmbeddingBag

    return EmbeddingBag(shape, outputs, options)


def _build_recurrent(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_text.models import Recurrent

    return Recurrent(shape, outputs, options)


def _build_conv1d(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_text.models import Conv1d

    return Conv1d(shape, outputs, options)


def _build_transformer(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_text.models import Transformer

    return Transformer(shape, outputs, options)


def _build_causal_recurrent(shape: InputShape, options: Options) -> nn.Module:
    from dl_text.causal import CausalRecurrent

    return CausalRecurrent(shape, options)


def _build_causal_transformer(shape: InputShape, options: Options) -> nn.Module:
    from dl_text.causal import CausalTransformer

    return CausalTransformer(shape, options)


def _linear_classifier(options: Options) -> Learner:
    from dl_text.learners import linear_classifier

    return linear_classifier(options)


def _linear_regressor(options: Options) -> Learner:
    from dl_text.learners import linear_regressor

    return linear_regressor(options)


def _bayes_classifier(options: Options) -> Learner:
    from dl_text.learners import bayes_classifier

    return bayes_classifier(options)
