"""What the tabular package adds to dl. Listing it imports neither torch nor numpy nor pyarrow; building does."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dl.hookspecs import hookimpl
from dl.options import InputShape, Option, Options
from dl.specs import DomainSpec, ModelSpec, RecipeSpec, recipes_in
from dl.tables import options as tables

if TYPE_CHECKING:
    from torch import nn

    from dl.domain import Domain

DOMAIN = "tabular"
RECIPES = Path(__file__).parent / "recipes"
READING = (
    Option("categories", "", "columns of numbers that are names for something, as postcodes, with commas"),
    Option("leave_out", "", "columns that are not looked at, with commas"),
    *tables.OPTIONS,
)


@hookimpl
def register_domains() -> tuple[DomainSpec, ...]:
    """Rows of a table: from a named data set or the user's own file."""
    return (DomainSpec(DOMAIN, "tables: columns of numbers and categories", _load_domain, "fast", READING),)


@hookimpl
def register_models() -> tuple[ModelSpec, ...]:
    """Dense layers, and none."""
    return (
        ModelSpec(
            "dense",
            DOMAIN,
            "hidden layers of one width",
            _dense,
            (
                Option("width", 64, "units of each hidden layer", low=1, high=16384, units=True),
                Option("depth", 2, "hidden layers", low=1, high=64),
                Option("dropout", 0.0, "share of values dropped in training after each", low=0.0, high=0.95),
            ),
        ),
        ModelSpec("linear", DOMAIN, "no hidden layer: a linear model", _linear),
    )


@hookimpl
def register_recipes() -> tuple[RecipeSpec, ...]:
    """The default, and the book's."""
    return recipes_in(RECIPES, DOMAIN)


def _load_domain() -> Domain:
    from dl_tabular.domain import load

    return load()


def _dense(shape: InputShape, outputs: int, options: Options) -> nn.Module:
    from dl_tabular.models import dense

    return dense(shape, outputs, options)


def _linear(shape: InputShape, outputs: int, _options: Options) -> nn.Module:
    from torch import nn

    return nn.Linear(shape[0], outputs)
