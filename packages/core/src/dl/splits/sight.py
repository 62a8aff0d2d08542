"""Check what the inputs give away: counters, the target in disguise, groups that the split cuts, dates it mixes."""

from __future__ import annotations

import numpy as np

from dl.data.examples import Dataset, Examples, Index, Subset, concatenate_examples, whole
from dl.data.groups import BY_NAME, ONE_TARGET, agreement, groups_by_name
from dl.finding import Finding
from dl.splits.disguise import check_columns
from dl.splits.serial import check_dates
from dl.terminal import safe_text

MOST = 200_000  # files whose names are compared


def check_inputs(dataset: Dataset, train: Subset, val: Subset) -> list[Finding]:
    """Return the findings of reading, and those on columns and on names of files.

    Args:
        dataset: What was read.
        train: The training set.
        val: The validation set.
    """
    counted = {str(one.evidence.get("column")) for one in dataset.findings if one.severity == "issue"}
    found = [*dataset.findings, *check_columns(train, val, tuple(counted)), *check_dates(dataset)]
    if dataset.train.groups is None and dataset.train.times is None:
        found += check_names(dataset, train, val)
    return found


def check_unsplit(dataset: Dataset) -> list[Finding]:
    """Return what `check_inputs` finds on a random split, for who looks at data without a fit; no input is hashed."""
    if dataset.val is not None:
        return check_inputs(dataset, whole(dataset.train), whole(dataset.val))
    order = np.random.default_rng(0).permutation(len(dataset.train))
    parts = (np.sort(order[len(order) // 5 :]), np.sort(order[: len(order) // 5]))
    return check_inputs(dataset, *(Subset(dataset.train, part) for part in parts))


def check_names(dataset: Dataset, train: Subset, val: Subset) -> list[Finding]:
    """Find groups of files by the stems of their names, which a split may cut.

    Args:
        dataset: What was read.
        train: The training set.
        val: The validation set.
    """
    examples, from_val = dataset.train, np.zeros(len(dataset.train), bool)
    if dataset.val is not None:
        examples = concatenate_examples([dataset.train, dataset.val])
        from_val = np.arange(len(examples)) >= len(dataset.train)
    if not _are_files(examples) or len(examples) > MOST:
        return []
    found = groups_by_name(examples)
    if found is None or (dataset.val is not None and not _cut(found.groups, from_val)):
        return []
    count, agreed = len(found.stems), agreement(found.groups, examples.targets)
    what = f"the names of the files make {count:,} groups of {len(examples) / count:.3g} in the mean, as "
    what += repr(safe_text(found.largest()))
    one = ", each with one target" if agreed >= ONE_TARGET else ""
    told = (
        "the score is that of groups seen before"
        if one
        else "if new files will be of new groups, the score is too good"
    )
    if dataset.val is not None:
        message = f"{what}{one}, and some are in both train and val: {told}; move each to one side"
    else:
        message = f"{what}{one}, and files of one group are on both sides of the split: {told}; "
        message += f"keep them together: --group-on {BY_NAME}"
    evidence = {"column": "" if dataset.val is not None else BY_NAME, "groups": count, "agreement": agreed}
    evidence["share"] = _share_cut(found.groups, train.index, val.index + (dataset.val is not None) * len(train))
    severity = "issue" if one else "tip"
    return [Finding("data-groups-in-sight", severity, message, evidence | {"files": len(examples)})]


def _are_files(examples: Examples) -> bool:
    """Return whether the sources are names of files, one each."""
    return (
        isinstance(examples.sources, tuple)
        and len(set(examples.sources)) == len(examples) > 0
        and ("." in examples.sources[0].rpartition("/")[2])
    )


def _share_cut(groups: Index, train: Index, val: Index) -> float:
    """Return the share of the validation examples whose group has a training example."""
    return float(np.isin(groups[val], groups[train]).mean())


def _cut(groups: Index, from_val: np.ndarray) -> bool:
    """Return whether a group with more than one example is on both sides."""
    return bool(np.isin(groups[from_val], groups[~from_val]).any())
