"""The plugin of sequences: domain, data sets, models and recipes. Registering imports neither torch nor numpy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options, Space
from dl.specs import DatasetSpec, DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables import options as tables
from dl_sequences.defaults import defaults
from dl_tabular.plugin import BOOSTING, PENALTY

if TYPE_CHECKING:
    from torch import nn

    from dl.data.examples import Dataset
    from dl.domain import Domain
    from dl.learner import Learner

DOMAIN = "sequence"
RECIPES = Path(__file__).parent / "recipes"
RATES = Space(0.0, 0.7)  # of dropout
READING = (
    Option("sequence_on", "", "table: column that says which series a row is a step of"),
    Option(
        "target_at",
        "constant",
        "table: the target is one value in all rows of a series, or that of its last row",
        choices=("constant", "last"),
    ),
    Option("horizon", 0, "forecast so many next values of the target; 0 forecasts nothing", low=0, high=1_000),
    Option("window", 0, "steps that a forecast reads; 0 follows horizon and season", low=0, high=100_000),
    Option(
        "season", 0, "steps of a season; 0 finds it in the first half of the series, 1 for none", low=0, high=100_000
    ),
    Option("categories", "", "columns to read as categories though they hold numbers; comma-separated"),
    Option("leave_out", "", "columns to ignore, comma-separated"),
    Option("missing", "auto", "numbers that mark a missing value, as -999, or by column, as rain:-999; or none"),
    Option(
        "scaling",
        "auto",
        "scale numbers by mean and deviation, or to normal quantiles; auto takes these for columns with heavy tails",
        choices=("auto", "standard", "quantile"),
    ),
    Option("dates", "auto", "in 01/02/2024, the day or the month first", choices=("auto", "day", "month")),
    *tables.OPTIONS,
)
DROPOUT = Option("dropout", 0.1, "dropout rate in each layer", low=0.0, high=0.95, space=RATES, regularizes=True)
RECURRENT = (
    Option("units", 64, "hidden units in each direction", low=1, high=4096, units=True),
    Option("layers", 1, "number of recurrent layers", low=1, high=8),
    Option("bidirectional", False, "also read each series backwards"),
    Option("pool", "last", "answer from the last state or the mean of all", choices=("last", "mean")),
    DROPOUT,
)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Register the domain of sequences."""
    return (
        DomainSpec(
            DOMAIN,
            "series: steps of numbers and categories, and forecasts",
            _load_domain,
            "fast",
            READING,
            defaults=defaults,
        ),
    )


@hookimpl
def register_datasets() -> tuple[DatasetSpec, ...]:
    """Register the two data sets."""
    return (
        DatasetSpec(
            "digit-rows", DOMAIN, "1,797 handwritten digits as series of their 8 rows; ten classes", _digit_rows
        ),
        DatasetSpec(
            "seattle-weather", DOMAIN, "1,461 days of weather; the heat of the next 7 days; forecast", _weather
        ),
    )


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Register the networks and the learners."""
    return (
        ModelSpec("lstm", DOMAIN, "long short-term memory", _lstm, RECURRENT),
        ModelSpec("gru", DOMAIN, "gated recurrent units", _gru, RECURRENT),
        ModelSpec(
            "conv1d",
            DOMAIN,
            "residual convolutions of growing reach, mean and maximum over time",
            _conv1d,
            (
                Option("width", 64, "channels of each block", low=1, high=4096, units=True),
                Option("depth", 3, "number of blocks; each reaches twice as far as the one before", low=1, high=16),
                Option("size", 3, "steps that a convolution reads", low=1, high=64),
                DROPOUT,
            ),
        ),
        ModelSpec(
            "transformer",
            DOMAIN,
            "small transformer encoder",
            _transformer,
            (
                Option("width", 64, "numbers of each state", low=2, high=4096, units=True),
                Option("heads", 4, "number of attention heads", low=1, high=64),
                Option("layers", 2, "number of encoder layers", low=1, high=24),
                DROPOUT,
            ),
        ),
        ModelSpec(
            "linear",
            DOMAIN,
            "logistic or ridge regression of scikit-learn on summaries, to be beaten",
            options=(PENALTY,),
            classifier=_linear_classifier,
            regressor=_linear_regressor,
        ),
        ModelSpec(
            "boosting",
            DOMAIN,
            "histogram gradient boosting of scikit-learn on summaries, to be beaten",
            options=BOOSTING,
            classifier=_boosting_classifier,
            regressor=_boosting_regressor,
        ),
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """Register the recipes in the folder beside this file."""
    return recipes_in(RECIPES, DOMAIN)


def _load_domain() -> Domain:
    from dl_sequences.domain import load

    return load()


def _digit_rows(options: Options) -> Dataset:
    from dl_sequences.data import digit_rows

    return digit_rows(options)


def _weather(options: Options) -> Dataset:
    from dl_sequences.data import weather

    return weather(options)


def _lstm(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_sequences.models import lstm

    return lstm(shape, outputs, options)


def _gru(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_sequences.models import gru

    return gru(shape, outputs, options)


def _conv1d(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_sequences.models import conv1d

    return conv1d(shape, outputs, options)


def _transformer(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_sequences.models import transformer

    return transformer(shape, outputs, options)


def _linear_classifier(options: Options) -> Learner:
    from dl_sequences.learners import linear_classifier

    return linear_classifier(options)


def _linear_regressor(options: Options) -> Learner:
    from dl_sequences.learners import linear_regressor

    return linear_regressor(options)


def _boosting_classifier(options: Options) -> Learner:
    from dl_sequences.learners import boosting_classifier

    return boosting_classifier(options)


def _boosting_regressor(options: Options) -> Learner:
    from dl_sequences.learners import boosting_regressor

    return boosting_regressor(options)
