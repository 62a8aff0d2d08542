"""Dividing: from what a recipe names to the data set, and from that to the parts that a fit sees.

Evaluation begins here: whoever trains, tests or looks at data divides it in this one way. Nothing here imports torch,
and the test part stays closed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dl.data.examples import (
    Dataset,
    Examples,
    Fingerprints,
    Index,
    Subset,
    subset_fingerprint,
    unlabelled,
    whole,
    without_target,
)
from dl.data.queries import are_ranked, choose_queries, numbers_of_queries, rank_queries
from dl.errors import BadData, BadOption
from dl.finding import Finding
from dl.groups import Groups
from dl.plugins.registry import Plugins
from dl.recipes.protocol import protocol_of
from dl.recipes.recipe import AUTO, Recipe
from dl.runs.manifest import Parts
from dl.splits.copies import example_keys, joint_keys
from dl.splits.folds import Division, hold_out_fold, hold_out_stratified
from dl.splits.holdout import Split, choose_probe, holdout, holdout_newest, join_groups, without_overlap
from dl.splits.leakage import check_classes, check_split, duplicate_groups, found_in
from dl.splits.near_texts import check_near_texts, near_groups
from dl.splits.sight import check_inputs
from dl.splits.strata import Strata, strata_of
from dl.tables.options import is_table
from dl.words import many, were

if TYPE_CHECKING:
    from dl.domain import Domain

COPIES, NEAR_TEXTS, INPUTS = "copies", "near texts", "inputs"  # what the guards look for


@dataclass(frozen=True)
class DataSplits:
    """The parts that a fit sees; the test part is not among them.

    Whoever shows or keeps findings asks for them with `guarded`.

    Args:
        train: What is learnt from.
        val: What is looked at.
        probe: The part of ``train`` that is scored after each epoch.
        rule: How the split was made.
        leaked: (n,) which validation examples also stand in the training part, bit for bit.
        keys: Of ``train`` and ``val``: (n,) fingerprints that exact copies share.
        groups: Of the examples of ``train``, ``val`` and ``probe``: those named by the user, and exact copies kept
            together. None where the examples are independent.
        findings: What the guards found, once they have looked.
    """

    train: Subset
    val: Subset
    probe: Subset
    rule: str
    leaked: NDArray[np.bool_]
    keys: Mapping[str, Fingerprints]
    groups: Mapping[str, Groups | None]
    findings: list[Finding] = field(default_factory=list)

    def parts(self, dataset: Dataset, input_shape: tuple[int, ...] = ()) -> Parts:
        """Return the sizes for a manifest, with the shape of one prepared input where that is known."""
        return Parts(
            name=dataset.name,
            train=len(self.train),
            val=len(self.val),
            probe=len(self.probe),
            rule=self.rule,
            val_fingerprint=subset_fingerprint(self.val),
            input_shape=input_shape,
            test=dataset.open_test is not None,
        )


def load_dataset(recipe: Recipe, plugins: Plugins, domain: Domain) -> Dataset:
    """Read the named data set, or the user's own from its path; without its target where the inputs are the target.

    Texts whose tokens are to be told are cut into rows.

    Raises:
        BadOption: If that is asked for and inputs of this domain are no rows of tokens.
    """
    task = plugins.task(recipe.task) if recipe.task else None
    from_inputs = task is not None and task.from_inputs
    asked = task is not None and from_inputs and task.form == "causal"
    if asked and (domain.cut is None or domain.open_unlabelled is None):
        raise BadOption(
            f"--task {recipe.task}: inputs of {recipe.domain} are no rows of tokens  example: dl fit text book.txt"
        )
    if (recipe.domain, recipe.data) in plugins.datasets:
        dataset = plugins.datasets[recipe.domain, recipe.data].load(recipe.data_options)
    else:
        open_path = domain.open_unlabelled if from_inputs and domain.open_unlabelled else domain.open_path
        dataset = open_path(Path(recipe.data).expanduser(), recipe.data_options)
    if domain.cut is not None and (asked or without_target(dataset.train)):
        return domain.cut(dataset, recipe.data_options)
    if task is not None and task.by_query:
        return rank_queries(dataset)
    return unlabelled(dataset) if from_inputs else dataset


@dataclass(frozen=True)
class Numbered:
    """The training examples, numbered once for all splits of them.

    Args:
        keys: (N,) fingerprints that exact copies share.
        groups: (N,) numbers of the groups that are not cut.
    """

    keys: Fingerprints
    groups: Index

    @classmethod
    def of(cls, examples: Examples, recipe: Recipe) -> Numbered:
        """Read all inputs, and number them."""
        keys = example_keys(examples)
        return cls(keys, number_groups(examples, keys, recipe))


def split_data(dataset: Dataset, recipe: Recipe, plugins: Plugins, numbered: Numbered | None = None) -> DataSplits:
    """Split the data as the recipe says.

    Args:
        dataset: As it was read.
        recipe: With the options of the split.
        plugins: The registered plugins.
        numbered: Of the training examples, if several splits of them are made; None numbers them.

    Raises:
        BadData: If nothing can be learnt from the split, or no split can be made.
    """
    of_classes = not recipe.task or plugins.task(recipe.task).target_as == "classes"
    asked = str(recipe.split.get("stratify_on", ""))
    strata = strata_of(dataset.train, asked, str(recipe.data_options.get("target", "")), of_classes=of_classes)
    _refuse_many_fits(dataset, recipe)
    if asked and dataset.val is not None:
        raise BadOption(f"stratify_on={asked}: {dataset.name} brings its own validation set; leave stratify_on= out")
    if dataset.val is not None:
        train, val, rule = whole(dataset.train), whole(dataset.val), "as the data set brings it"
        keys, val_keys = joint_keys(dataset.train, dataset.val)
        groups = number_groups(dataset.train, keys, recipe)
        val_groups = number_groups(dataset.val, val_keys, recipe)
    else:
        numbered = numbered or Numbered.of(dataset.train, recipe)
        keys, groups = numbered.keys, numbered.groups
        held = without_overlap(_hold_out(dataset, recipe, groups, strata), dataset.train)
        train, val = (Subset(dataset.train, index) for index in (held.train, held.val))
        rule = held.rule if dataset.train.groups is None else f"{held.rule}, whole groups"
        val_keys, val_groups = keys[val.index], groups[val.index]
    refuse_no_numbers(train, "training")
    refuse_no_numbers(val, "validation")
    if of_classes:
        check_classes(train, val)
    train_keys = keys[train.index]
    seen = _next_fold(dataset, recipe, groups, strata)
    size = min(int(recipe.split["probe"]), len(val))
    probed = choose_scored(train.examples, train.index if seen is None else seen, size, recipe.seed)
    numbers = {"train": groups[train.index], "val": val_groups, "probe": groups[probed]}
    shared = {name: Groups.of(column) for name, column in numbers.items()}
    leaked = found_in(val_keys, train_keys)
    both = {"train": train_keys, "val": val_keys}
    return DataSplits(train, val, Subset(train.examples, probed), rule, leaked, both, shared)


def choose_scored(examples: Examples, positions: Index, size: int, seed: int) -> Index:
    """Choose the training examples that are scored after each epoch, whole queries where these are ranked; sorted.

    Args:
        examples: Of the training set, and perhaps others.
        positions: (n,) to choose from.
        size: Most of them; of whole queries about as many.
        seed: Of the draw.
    """
    if are_ranked(examples):
        return choose_queries(positions, numbers_of_queries(examples), size, seed)
    return choose_probe(positions, size, seed)


def guarded(dataset: Dataset, splits: DataSplits) -> DataSplits:
    """Return the splits with what the guards find in them, before anything is learnt."""
    found = [finding for guard in guards_of(dataset, splits).values() for finding in guard()]
    return replace(splits, findings=[*found, *skipped(dataset)])


def guards_of(dataset: Dataset, splits: DataSplits) -> dict[str, Callable[[], list[Finding]]]:
    """Return the guards of a split by what they look for: exact copies, near ones, telling inputs."""
    train, val, keys = splits.train, splits.val, splits.keys
    return {
        COPIES: lambda: check_split(train, keys["train"], val, keys["val"]),
        NEAR_TEXTS: lambda: check_near_texts(train, val, splits.leaked),
        INPUTS: lambda: check_inputs(dataset, train, val),
    }


def refuse_no_numbers(subset: Subset, name: str) -> None:
    """Refuse targets that are no finite numbers: their loss would be none, whatever the network answers.

    Raises:
        BadData: Naming the first example.
    """
    targets = subset.targets
    if targets.dtype.kind != "f" or not targets.size:
        return
    bad = np.flatnonzero(~np.isfinite(targets.reshape(len(targets), -1)).all(axis=1))
    if not len(bad):
        return
    first = int(subset.index[bad[0]])
    raise BadData(
        f"{many(len(bad), 'target')} of the {name} set {'is' if len(bad) == 1 else 'are'} no finite number, the first "
        f"in example {subset.examples.source(first)}; leave such examples out"
    )


def number_groups(examples: Examples, keys: Fingerprints, recipe: Recipe) -> Index:
    """Number the groups that are not cut, (N,): those that the examples have, joined with their copies."""
    given = examples.groups
    together, near = recipe.split["duplicates"] != "ignore", recipe.split["duplicates"] == "near"
    if without_target(examples) and given is not None:
        together = False  # a passage that many texts share would bind them all; texts that are alike are a group
    groups = duplicate_groups(keys) if together else np.arange(len(keys))
    if near:
        groups = join_groups(groups, near_groups(examples))
    return groups if given is None else join_groups(groups, given)


def group_examples(examples: Examples, recipe: Recipe) -> Groups | None:
    """Return the groups of examples that are not cut; None where they are independent."""
    return Groups.of(number_groups(examples, example_keys(examples), recipe))


def _hold_out(dataset: Dataset, recipe: Recipe, groups: Index, strata: Strata | None) -> Split:
    """Hold a validation set out of the training examples: a fold, the newest where they have times, or a random draw.

    Args:
        dataset: Without a validation set of its own.
        recipe: How much is held out.
        groups: (N,) numbers of the groups of training examples that are not cut.
        strata: Classes, or values of a column, whose shares a random draw keeps; None for none.
    """
    protocol, fold = protocol_of(recipe.split)
    asked = recipe.split["val"]
    size = dataset.val_size if asked == AUTO else float(asked)
    names, times = dataset.train.names, dataset.train.times
    if fold:
        window = str(recipe.split.get("time_window", "expanding"))
        return hold_out_fold(Division(groups, strata, names, times, size, recipe.seed, window), protocol, fold)
    if times is not None:
        otherwise = ", or split without time_on=" if recipe.data_options.get("time_on") else ""
        return holdout_newest(groups, times, size, otherwise)
    if strata is not None and strata.column:
        return hold_out_stratified(Division(groups, strata, names, None, size, recipe.seed))
    return holdout(groups, None if strata is None else strata.numbers, size, recipe.seed)


def _refuse_many_fits(dataset: Dataset, recipe: Recipe) -> None:
    """Refuse folds of data that bring a validation set, and a protocol of several fits where one is made.

    Raises:
        BadData: For a validation set that folds would ignore.
        BadOption: For a fit of a protocol, without the number of its fold.
    """
    protocol, fold = protocol_of(recipe.split)
    if protocol.fits == 1:
        return
    if dataset.val is not None:
        raise BadData(
            f"{dataset.name} brings its own validation set, which {protocol} would ignore; put its examples beside the "
            "others, or fit once: dl fit"
        )
    if not fold:
        raise BadOption(f"protocol={protocol} makes {protocol.fits} fits: dl cv makes them all, fold=1 the first")


def _next_fold(dataset: Dataset, recipe: Recipe, groups: Index, strata: Strata | None) -> Index | None:
    """Return what the next fold of the same round holds out, to be the probe of this one; None without such a fold.

    Every example is then scored twice in a round: by the network that never saw it, and by one that learnt from it.
    """
    protocol, fold = protocol_of(recipe.split)
    if not fold or protocol.folds == 1 or dataset.train.times is not None:
        return None
    turn, number = protocol.place(fold)
    following = turn * protocol.folds + (number + 1) % protocol.folds + 1
    return _hold_out(dataset, replace(recipe, split={**recipe.split, "fold": following}), groups, strata).val


def skipped(dataset: Dataset) -> list[Finding]:
    """Report rows or files that could not be used and were left out."""
    if not dataset.skipped:
        return []
    what = "row" if is_table(Path(dataset.source)) else "file"
    message = f"{were(len(dataset.skipped), what, 'skipped')}: {', '.join(dataset.skipped[:3])}"
    return [Finding("data-skipped-files", "tip", message, {"files": list(dataset.skipped)})]
