"""The tabular plugin: domain, models and recipes. Registering imports neither torch nor numpy nor pyarrow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options, Space
from dl.specs import DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables import options as tables
from dl.version import PROJECT
from dl_tabular.defaults import defaults

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain
    from dl.learner import Learner

DOMAIN = "tabular"
RECIPES = Path(__file__).parent / "recipes"
RATES = Space(0.0, 0.7)  # of dropout
READING = (
    Option("categories", "", "columns to read as categories though they hold numbers, as postcodes; comma-separated"),
    Option("leave_out", "", "columns to ignore, comma-separated"),
    Option(
        "missing", "auto", "numbers that mark a missing value, as -999, or by column, as rain:-999,age:999; or none"
    ),
    Option("derive", "", "columns to add, as each=rooms/people; comma-separated; a name of several words in quotes"),
    Option(
        "gaps", "auto", "mark missing values where training rows have some, or in all columns", choices=("auto", "all")
    ),
    Option(
        "scaling",
        "auto",
        "scale numbers by mean and deviation, or to normal quantiles; auto takes these for columns with heavy tails",
        choices=("auto", "standard", "quantile"),
    ),
    Option(
        "pieces",
        0,
        "encode numbers also by their place in at most so many intervals between quantiles; 0 for none",
        low=0,
        high=1000,
    ),
    Option("dates", "auto", "in 01/02/2024, the day or the month first", choices=("auto", "day", "month")),
    *tables.OPTIONS,
)


LINEAR = Option(
    "linear", False, "mix in a linear model of the inputs, its share chosen by the validation loss", regularizes=True
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
BOOSTING = (
    Option("iterations", 100, "number of trees, for each class where there are several", low=1, high=10_000),
    Option("rate", 0.1, "what each tree adds is multiplied by this", low=1e-6, high=1.0),
    Option("leaves", 31, "most leaves of a tree", low=2, high=10_000),
)
XGBOOST = (
    Option("iterations", 300, "number of trees, for each class where there are several", low=1, high=10_000),
    Option("rate", 0.1, "what each tree adds is multiplied by this", low=1e-6, high=1.0),
    Option("depth", 6, "most questions from the root of a tree to a leaf", low=1, high=64),
    Option("rows", 0.8, "share of the rows, drawn anew for each tree", low=0.01, high=1.0),
    Option("columns", 0.8, "share of the columns, drawn anew for each tree", low=0.01, high=1.0),
)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Register the domain of tables."""
    return (
        DomainSpec(
            DOMAIN,
            "tables: columns of numbers and categories",
            _load_domain,
            "fast",
            READING,
            defaults=defaults,
            branch="rows",
        ),
    )


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Register the networks and the learners."""
    return (
        ModelSpec(
            "dense",
            DOMAIN,
            "multilayer perceptron with hidden layers of one width",
            _dense,
            (
                Option("width", 64, "units of each hidden layer", low=1, high=16384, units=True),
                Option("depth", 2, "number of hidden layers", low=1, high=64),
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
            ),
        ),
        ModelSpec(
            "residual",
            DOMAIN,
            "multilayer perceptron of residual blocks of one width",
            _residual,
            (
                Option(
                    "width", 64, "units between the blocks; each block has twice as many", low=1, high=8192, units=True
                ),
                Option("depth", 2, "number of blocks, of two layers each", low=1, high=64),
                Option("dropout", 0.1, "dropout rate in each block", low=0.0, high=0.95, space=RATES, regularizes=True),
                LINEAR,
            ),
        ),
        ModelSpec(
            "autoencoder",
            DOMAIN,
            "reconstructs rows through a code of few numbers, by dense layers",
            options=(
                Option("code", 8, "numbers of the code", low=1, high=4096),
                Option("width", 64, "units of each hidden layer", low=1, high=16384, units=True),
                Option("depth", 1, "number of hidden layers on each side of the code", low=0, high=8),
            ),
            recipe="autoencoder",
            build_autoencoder=_autoencoder,
        ),
        ModelSpec(
            "linear",
            DOMAIN,
            "logistic or ridge regression of scikit-learn, to be beaten",
            options=(PENALTY,),
            classifier=_linear_classifier,
            regressor=_linear_regressor,
        ),
        ModelSpec(
            "boosting",
            DOMAIN,
            "histogram gradient boosting of scikit-learn, to be beaten",
            options=BOOSTING,
            classifier=_boosting_classifier,
            regressor=_boosting_regressor,
        ),
        ModelSpec(
            "xgboost",
            DOMAIN,
            f"gradient boosting of xgboost, an extra: pip install '{PROJECT}-tabular[xgboost]'",
            options=XGBOOST,
            classifier=_xgboost_classifier,
            regressor=_xgboost_regressor,
        ),
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """Register the recipes in the folder beside this file."""
    return recipes_in(RECIPES, DOMAIN)


def _load_domain() -> Domain:
    from dl_tabular.domain import load

    return load()


def _dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_tabular.models import dense

    return dense(shape, outputs, options)


def _autoencoder(shape: InputShape, options: Options) -> nn.Module:
    from dl_tabular.models import autoencoder

    return autoencoder(shape, options)


def _residual(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_tabular.models import residual

    return residual(shape, outputs, options)


def _linear_classifier(options: Options) -> Learner:
    from dl_tabular.learners import linear_classifier

    return linear_classifier(options)


def _linear_regressor(options: Options) -> Learner:
    from dl_tabular.learners import linear_regressor

    return linear_regressor(options)


def _boosting_classifier(options: Options) -> Learner:
    from dl_tabular.learners import boosting_classifier

    return boosting_classifier(options)


def _boosting_regressor(options: Options) -> Learner:
    from dl_tabular.learners import boosting_regressor

    return boosting_regressor(options)


def _xgboost_classifier(options: Options) -> Learner:
    from dl_tabular.xgboost import xgboost_classifier

    return xgboost_classifier(options)


def _xgboost_regressor(options: Options) -> Learner:
    from dl_tabular.xgboost import xgboost_regressor

    return xgboost_regressor(options)
