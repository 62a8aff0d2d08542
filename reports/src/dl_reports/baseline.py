"""Compare the network with the best baseline, on the validation set at the best epoch.

Letters: ``n`` validation examples, ``T`` epochs, of which the best was chosen on them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from dl.groups import Groups
from dl.intervals import Estimate, Interval, difference_interval, mean_interval, widened, wilson
from dl.runs.estimates import gain_in_pairs
from dl.runs.manifest import AS_IT_WAS, Baseline
from dl_reports.facts import Facts, fact, known
from dl_reports.sizes import best_of, constants
from dl_reports.statistics import NotComputable
from dl_reports.statistics.choice import allow_for_choice, bonferroni
from dl_reports.statistics.gap import implied_z
from dl_reports.statistics.moments import too_few
from dl_reports.statistics.paired import normal_z
from dl_reports.statistics.skill import Skill, accuracy_skill, loss_skill


@dataclass(frozen=True)
class Lead:
    """How much better the network is than the best baseline.

    Attributes:
        baseline: The best one.
        score: Of the network.
        lead: Its lead in the metric, positive for better.
        interval: Of the lead, the choice of the best among T epochs allowed for.
        z: The lead in standard errors.
        critical: How many of them the lower end of the interval lies below the lead.
        form: ``paired`` with the baseline's own answers, or ``unpaired`` against its score taken as known.
    """

    baseline: Baseline
    score: float
    lead: float
    interval: Interval
    z: float
    critical: float
    form: str

    @property
    def better(self) -> bool:
        """Whether the network is established to be better."""
        return self.interval.low > 0

    @property
    def worse(self) -> bool:
        """Whether the network is established to be worse."""
        return self.interval.high < 0


@fact
def lead(facts: Facts) -> Lead | NotComputable:
    """Compare the network with the best constant answer.

    Source: the paired intervals of `statistics.skill`; the choice of the epoch as in `statistics.choice`.
    """
    return _lead(facts, constants(facts))


@fact
def rival_leads(facts: Facts) -> tuple[Lead, ...]:
    """Compare the network with each cheap rival, a baseline that reads its inputs, the best rival first."""
    rivals = [one for one in facts.manifest.baselines if one.rival and math.isfinite(one.score)]
    sign = -1.0 if facts.metric.higher else 1.0
    found = (_lead(facts, [one]) for one in sorted(rivals, key=lambda one: sign * one.score))
    return tuple(one for one in found if not isinstance(one, NotComputable))


@fact
def lead_over_origin(facts: Facts) -> Lead | NotComputable:
    """Compare the network with the run from which its fit went on, as that was."""
    return _lead(facts, [one for one in facts.manifest.baselines if one.name == AS_IT_WAS])


def _lead(facts: Facts, usable: list[Baseline]) -> Lead | NotComputable:
    """Compare the network with the best of some baselines, and allow for the choice of its epoch."""
    found = _fixed(facts, usable)
    if isinstance(found, NotComputable):
        return found
    chosen = allow_for_choice(found.lead, found.interval, facts.critical_choice)
    if facts.manifest.protocol:
        chosen = widened(found.lead, chosen)
    return replace(found, critical=facts.critical_choice, interval=chosen)


def _fixed(facts: Facts, usable: list[Baseline]) -> Lead | NotComputable:
    """Compute the lead over the best of some baselines, as if the epoch had been fixed in advance."""
    metric, k = facts.metric, facts.best
    if k is None:
        return NotComputable("no epoch has a score")
    best = best_of(facts, usable)
    if best is None:
        return NotComputable("the run keeps no baseline")
    sign, critical = (1.0 if metric.higher else -1.0), bonferroni(1)
    val = facts.kept.val
    if not isinstance(val, NotComputable) and k < len(val.score) and metric.kind in ("proportion", "mean"):
        scores = val.score[k]
        skill = _paired(facts, scores, best)
        if isinstance(skill, Skill):
            gain = skill.gain
            return Lead(best, skill.score, gain.mean, gain.interval, gain.z, critical, "paired")
        if metric.kind == "proportion" or not metric.higher:
            unpaired = _unpaired(scores.astype(np.float64), best, sign, critical, facts.groups("val"))
            if not isinstance(unpaired, NotComputable):
                return unpaired
    ranked = _paired_in_ranks(facts, best)
    return ranked if ranked is not None else _from_interval(facts, best, sign, critical)


def _paired(facts: Facts, scores: NDArray[np.generic], best: Baseline) -> Skill | NotComputable:
    assert not isinstance(facts.kept.val, NotComputable)
    targets = facts.kept.val.targets
    if best.rival or best.name in (known(facts.kept.rivals) or {}):
        return _paired_with_rival(facts, scores, best)
    if scores.dtype == np.bool_:
        names = facts.manifest.task.names
        answers = [k for k, name in enumerate(names) if best.answer == f"always {name!r}"]
        constant = targets == answers[0] if answers and targets.ndim == 1 else None
        if constant is None or abs(float(constant.mean()) - best.score) > 1e-6:
            return NotComputable("the answer of the baseline is unknown")
        return accuracy_skill(scores.astype(np.bool_), constant, facts.groups("val"))
    try:
        words = best.answer.removeprefix("always ").split(", ")
        constant = np.array([float(word.replace(",", "")) for word in words])  # 14,140 has a comma, but no blank
    except ValueError:
        return NotComputable("the answer of the baseline is unknown")
    columns = targets.reshape(len(targets), -1).astype(np.float64)
    if columns.shape[1] != len(constant):
        return NotComputable("the answer of the baseline is unknown")
    errors = np.abs(columns - constant).mean(axis=1)
    if abs(errors.mean() - best.score) > 1e-3 * abs(best.score):  # the answer is kept in four digits
        return NotComputable("the answer of the baseline is unknown")
    return loss_skill(scores.astype(np.float64), errors, facts.groups("val"))


def _paired_with_rival(facts: Facts, scores: NDArray[np.generic], rival: Baseline) -> Skill | NotComputable:
    """Compare the network with a rival whose scores of the same examples are kept."""
    kept = facts.kept.rivals
    theirs = None if isinstance(kept, NotComputable) else kept.get(rival.name)
    if theirs is None or theirs.shape != scores.shape:
        return NotComputable("the scores of the rival were not kept")
    if scores.dtype == np.bool_:
        return accuracy_skill(scores.astype(np.bool_), theirs > 0.5, facts.groups("val"))
    return loss_skill(facts.as_error(scores), facts.as_error(theirs), facts.groups("val"))


def _paired_in_ranks(facts: Facts, rival: Baseline) -> Lead | None:
    """Compare the network with a rival in a metric that is no mean, by drawing the same examples; None without both."""
    logits, theirs, val = known(facts.kept.best_logits), known(facts.kept.rival_logits), known(facts.kept.val)
    other = None if theirs is None or not rival.rival else theirs.get(rival.name)
    if logits is None or val is None or other is None or len(other) != len(val.targets):
        return None
    gain = gain_in_pairs(facts.manifest.task, logits, other, val.targets, val.groups)
    if not math.isfinite(gain.se):
        return None
    z = gain.better / gain.se if gain.se else math.copysign(math.inf, gain.better) if gain.better else 0.0
    return Lead(rival, gain.first, gain.better, gain.interval, z, bonferroni(1), "paired")


def _unpaired(
    scores: NDArray[np.float64], best: Baseline, sign: float, critical: float, groups: Groups | None
) -> Lead | NotComputable:
    if groups is None and ((scores == 0) | (scores == 1)).all():
        return _of_shares(scores, best, sign, critical)
    few = too_few(len(scores), groups)
    if few is not None:
        return few
    ours = float(scores.mean())
    least = 1 / len(scores) if sign > 0 else 1e-9 * abs(ours)  # an error has the size of its unit
    given, scores = scores, scores if groups is None else groups.values(scores)
    n, df = len(scores), None if groups is None else groups.df(given, scores)
    sd = max(float(scores.std(ddof=1)), least)
    difference = sign * (ours - best.score)
    z = normal_z(difference / (sd / math.sqrt(n)), df)
    interval = mean_interval(difference, sd, n, df=df)
    return Lead(best, ours, difference, interval, z, critical, "unpaired")


def _of_shares(scores: NDArray[np.float64], best: Baseline, sign: float, critical: float) -> Lead:
    """Compute the lead from right and wrong alone, which Wilson's limits bound however few the examples are."""
    ours, (low, high) = float(scores.mean()), wilson(float(scores.sum()), len(scores))
    difference = sign * (ours - best.score)
    interval = Interval(*sorted((sign * (low - best.score), sign * (high - best.score))))
    return Lead(best, ours, difference, interval, implied_z(difference, interval, 0.95), critical, "unpaired")


def _from_interval(facts: Facts, best: Baseline, sign: float, critical: float) -> Lead | NotComputable:
    """Compute the lead from the interval of the score that the history keeps, and from that of a rival.

    As if both had been scored on examples of their own, which makes the interval rather too long.
    """
    score, low, high = facts.score("val")
    if not (math.isfinite(low) and math.isfinite(high)):
        return NotComputable("the interval of the score was not kept")
    difference = sign * (score - best.score)
    if best.interval is not None:
        better, worse = Estimate(score, low, high), Estimate(best.score, *best.interval)
        pair = (better, worse) if sign > 0 else (worse, better)
        ends = list(difference_interval(*pair))
    else:
        ends = sorted((sign * (low - best.score), sign * (high - best.score)))
    arm = max(difference - ends[0], 1e-12 * abs(score), 1e-300)
    return Lead(best, score, difference, Interval(*ends), 1.96 * difference / arm, critical, "unpaired")
