"""What the text package adds to dl. Listing it imports neither torch nor numpy nor tokenizers; building does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options
from dl.specs import DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables.options import OPTIONS as OF_TABLES

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain

DOMAIN = "text"
RECIPES = Path(__file__).parent / "recipes"

READING = (
    Option("tokens", "words", "lower-cased words, byte pairs, or characters", choices=("words", "bpe", "chars")),
    Option("vocabulary", 10_000, "tokens that are kept, the most frequent of the training part", low=1, high=1_000_000),
    Option("ngrams", 1, "2 counts pairs of neighbouring tokens as tokens, for bags", low=1, high=2),
    Option("max_len", 500, "most tokens of a text; 0 keeps all", low=0, high=1_000_000),
    Option("truncate", "head", "what a longer text loses: its head or its tail", choices=("head", "tail")),
    Option(
        "weights",
        "count",
        "what a token counts in a bag: each 1, the first of its kind 1, or by rarity",
        choices=("count", "multi-hot", "tf-idf"),
    ),
    Option(
        "window",
        256,
        "of next-token: most characters of a row; a longer text is cut into several",
        low=2,
        high=1_000_000,
    ),
    Option("megabytes", 0.0, "of next-token: most text that is looked at, in each part; 0 takes all", low=0.0),
    Option("bad_files", "stop", "files that are no readable text: stop, or skip and count", choices=("stop", "skip")),
    *OF_TABLES,
)
DROPOUT = Option("dropout", 0.0, "share of values dropped in training before the last layer", low=0.0, high=0.95)
EMBEDDING = Option("embedding", 32, "numbers that stand for a token", low=1, high=4096, units=True)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Texts: from a named data set, a table, a folder of texts by class, or a file without any class."""
    return (DomainSpec(DOMAIN, "texts: reviews, messages, sentences", _load_domain, "fast", READING, (".txt",)),)


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """The networks; each names the recipe it is at home in."""
    return (
        ModelSpec(
            "bag",
            DOMAIN,
            "a bag of tokens into dense layers; sparse all the way",
            _build_bag,
            (
                Option("width", 16, "units of each hidden layer", low=1, high=8192, units=True),
                Option("depth", 1, "hidden layers; 0 is a linear model", low=0, high=10),
                Option("dropout", 0.0, "share dropped in training after each hidden layer", low=0.0, high=0.95),
            ),
            recipe="bag",
        ),
        ModelSpec(
            "embedding-bag",
            DOMAIN,
            "the mean of a text's embeddings into one linear layer",
            _build_embedding_bag,
            (EMBEDDING, DROPOUT),
            recipe="embedding-bag",
        ),
        ModelSpec(
            "lstm",
            DOMAIN,
            "embedding and a recurrent net: lstm, gru or rnn",
            _build_recurrent,
            (
                EMBEDDING,
                Option("units", 32, "of the recurrent net, each direction", low=1, high=4096, units=True),
                Option("layers", 1, "recurrent nets, one on top of the other", low=1, high=8),
                Option("cell", "lstm", "kind of recurrent net", choices=("lstm", "gru", "rnn")),
                Option("bidirectional", False, "also read each text from its end"),
                Option("pool", "last", "what is read of the states: the last, or their mean", choices=("last", "mean")),
                Option("recurrent_dropout", 0.0, "share of connections between states dropped", low=0.0, high=0.95),
                DROPOUT,
            ),
            recipe="lstm",
            build_causal=_build_causal_recurrent,
        ),
        ModelSpec(
            "conv1d",
            DOMAIN,
            "convolutions over tokens, the largest answer of each",
            _build_conv1d,
            (
                EMBEDDING,
                Option("filters", 64, "convolutions of each width", low=1, high=4096, units=True),
                Option("sizes", "3,4,5", "widths of the convolutions in tokens"),
                DROPOUT,
            ),
            recipe="conv1d",
        ),
        ModelSpec(
            "transformer",
            DOMAIN,
            "a small encoder: attention between tokens",
            _build_transformer,
            (
                Option("width", 64, "numbers that stand for a token", low=2, high=4096, units=True),
                Option("heads", 2, "of attention", low=1, high=64),
                Option("layers", 1, "of attention and dense", low=1, high=24),
                Option("dropout", 0.1, "share dropped within the layers", low=0.0, high=0.95),
            ),
            recipe="transformer",
            build_causal=_build_causal_transformer,
        ),
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """The recipes in the folder beside this file; the first comment line of each describes it."""
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
