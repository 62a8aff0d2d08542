"""The checks of dl: code, description, and the module of the function, which is imported on first use.

The page of a code is `codes/<code>.md` in this package.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

from dl.specs import CheckSpec

OVERFITTING, LEARNING, SCORES, LABELS, CLASSES, DUPLICATES, SHIFT, HEALTH = (
    "overfitting",
    "learning",
    "scores",
    "labels",
    "classes",
    "duplicates",
    "shift",
    "health",
)

OWN = (
    ("health-damaged", "files of the run are not as they were written", HEALTH, "damaged"),
    (
        "fit-no-better-than-baseline",
        "the network does not certainly beat the best baseline",
        SCORES,
        "no_better_than_baseline",
    ),
    ("fit-class-missed", "a class of which the network finds few", CLASSES, "missed"),
    ("fit-overfit-loss", "the validation loss rises after its best epoch", OVERFITTING, "overfit_loss"),
    ("fit-overfit-metric", "the headline metric gets worse after its best epoch", OVERFITTING, "overfit_metric"),
    ("fit-over-confident", "the network is more confident than accurate", OVERFITTING, "over_confident"),
    ("fit-stopped-too-late", "the last epochs made nothing better", OVERFITTING, "stopped_too_late"),
    ("fit-not-converged", "the validation loss still falls at the end", LEARNING, "not_converged"),
    ("fit-underfitting", "most of the error is on the training set too", LEARNING, "underfitting"),
    ("fit-gap", "training looks certainly better than validation", SCORES, "gap"),
    ("fit-lucky-best", "the best epoch's score is biased by its choice", SCORES, "lucky_best"),
    ("fit-memorized", "training examples were memorized without any gain on validation", LABELS, "memorized"),
    ("data-target-in-disguise", "an input column that is the target again", DUPLICATES, "disguised"),
    ("data-row-counter", "an input column that only counts the rows", DUPLICATES, "counting"),
    ("data-groups-in-sight", "examples of one group on both sides of the split", DUPLICATES, "grouped"),
    ("data-duplicates-across-split", "validation examples were also trained on", DUPLICATES, "across_split"),
    ("data-duplicates", "exact duplicates, kept on one side of the split", DUPLICATES, "within"),
    ("data-conflicting-targets", "the same input with more than one target", DUPLICATES, "conflicting"),
    ("data-near-duplicates", "validation examples nearly the same as training examples", DUPLICATES, "near"),
    ("data-skipped-files", "files or rows that were left out", DUPLICATES, "skipped"),
    ("data-time-overlap", "training examples from after the first validation example", DUPLICATES, "later"),
    ("data-dates-mixed", "later rows among the training rows of a random split", DUPLICATES, "mixed"),
    ("data-code-as-number", "a column of codes that is read as a number", DUPLICATES, "coded"),
    ("data-mislabelled", "labels that contradict the most confident predictions", LABELS, "mislabelled"),
    ("data-imbalance", "accuracy flatters, for the classes are imbalanced", LABELS, "imbalance"),
    ("data-missing-class", "classes without a validation example", LABELS, "missing_class"),
    ("data-small-validation", "too few validation examples to decide", SCORES, "small_validation"),
    ("data-target-shift", "targets are distributed differently in training and validation", SHIFT, "targets"),
    ("data-input-shift", "inputs differ between training and validation", SHIFT, "inputs"),
    ("health-nan", "the loss stopped being a number", HEALTH, "not_a_number"),
    ("health-lr-too-high", "the loss on the training set itself rises", HEALTH, "lr_too_high"),
    ("health-lr-too-low", "learning has hardly begun", HEALTH, "lr_too_low"),
    ("health-exploding-gradients", "a huge step undid the training before it", HEALTH, "exploding_gradients"),
    ("health-vanishing-gradients", "the first layer hardly gets a gradient", HEALTH, "vanishing_gradients"),
    ("health-dead-units", "more than half of the ReLU channels never fire", HEALTH, "dead_units"),
)


def own_checks() -> tuple[CheckSpec, ...]:
    """Return the specifications of our checks."""
    return tuple(
        CheckSpec(code, description, partial(_load, module, function), partial(_page, code))
        for code, description, module, function in OWN
    )


def _load(module: str, function: str) -> Callable[[Any], Any]:  # Any: as in CheckSpec
    loaded: Callable[[Any], Any] = getattr(import_module(f"dl_reports.checks.{module}"), function)
    return loaded


def _page(code: str) -> str:
    from importlib.resources import files  # here, so that a listing does not wait for it

    return files("dl_reports").joinpath("codes", f"{code}.md").read_text(encoding="utf-8")
