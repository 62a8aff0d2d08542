"""Facts: the statistics of one run, each computed once, on first use.

A check, a section and the verdict read the same `Facts`, so that they never contradict each other.
Levels: what stands beside a 95 % interval - the lead, the gap, the changes of loss and metric - is certain exactly if
the interval is, so 2.5 % one-sided; every other check is made at 1 %, so that a fit with nothing wrong raises few false
alarms in twenty checks.
Letters: ``T`` epochs, ``n`` validation and ``m`` probe examples.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property, partial, wraps
from typing import TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from dl.data.known import known_or_made
from dl.groups import Groups
from dl.intervals import Estimate, Interval, wilson
from dl.plugins.model_file import known_options
from dl.plugins.registry import Plugins
from dl.runs.history import EpochRow
from dl.runs.luck import Luck
from dl.runs.manifest import MetricInfo
from dl.runs.thresholds import decided_answers
from dl.words import many
from dl_reports.change import Change, change_of_means, paired_change
from dl_reports.read import Kept
from dl_reports.statistics import NotComputable, luck
from dl_reports.statistics.agreement import Agreement
from dl_reports.statistics.calibration import Calibration, binary_calibration, calibration
from dl_reports.statistics.choice import bonferroni, critical_choice
from dl_reports.statistics.classes import ClassCounts, count_classes, count_labels
from dl_reports.statistics.gap import Gap, accuracy_gap, implied_z, loss_gap, right_gap
from dl_reports.statistics.memorization import Memorization, Suspects, memorization, suspects
from dl_reports.statistics.moments import variance_of_mean
from dl_reports.statistics.onset import error_rise, loss_rise
from dl_reports.statistics.steady import steady_trend
from dl_reports.statistics.stopping import Trend

ASKED = 0.025  # one-sided level of what the lower end of a 95 % interval answers
LEVEL = 0.01  # level of every other check
SOFTMAX = "softmax"  # how logits become probabilities of classes that exclude each other

Value = TypeVar("Value")


class Facts:
    """The statistics of one run, each computed when it is first asked for.

    What cannot be computed - a file is missing, the task has no such thing - is `NotComputable`, with the reason: of
    all from ``loss_change`` on, and of most fields of ``kept``.

    Attributes:
        kept: `Kept`, the files of the run as they were read: the history, outcomes, logits, features, recipe, guards.
        plugins: What is registered, to build commands that work.
        manifest: The run's manifest: task, sizes of the sets, baselines, status.
        metric: The headline metric: its name, whether higher is better, what it is a mean of.
        has_classes: Whether the prediction is one of several classes.
        epochs: (T,) numbers of the epochs, from 1.
        column: ``column(name)``: (T,) a column of the history, as ``val_loss``; NaN where it is missing.
        best: Position of the epoch whose weights were kept; None while there is none.
        best_row: The row of the history of that epoch; empty while there is none.
        position: ``position(epoch)``: the position of an epoch in the history.
        estimate: ``estimate(name)``: a number of the best epoch with its interval, as ``gap``; NaN where none is kept.
        score: ``score(part)``: the headline metric of ``val`` or ``probe`` at the best epoch, with its interval.
        groups: ``groups(part)``: the groups of the examples of ``val`` or ``probe``; None where they are independent.
        both_groups: The groups of both: of the validation examples and of the probe.
        val_units: How many independent units the validation set holds: groups, or else examples.
        val_unit: What they are: ``example`` or ``group``.
        val_size: The same in words.
        val_examples: How many different examples the validation set holds; rounds of a protocol repeat them.
        tested_metric: Name of the metric that is tested on single examples: the headline, or its substitute.
        higher_score: Whether more is better in the scores of single examples.
        as_error: ``as_error(scores)``: scores of single examples as errors, 0 being perfect.
        loss_change: `Change` of the validation loss from its best epoch to the last: whether it overfits.
        metric_change: `Change` of the headline metric, likewise.
        probe_rise: `Change` of the loss on the probe, the fixed part of the training examples.
        agreement: `Agreement` of the two: whether loss and metric get worse together.
        gap: `Gap` between probe and validation set at the best epoch, with its interval.
        critical_choice: How many standard errors the best epoch's score may lie above its truth, as the best of T.
        luck: `Luck`: the optimism of the best epoch's score, which was chosen as the best of many.
        trend: `Trend`: the slope of the validation loss over the last epochs.
        calibration: `Calibration`: the temperature at which the probabilities are right, and the error without it.
        memorization: `Memorization`: when the examples of the probe were fitted.
        suspects: `Suspects`: the examples of the probe, the most likely mislabelled first.
        answers: (n,) the predicted class of each validation example at the best epoch.
        decisions: (n, ...) the answers by the thresholds of the run, each by one that was tuned on other examples.
        class_counts: `ClassCounts`: of each class or label, validation examples, answers and right ones.
    """

    def __init__(self, kept: Kept, plugins: Plugins) -> None:
        self.kept, self.plugins = kept, _without_code(kept, plugins)
        self._computed: dict[Callable[[Facts], object], object] = {}
        self.manifest = kept.manifest
        self.metric: MetricInfo = kept.manifest.task.headline
        self.has_classes = kept.manifest.task.has_classes

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """(T) numbers of the epochs, from 1."""
        return tuple(int(row["epoch"]) if math.isfinite(row["epoch"]) else k for k, row in enumerate(self.kept.rows, 1))

    def column(self, name: str) -> list[float]:
        """Return (T) one number an epoch; NaN where there is none."""
        return [row.get(name, float("nan")) for row in self.kept.rows]

    @cached_property
    def best(self) -> int | None:
        """Position of the epoch whose weights were kept; None while there is none."""
        if self.manifest.best_epoch in self.epochs:
            return self.epochs.index(self.manifest.best_epoch)
        scores = self.column(f"val_{self.metric.name}")
        sign = 1.0 if self.metric.higher else -1.0
        usable = [k for k, score in enumerate(scores) if math.isfinite(score)]
        return max(usable, key=lambda k: sign * scores[k]) if usable else None

    @property
    def best_row(self) -> EpochRow:
        """The history's row of the best epoch; empty while there is none."""
        return {} if self.best is None else self.kept.rows[self.best]

    def estimate(self, name: str, value: str | None = None) -> Estimate:
        """Return a number of the best epoch with the ends the history keeps; NaN where it keeps none."""
        row = self.best_row
        nan = float("nan")
        return Estimate(row.get(value or name, nan), row.get(f"{name}_low", nan), row.get(f"{name}_high", nan))

    def score(self, part: str) -> Estimate:
        """Return the headline score of ``val`` or ``probe`` at the best epoch, with its interval where one is known."""
        found = self.estimate(part, f"{part}_{self.metric.name}")
        if math.isfinite(found.low) or self.metric.kind != "proportion" or not 0 <= found.value <= 1:
            return found
        if self.groups(part) is not None:  # too few of them, so that the history keeps no interval
            return found
        n = self.manifest.parts.val if part == "val" else self.manifest.parts.probe
        return Estimate(found.value, *wilson(found.value * n, n))

    def groups(self, part: str) -> Groups | None:
        """Return the groups of the examples of ``val`` or ``probe``; None where they are independent."""
        kept = self.kept.val if part == "val" else self.kept.probe
        return None if isinstance(kept, NotComputable) else kept.groups

    @property
    def both_groups(self) -> tuple[Groups | None, Groups | None]:
        """The groups of the validation examples and of the probe."""
        return self.groups("val"), self.groups("probe")

    @property
    def val_units(self) -> int:
        """How many independent units the validation set holds: groups, or else examples."""
        groups = self.groups("val")
        return self.manifest.parts.val if groups is None else len(groups)

    @property
    def val_size(self) -> str:
        """The size of the validation set in words, in what its tests count: groups, or else examples."""
        return many(self.val_units, f"validation {self.val_unit}")

    @property
    def val_examples(self) -> int:
        """How many examples the validation set holds, each counted once, also where it stands in several rounds."""
        kept = known(self.kept.val)
        return self.manifest.parts.val if kept is None or not self.manifest.folds else len(np.unique(kept.ids))

    @property
    def val_unit(self) -> str:
        """What the tests of the validation set count: an example, also one in several rounds, or a group."""
        groups, kept = self.groups("val"), known(self.kept.val)
        alone = groups is None or kept is None or len(groups) == len(np.unique(kept.ids))
        return "example" if alone else "group"

    @property
    def tested_metric(self) -> str:
        """Name of the tested metric: the headline, or its substitute where it is not a mean over examples."""
        if self.metric.kind in ("proportion", "mean"):
            return self.metric.name
        return self.manifest.task.score

    @cached_property
    def loss_change(self) -> Change | NotComputable:
        """The validation loss from its best epoch to the last."""
        means = self.column("val_loss")
        if isinstance(self.kept.val, NotComputable):
            return change_of_means(self.epochs, means, self.manifest.parts.val, proportion=False)
        rise = loss_rise(self.kept.val.loss, ASKED, groups=self.kept.val.groups)
        if isinstance(rise, NotComputable):
            return rise
        probe = known(self.kept.probe)
        return self._against_training(
            paired_change(rise, self.epochs, means), self.kept.val.loss, None if probe is None else probe.loss
        )

    @cached_property
    def metric_change(self) -> Change | NotComputable:
        """The headline metric, or its substitute, from its best epoch to the last."""
        if isinstance(self.kept.val, NotComputable):
            return self._metric_change_of_means()
        scores = self.kept.val.score
        if scores.dtype == np.bool_:
            rise = error_rise(scores.astype(np.bool_, copy=False), ASKED, groups=self.kept.val.groups)
        else:
            errors = scores.astype(np.float32)
            rise = loss_rise(1 - errors if self.higher_score else errors, ASKED, groups=self.kept.val.groups)
        if isinstance(rise, NotComputable):
            return rise
        probe = known(self.kept.probe)
        change = paired_change(rise, self.epochs, self._mean_scores(scores))
        return self._against_training(
            change, self.as_error(scores), None if probe is None else self.as_error(probe.score)
        )

    def _against_training(self, change: Change, val: NDArray[np.generic], probe: NDArray[np.generic] | None) -> Change:
        """Mark a change for the worse that is not certainly larger than that of training examples, at 1 %."""
        best, last = self.epochs.index(change.best), self.epochs.index(change.last)
        if change.onset is None or probe is None or last >= len(probe):
            return change
        moved = [part[last].astype(np.float64) - part[best].astype(np.float64) for part in (val, probe)]
        excess = float(moved[0].mean() - moved[1].mean())
        errors = [variance_of_mean(*one) for one in zip(moved, self.both_groups, strict=True)]
        error, alone = math.sqrt(sum(errors)), math.sqrt(errors[1])
        return replace(
            change,
            with_training=not excess > -float(ndtri(LEVEL)) * error,
            training_z=float(moved[1].mean()) / alone if alone else 0.0,
        )

    @property
    def higher_score(self) -> bool:
        """Whether more is better in the per-example scores: shares and right answers, but not errors."""
        return self.manifest.task.score_higher

    def _metric_change_of_means(self) -> Change | NotComputable:
        means, n = self.column(f"val_{self.metric.name}"), self.manifest.parts.val
        if self.metric.kind == "proportion":
            return change_of_means(self.epochs, means, n, proportion=True)
        if self.metric.kind == "mean" and not self.metric.higher:
            return change_of_means(self.epochs, means, n, proportion=False)
        return NotComputable(f"{self.metric.name} has no error without the outcomes of single examples")

    @staticmethod
    def _mean_scores(scores: NDArray[np.generic]) -> list[float]:
        return [float(row.mean(dtype=np.float64)) for row in scores]

    @cached_property
    def probe_rise(self) -> Change | NotComputable:
        """The probe's loss from its best epoch to the last, at the level of the other checks."""
        if isinstance(self.kept.probe, NotComputable):
            return self.kept.probe
        rise = loss_rise(self.kept.probe.loss, LEVEL, groups=self.kept.probe.groups)
        return rise if isinstance(rise, NotComputable) else paired_change(rise, self.epochs, self.column("probe_loss"))

    @cached_property
    def agreement(self) -> Agreement | NotComputable:
        """Whether loss and metric get worse together."""
        loss, metric = self.loss_change, self.metric_change
        if isinstance(loss, NotComputable):
            return loss
        if isinstance(metric, NotComputable):
            return metric
        return Agreement(loss.established, metric.established, loss.best, metric.best)

    @cached_property
    def gap(self) -> Gap | NotComputable:
        """How much better training looks at the best epoch, in the headline metric or its substitute."""
        k, val, probe = self.best, self.kept.val, self.kept.probe
        if k is None:
            return NotComputable("no epoch has a score")
        if isinstance(val, NotComputable) or isinstance(probe, NotComputable):
            return self._gap_of_history()
        found = self._gap_of_history()  # from single precision, and the only one where the metric is no mean
        if self.metric.kind != "proportion" and not (self.metric.kind == "mean" and isinstance(found, NotComputable)):
            return found
        if k >= min(len(val.score), len(probe.score)):
            return NotComputable("the outcomes of the best epoch were not kept")
        ours, theirs = probe.score[k], val.score[k]
        if ours.dtype == np.bool_ and theirs.dtype == np.bool_:
            return right_gap(ours.astype(np.bool_), theirs.astype(np.bool_), self.both_groups[::-1])
        first, second = (self.as_error(scores) for scores in (ours, theirs))
        return loss_gap(first, second, groups=self.both_groups[::-1])

    def as_error(self, scores: NDArray[np.generic]) -> NDArray[np.float64]:
        """Return per-example scores (n,) as errors: 0 is perfect, whichever way the metric points."""
        numbers = scores.astype(np.float64)
        return 1 - numbers if self.higher_score else numbers

    def _gap_of_history(self) -> Gap | NotComputable:
        row, name = self.best_row, self.metric.name
        train, val = row.get(f"probe_{name}", math.nan), row.get(f"val_{name}", math.nan)
        gap, low, high = self.estimate("gap")
        if math.isfinite(low) and math.isfinite(high):
            interval = Interval(low, high)
            return Gap(train, val, gap, interval, implied_z(gap, interval, 0.95))
        few = next((NotComputable(one.too_few) for one in self.both_groups if one is not None and one.few), None)
        if few is not None:
            return few
        if self.metric.kind == "proportion" and 0 <= train <= 1 and 0 <= val <= 1:
            m, n = self.manifest.parts.probe, self.manifest.parts.val
            return accuracy_gap(train * m, m, val * n, n)
        return NotComputable("neither outcomes nor the interval of the gap were kept")

    @cached_property
    def critical_choice(self) -> float:
        """How many standard errors the best epoch's score may lie above its truth, as the best of T; 1.96 for one."""
        val = self.kept.val
        if isinstance(val, NotComputable) or self.metric.name != self.tested_metric:
            return bonferroni(len(self.epochs))
        return critical_choice(val.score, groups=val.groups)

    @cached_property
    def luck(self) -> Luck | NotComputable:
        """The optimism of the best epoch's score."""
        val = self.kept.val
        if isinstance(val, NotComputable):
            return val
        if self.metric.kind not in ("proportion", "mean"):
            return NotComputable(f"{self.metric.name} is not a mean over examples")
        if isinstance(self.kept.recipe, NotComputable) or self.kept.recipe.train.get("monitor") == "loss":
            return NotComputable("the best epoch was not chosen by the metric")
        if len(val.score) < 2:
            return NotComputable("one epoch leaves nothing to choose")
        higher, groups = self.metric.higher, val.groups
        sources = [val.score] if groups is None else [val.score, groups.numbers]
        keep = partial(known_or_made, "luck", (luck.MADE_WITH, higher), sources)
        return luck.luck_of_the_best(val.score, higher, groups=groups, keep=keep)

    @cached_property
    def trend(self) -> Trend | NotComputable:
        """The slope of the validation loss over the last epochs, whichever of them is left out."""
        val = self.kept.val
        return val if isinstance(val, NotComputable) else steady_trend(val.loss, level=LEVEL, groups=val.groups)

    @cached_property
    def calibration(self) -> Calibration | NotComputable:
        """A temperature fitted on one half of the validation set, evaluated on the other."""
        logits, val, task = self.kept.best_logits, self.kept.val, self.manifest.task
        if not task.has_probabilities:
            of_tokens = "of single tokens no probability is kept"
            return NotComputable(of_tokens if task.tells_tokens else "the task has no probabilities")
        if isinstance(logits, NotComputable):
            return logits
        if isinstance(val, NotComputable):
            return val
        if task.probabilities == SOFTMAX:
            return calibration(logits, val.targets.astype(np.int64), groups=val.groups)
        return binary_calibration(logits.reshape(val.targets.shape), val.targets.astype(np.int64), groups=val.groups)

    @cached_property
    def memorization(self) -> Memorization | NotComputable:
        """When the probe's examples were fitted."""
        probe, change = self.kept.probe, self.loss_change
        if isinstance(probe, NotComputable):
            return probe
        if probe.score.dtype != np.bool_:
            return NotComputable("the task's answers are not right or wrong")
        onset = self.position(change.onset) if isinstance(change, Change) and change.established else None
        return memorization(probe.score.astype(np.bool_, copy=False), onset, probe.groups)

    @cached_property
    def suspects(self) -> Suspects | NotComputable:
        """The probe's examples, the most likely mislabelled first."""
        probe, change = self.kept.probe, self.loss_change
        if isinstance(probe, NotComputable):
            return probe
        if not self.has_classes:
            return NotComputable("the task has no classes")
        onset = self.position(change.onset) if isinstance(change, Change) and change.established else None
        return suspects(probe.margin, onset)

    def position(self, epoch: int | None) -> int | None:
        """Return where an epoch stands in the history."""
        return None if epoch is None else self.epochs.index(epoch)

    @cached_property
    def answers(self) -> NDArray[np.int64] | NotComputable:
        """(n,) the predicted class of each validation example at the best epoch."""
        answers = self.kept.answers
        if isinstance(answers, NotComputable):
            return answers
        if not self.has_classes:
            return NotComputable("the task has no classes")
        return answers.astype(np.int64)

    @cached_property
    def decisions(self) -> NDArray[np.generic] | NotComputable:
        """(n, ...) the answer to each validation example by the run's thresholds; tuned ones never saw the example.

        Without thresholds of its own, what the network answers.
        """
        task, val, logits, answers = self.manifest.task, self.kept.val, self.kept.best_logits, self.kept.answers
        if task.decision is None or isinstance(answers, NotComputable):
            return answers
        if isinstance(val, NotComputable):
            return val
        if isinstance(logits, NotComputable):
            return logits
        if logits.size != val.targets.size:
            return NotComputable("targets and outputs do not match")
        return decided_answers(task, logits, val.targets, val.groups)

    @cached_property
    def class_counts(self) -> ClassCounts | NotComputable:
        """Validation examples, answers and right answers of each class or label at the best epoch."""
        task, val, answers = self.manifest.task, self.kept.val, self.decisions
        if not (task.has_classes or task.has_labels):
            return NotComputable("the task has neither classes nor labels")
        if isinstance(val, NotComputable):
            return val
        if isinstance(answers, NotComputable):
            return answers
        if answers.shape != val.targets.shape:
            return NotComputable("targets and answers do not match")
        if task.has_labels:
            return replace(count_labels(val.targets, answers, val.groups), tuned=self._tuned(len(task.names)))
        targets, given = val.targets.astype(np.int64), answers.astype(np.int64)
        if len(targets) == 0 or min(targets.min(), given.min()) < 0:
            return NotComputable("a class number is below 0")
        size = max(len(task.names), int(targets.max()) + 1, int(given.max()) + 1)
        return replace(count_classes(targets, given, size, val.groups), tuned=self._tuned(size))

    def _tuned(self, size: int) -> NDArray[np.bool_]:
        """Return (K,) which classes or labels are decided by a threshold that was tuned on validation."""
        decision = self.manifest.task.decision
        tuned = (False,) if decision is None else decision.tuned
        return np.array(tuned if len(tuned) == size else [any(tuned)] * size)


def _without_code(kept: Kept, plugins: Plugins) -> Plugins:
    """Register the model file that a recipe names with its known options, so that no report runs it."""
    recipe = known(kept.recipe)
    spec = recipe and known_options(recipe.model, recipe.domain, dict(recipe.model_options))
    return replace(plugins, models={**plugins.models, (spec.domain, spec.name): spec}) if spec else plugins


def fact(compute: Callable[[Facts], Value]) -> Callable[[Facts], Value]:
    """Compute a statistic of another module once for each run, as a property of `Facts` is."""

    @wraps(compute)
    def once(facts: Facts) -> Value:
        if compute not in facts._computed:
            facts._computed[compute] = compute(facts)
        return cast("Value", facts._computed[compute])

    return once


def known(value: Value | NotComputable) -> Value | None:
    """Return a result, or None where it is not computable."""
    return None if isinstance(value, NotComputable) else value
