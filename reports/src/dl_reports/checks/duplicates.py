"""Checks for duplicates, and the findings of the guards, to which the fit adds its scores."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from dl.data.known import known_or_made
from dl.finding import Finding
from dl.runs.manifest import MetricInfo
from dl.splits.remedies import option_against
from dl_reports import formatting, remedy
from dl_reports.facts import LEVEL, Facts, known
from dl_reports.read import Arrays
from dl_reports.statistics import NotComputable, neighbours
from dl_reports.statistics.families import MADE_WITH, families
from dl_reports.statistics.inflation import Inflation, inflation

FEW, MANY = 0.01, 0.05  # of the validation examples in families: a tip from one, an issue from the other
LISTED = 1000  # pairs in the evidence
DISTINCT = 0.99  # of the inputs that differ, in the network's features; dead units tell few examples apart
LOOKED = 2500  # validation examples, each against twice as many of the probe: a tenth of a second


def guarded(facts: Facts, code: str) -> list[Finding] | NotComputable:
    """Return the findings of the guards that have a code."""
    guards = facts.kept.guards
    return guards if isinstance(guards, NotComputable) else [finding for finding in guards if finding.code == code]


def across_split(facts: Facts) -> list[Finding] | NotComputable:
    """Find validation examples that were also trained on, with the score on them and on the clean ones."""
    found = guarded(facts, "data-duplicates-across-split")
    leaked = known(facts.kept.leaked)
    if isinstance(found, NotComputable) and leaked is None:
        return found
    kept = known(found) or []
    if not kept and leaked is not None and leaked.any():
        count, n = int(leaked.sum()), len(leaked)
        message = f"{count:,} of {n:,} validation examples are also in the training set, bit for bit"
        kept = [
            Finding("data-duplicates-across-split", "issue", message, {"leaked": count, "val": n, "share": count / n})
        ]
    if not kept:
        return []
    remade = remedy.again(facts, duplicates="together") if _ignored(facts) else ""
    finding = replace(kept[0], next=kept[0].next or remade)
    added = None if leaked is None else _inflation(facts, leaked)
    if added is None:
        return [finding]
    metric = _metric(facts)
    message = (
        f"{finding.message}; {formatting.metric_word(facts.tested_metric)} is "
        f"{formatting.score(metric, added.on_leaked)} on them and "
        f"{formatting.score(metric, added.on_clean)} on the clean ones, which adds "
        f"{formatting.difference(metric, added.inflation, added.interval)}"
    )
    numbers = {"on_leaked": added.on_leaked, "on_clean": added.on_clean, "inflation": added.inflation}
    evidence = {**finding.evidence, **numbers, "inflation_interval": list(added.interval)}
    return [replace(finding, message=message, evidence=evidence)]


def _ignored(facts: Facts) -> bool:
    recipe = known(facts.kept.recipe)
    return recipe is not None and recipe.split.get("duplicates") == "ignore"


def _metric(facts: Facts) -> MetricInfo:
    return replace(facts.metric, higher=facts.higher_score)


def _inflation(facts: Facts, leaked: np.ndarray) -> Inflation | None:
    val, k = facts.kept.val, facts.best
    if isinstance(val, NotComputable) or k is None or k >= len(val.score):
        return None
    return known(inflation(val.score[k], leaked, val.groups))


def within(facts: Facts) -> list[Finding] | NotComputable:
    """Find exact duplicates that were kept on one side of the split."""
    return guarded(facts, "data-duplicates")


def conflicting(facts: Facts) -> list[Finding] | NotComputable:
    """Find inputs that have more than one target."""
    return guarded(facts, "data-conflicting-targets")


def skipped(facts: Facts) -> list[Finding] | NotComputable:
    """Find files that were left out."""
    return guarded(facts, "data-skipped-files")


def later(facts: Facts) -> list[Finding] | NotComputable:
    """Find training examples from after the first validation example."""
    return guarded(facts, "data-time-overlap")


def disguised(facts: Facts) -> list[Finding] | NotComputable:
    """Find input columns that are the target again."""
    return _with_option(facts, "data-target-in-disguise")


def mixed(facts: Facts) -> list[Finding] | NotComputable:
    """Find dated rows that the split mixes."""
    return _with_option(facts, "data-dates-mixed")


def counting(facts: Facts) -> list[Finding] | NotComputable:
    """Find input columns that only count the rows."""
    return _with_option(facts, "data-row-counter")


def coded(facts: Facts) -> list[Finding] | NotComputable:
    """Find columns of codes that were read as numbers."""
    return _with_option(facts, "data-code-as-number")


def grouped(facts: Facts) -> list[Finding] | NotComputable:
    """Find groups of examples that the split has cut."""
    return _with_option(facts, "data-groups-in-sight")


def _with_option(facts: Facts, code: str) -> list[Finding] | NotComputable:
    """Return the findings of the guards with a code, each with the fit that has the option against it."""
    found, recipe = guarded(facts, code), known(facts.kept.recipe)
    if isinstance(found, NotComputable) or recipe is None:
        return found
    given = {name: str(value) for name, value in recipe.data_options.items()}
    options = [option_against(finding, given) for finding in found]
    return [
        replace(finding, next=finding.next or (remedy.again(facts, None, **option) if option else ""))
        for finding, option in zip(found, options, strict=True)
    ]


def near(facts: Facts) -> list[Finding] | NotComputable:
    """Find validation examples that lie closer to a training example than chance puts them, at 1 %."""
    texts = known(guarded(facts, "data-near-duplicates"))
    if texts:
        return [replace(one, next=one.next or remedy.again(facts, None, **option_against(one, {}))) for one in texts]
    features = facts.kept.features
    if isinstance(features, NotComputable):
        return features
    found = _families(facts, features)
    return found if known(found) or facts.kept.asked is not None else _nearest(facts, features)


def _families(facts: Facts, features: Arrays) -> list[Finding] | NotComputable:
    """Find validation examples among several near copies in the training set, certainly more than one in a hundred."""
    if not {"val_inputs", "train_inputs", "val_rows", "train_rows"} <= set(features):
        return NotComputable("no projected inputs were kept")
    val = slice(None, None, max(1, -(-len(features["val_inputs"]) // LOOKED)))
    rows = features["val_rows"][val].astype(np.int64)
    train, ours = features["train_inputs"], features["val_inputs"][val]
    of_class = _of_class(facts, rows, len(train))
    sources = (train, ours) if of_class is None else (train, ours, of_class)
    keep = partial(known_or_made, "families", (MADE_WITH, LEVEL), sources)
    found = families(train, ours, of_class, LEVEL, keep=keep)
    if isinstance(found, NotComputable):
        return found
    if found.interval.low <= FEW:
        return []
    share = f"{formatting.percent(found.share)} {formatting.bracket(found.interval, 100, 2)}"
    searched = formatting.many(len(train), "training example")
    message = (
        f"{len(found.val):,} of {found.examined:,} validation examples, {share}, lie among near copies in the training "
        f"set, as the frames of one film do, {int(np.median(found.size))} of {searched} each: the score is not that of "
        "new ones; keep what belongs together on one side, with --group-on"
    )
    kept = facts.kept.val
    ids = [] if isinstance(kept, NotComputable) else kept.ids[rows[found.val[:LISTED]]].tolist()
    evidence: dict[str, object] = {"count": len(found.val), "examined": found.examined, "share": found.share}
    evidence |= {"interval": list(found.interval), "family": float(np.median(found.size)), "examples": ids}
    return [Finding("data-near-duplicates", "issue" if found.interval.low > MANY else "tip", message, evidence)]


def _of_class(facts: Facts, rows: np.ndarray, searched: int) -> np.ndarray | None:
    """Return how many of the training examples that are searched have the class of each validation example."""
    counts, val = facts.manifest.task.counts, facts.kept.val
    if not (counts and facts.has_classes) or isinstance(val, NotComputable):
        return None
    share = searched / facts.manifest.parts.train
    return np.asarray(share * np.asarray(counts, np.float64)[val.targets[rows].astype(np.int64)])


def _nearest(facts: Facts, features: Arrays) -> list[Finding] | NotComputable:
    if not {"val", "probe", "val_rows", "probe_rows"} <= set(features):
        return NotComputable("the features of both sets were not kept")
    val, rows = features["val"], features["val_rows"].astype(np.int64)
    leaked = known(facts.kept.leaked)
    if leaked is not None and len(rows) and rows.max() < len(leaked):
        val, rows = val[~leaked[rows]], rows[~leaked[rows]]  # exact ones are counted elsewhere
    spread = slice(None, None, max(1, -(-len(val) // LOOKED)))
    val, rows = val[spread], rows[spread]
    probe = features["probe"][: 2 * LOOKED]
    coarse = probe.astype(np.float16)  # points that differ by rounding alone are one
    if len(np.unique(coarse, axis=0)) < DISTINCT * len(coarse):
        return NotComputable("many training examples fall on the same point in the network's features")
    groups = facts.groups("val")
    keep = partial(known_or_made, "nearest", (neighbours.MADE_WITH, LEVEL), (probe, val))
    found = neighbours.near_duplicates(
        probe, val, LEVEL, groups=None if groups is None else groups.take(rows), keep=keep
    )
    if isinstance(found, NotComputable):
        return found
    if len(found.val) == 0:
        return []
    share = f"{formatting.percent(found.share)} {formatting.bracket(found.interval, 100, 2)}"
    message = (
        f"{len(found.val):,} of {found.examined:,} validation examples are nearly the same as a training example to "
        f"the network, {share}; only the probe was searched"
    )
    evidence: dict[str, object] = {"count": len(found.val), "examined": found.examined, "share": found.share}
    evidence |= {
        "interval": list(found.interval),
        "pairs": _pairs(facts, rows, features["probe_rows"], found.val, found.train),
    }
    return [Finding("data-near-duplicates", "tip", message, evidence)]


def _pairs(
    facts: Facts, val_rows: np.ndarray, probe_rows: np.ndarray, val: np.ndarray, train: np.ndarray
) -> list[list[int]]:
    """Return the ids of the pairs, the nearest first."""
    ours, theirs = facts.kept.val, facts.kept.probe
    if isinstance(ours, NotComputable) or isinstance(theirs, NotComputable):
        return []
    chosen = slice(0, LISTED)
    ids = ours.ids[val_rows[val[chosen]]], theirs.ids[probe_rows.astype(np.int64)[train[chosen]]]
    return [list(pair) for pair in zip(*(side.tolist() for side in ids), strict=True)]
