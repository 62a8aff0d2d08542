"""Recipes: every option of a fit as one frozen value, stored in the run folder as TOML.

A recipe names registered things and gives values; reading one never imports or evaluates code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import tomli_w

from dl import sealed
from dl.defaults import Default
from dl.errors import BadOption, BadRecipe, nearest
from dl.options import WEIGHTS, Option, Space, Value
from dl.plugins.model_file import copy_model, kept_model, placed_model

VERSION = 1
RECIPE = "recipe.toml"  # of a run, a study or a workflow
AUTO = "auto"  # as ``val``: the data set's own validation share
LR, BATCH_SIZE = FOUND = (
    "lr",
    "batch_size",
)  # of training, found by short fits where they are ``auto``
SHUFFLE, FULL, BLOCKS = "shuffle", "full", "blocks"  # of training: the order of an epoch
SAVE_EVERY = "save_every"  # of training, which changes nothing in a fit
LARGEST = 1_000_000  # bytes of a recipe file
SCHEDULES = ("constant", "one-cycle", "cosine")
DECAYING = ("adamw", "sgd")  # optimizers with weight decay

TRAIN_OPTIONS = (
    Option("epochs", 5, "number of passes over the training set", low=1, high=100_000),
    Option("batch_size", 128, "examples per optimizer step; dl fit takes auto", low=1, high=1_000_000),
    Option("optimizer", "rmsprop", "rmsprop, adam, adamw or sgd", choices=("rmsprop", "adam", "adamw", "sgd")),
    Option(
        "lr",
        1e-3,
        "learning rate; the peak of a schedule; dl fit takes auto",
        low=0.0,
        space=Space(0.1, 10.0, log=True, relative=True),
    ),
    Option("schedule", "constant", "constant, one-cycle or cosine", choices=SCHEDULES, space=Space(choices=SCHEDULES)),
    Option("weight_decay", 0.0, "decoupled weight decay, for adamw and sgd", low=0.0, space=Space(1e-5, 0.1, log=True)),
    Option("momentum", 0.0, "momentum, for sgd and rmsprop", low=0.0, high=1.0),
    Option("clip", 0.0, "clip gradients to this norm; 0 does not clip", low=0.0),
    Option("loss", "auto", "loss of a task with several: cross-entropy or squared-error for unit-regression"),
    Option("positive", AUTO, "of two classes, the one to find: precision and recall are its; auto takes the rarer"),
    Option(
        "target_scale",
        AUTO,
        "of a regression, learn the values or their logarithm; auto takes the logarithm of positive, skewed ones",
        choices=(AUTO, "plain", "log"),
    ),
    Option(
        "threshold",
        AUTO,
        "yes from this probability on: a number, f1, balanced-accuracy, recall:0.95, precision:0.9; auto takes f1 for "
        "rare classes",
    ),
    Option(WEIGHTS, AUTO, "of the losses of several targets: auto learns them; equal; or price=1,sold=0.5"),
    Option("monitor", "metric", "choose the best epoch by the headline metric or the loss", choices=("metric", "loss")),
    Option(
        SHUFFLE,
        AUTO,
        "order of an epoch: full, of all rows; blocks, of data larger than memory; auto takes what fits",
        choices=(AUTO, FULL, BLOCKS),
    ),
    Option(SAVE_EVERY, 60.0, "seconds between two saves of the state from which dl fit --resume continues", low=0.0),
)
OF_LEARNERS = tuple(  # which are not trained in epochs
    one for one in TRAIN_OPTIONS if one.name in ("positive", "target_scale", "threshold")
)
SPLIT_OPTIONS = (
    Option(
        "val",
        AUTO,
        "size of the validation set: a number, or a share below 1; auto takes the data set's own",
        low=0.0,
        choices=(AUTO,),
        or_number=True,
    ),
    Option("probe", 10_000, "training examples scored after each epoch; at most the validation set's size", low=1),
    Option(
        "duplicates",
        "together",
        "keep exact duplicates on one side of the split, or near copies of texts as well",
        choices=("together", "near", "ignore"),
    ),
    Option("stratify_on", "", "keep the shares of an input column on both sides, or of the label; empty: of classes"),
    Option(
        "on_leak",
        "warn",
        "where the guards find a leak: stop before the fit, warn, or fix what has a remedy",
        choices=("stop", "warn", "fix"),
    ),
    Option("protocol", "holdout", "how many fits a score is made of, for dl cv: kfold:4, iterated-kfold:4x3, ..."),
    Option("fold", 0, "number of the one fit of the protocol that is made; 0 for all", low=0, high=1_000),
    Option(
        "time_window",
        "expanding",
        "of folds forward in time, learn from all that is older, or from the block before",
        choices=("expanding", "sliding"),
    ),
)


@dataclass(frozen=True)
class Recipe:
    """All options of a fit, resolved.

    Args:
        domain: Name of the domain.
        data: Name of a data set, or a path.
        model: Name of the model; of a file with its path and its hash.
        task: Name of the task; empty to infer it from the target.
        seed: Of the split, the weights, the batches and every other random draw.
        model_options: Checked options of the model.
        regularizers: Checked options of each regularizer, in the order of application.
        train: Checked `TRAIN_OPTIONS`.
        split: Checked `SPLIT_OPTIONS`.
        data_options: Checked options of the domain and the data set.
        is_open: Whether the data still decides what nobody stated (`dl.recipes.settle`); never in a recipe file.
        stated: What was typed for an open recipe: ``train.lr``, ``model_options.width``, ``reg.l2``.
        find: Options of training that a fit finds before it begins; never in a recipe file.
        from_run: Path of the run whose weights and preprocessor the fit goes on from; empty for a fit from the start.
        from_hash: Of these weights and that preprocessor.
    """

    domain: str
    data: str
    model: str
    task: str = ""
    seed: int = 0
    model_options: Mapping[str, Value] = field(default_factory=dict)
    regularizers: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    train: Mapping[str, Value] = field(default_factory=dict)
    split: Mapping[str, Value] = field(default_factory=dict)
    data_options: Mapping[str, Value] = field(default_factory=dict)
    is_open: bool = False
    stated: frozenset[str] = frozenset()
    find: frozenset[str] = frozenset()
    from_run: str = ""
    from_hash: str = ""

    def need_found(self, verb: str) -> None:
        """Refuse options that are to be found where several fits share them.

        Raises:
            BadOption: Naming one.
        """
        for name in sorted(self.find):
            hint = "dl curve DATA --over lr" if name == LR else "dl fit"
            raise BadOption(f"{name}={AUTO}: {verb} takes a number, which all of its fits share; {hint} finds one")

    def to_toml(self, comments: Sequence[str] = ()) -> str:
        """Return the recipe as TOML that `parse_recipe` reads back, with lines of comment before it."""
        head = {"version": VERSION, "domain": self.domain, "data": self.data, "task": self.task, "seed": self.seed}
        head |= {"from": self.from_run, "from_hash": self.from_hash} if self.from_run else {}
        tables: dict[str, dict[str, object]] = {
            "model": {"name": kept_model(self.model), **self.model_options},
            "train": dict(self.train),
            "split": dict(self.split),
            "options": dict(self.data_options),
        }
        if self.regularizers:
            tables["reg"] = {name: dict(options) for name, options in self.regularizers.items()}
        return "".join(f"# {line}\n" for line in comments) + tomli_w.dumps(head | tables)

    def flat(self) -> dict[str, Value]:
        """Return every option under a dotted name, like ``train.lr`` and ``reg.l2.strength``, for loggers."""
        head: dict[str, Value] = {"domain": self.domain, "data": self.data, "task": self.task, "seed": self.seed}
        head |= {"from": self.from_run} if self.from_run else {}
        tables = {"model": self.model_options, "train": self.train, "split": self.split, "options": self.data_options}
        tables |= {f"reg.{name}": options for name, options in self.regularizers.items()}
        rest = {f"{table}.{name}": value for table, options in tables.items() for name, value in options.items()}
        return head | {"model": kept_model(self.model)} | rest


@dataclass(frozen=True)
class PartialRecipe:
    """The content of a recipe file, not yet checked against a schema; the caller fills in what is missing.

    ``is_open`` and ``stated`` are as in `Recipe`; a file has neither.
    """

    domain: str = ""
    data: str = ""
    task: str = ""
    seed: int | None = None
    model: str = ""
    model_options: Mapping[str, object] = field(default_factory=dict)
    regularizers: Mapping[str, object] = field(default_factory=dict)  # options, or the value of the first one
    train: Mapping[str, object] = field(default_factory=dict)
    split: Mapping[str, object] = field(default_factory=dict)
    data_options: Mapping[str, object] = field(default_factory=dict)
    is_open: bool = False
    stated: frozenset[str] = frozenset()
    from_run: str = ""
    from_hash: str = ""


_HEAD = {"version": int, "domain": str, "data": str, "task": str, "seed": int, "from": str, "from_hash": str}
_TABLES = ("model", "reg", "train", "split", "options")


@lru_cache(maxsize=64)  # the remedies of a report start from the same few recipes, a hundred times
def parse_recipe(text: str, where: str) -> PartialRecipe:
    """Parse the TOML of a full or partial recipe.

    Args:
        text: The TOML.
        where: Named in errors.

    Raises:
        BadOption: If a key is unknown, has the wrong type, or the version is newer.
        BadRecipe: If it is not TOML.
    """
    try:
        stored: dict[str, Any] = tomllib.loads(text)  # Any: TOML values, checked below
    except (ValueError, RecursionError) as error:  # ValueError: not TOML, or a number of thousands of digits
        raise BadRecipe(f"recipe {where}: not TOML: {error}") from error
    _check_shape(stored, where)
    model = dict(stored.get("model", {}))
    return PartialRecipe(
        domain=stored.get("domain", ""),
        data=stored.get("data", ""),
        task=stored.get("task", ""),
        seed=stored.get("seed"),
        model=str(model.pop("name", "")),
        model_options=model,
        regularizers=stored.get("reg", {}),
        train=stored.get("train", {}),
        split=stored.get("split", {}),
        data_options=stored.get("options", {}),
        from_run=stored.get("from", ""),
        from_hash=stored.get("from_hash", ""),
    )


def read_recipe(path: Path) -> PartialRecipe:
    """Read a recipe file.

    Raises:
        BadNetwork: If it names code without its hash.
        BadRecipe: If it is missing, too large or not text.
        BadOption: As `parse_recipe`.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise BadRecipe(f"recipe {str(path)!r} has more than {LARGEST:,} bytes; is it a recipe?")
        text = sealed.read(path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRecipe(f"recipe {str(path)!r} cannot be read: {getattr(error, 'strerror', None) or error}") from error
    found = parse_recipe(text, repr(str(path)))
    return replace(found, model=placed_model(found.model, path.parent))


def recipe_text(recipe: Recipe, defaults: Sequence[Default] = ()) -> str:
    """Return the text of ``recipe.toml``: every choice, after the reasons of those that follow from the data."""
    return recipe.to_toml([one.in_words for one in defaults])


def write_recipe(folder: Path, recipe: Recipe, defaults: Sequence[Default] = ()) -> None:
    """Write ``recipe.toml`` into a folder, and beside it a copy of the code that it names.

    Args:
        folder: That exists.
        recipe: Every choice.
        defaults: Those of them that follow from the data.
    """
    copy_model(recipe.model, folder)
    sealed.write(folder / RECIPE, recipe_text(recipe, defaults).encode("utf-8", errors="surrogateescape"))


def _check_shape(stored: Mapping[str, Any], where: str) -> None:
    for name, value in stored.items():
        if name in _TABLES:
            if not isinstance(value, dict):
                raise BadOption(f"recipe {where}: {name} must be a table, [{name}]")
        elif name not in _HEAD:
            raise BadOption(f"recipe {where}: unknown key {name!r}{nearest(name, [*_HEAD, *_TABLES])}")
        elif type(value) is not _HEAD[name]:
            raise BadOption(f"recipe {where}: {name} = {value!r} is not {_HEAD[name].__name__}")
    if not 1 <= stored.get("version", VERSION) <= VERSION:
        raise BadOption(f"recipe {where}: version {stored['version']}; this dl reads up to {VERSION}")
