"""The time of a workflow: how a limit is divided among the stages, and how long the rest is expected to take."""

from __future__ import annotations

from collections.abc import Sequence

from dl.errors import BadOption
from dl.recipes.protocol import USUAL_FOLDS
from dl.runs.workflow import OVER, Workflow
from dl.stages.stage import Stage
from dl.words import show_seconds

SHORTEST = 10.0  # seconds of a limit
MOST_OF_FINAL = 0.4  # of the limit, which is kept back for the final score
SPARE = 1.2  # times the fits of the final score that are kept back


def check_limit(seconds: float) -> None:
    """Refuse a limit in which no fit could be made.

    Raises:
        BadOption: With the shortest one.
    """
    if 0 < seconds < SHORTEST:
        raise BadOption(
            f"--max-time {seconds:.0f}s: a workflow takes at least {SHORTEST:.0f}s; give it more, or no --max-time"
        )


def allot(left: float, stage: Stage, stages: Sequence[Stage], state: Workflow) -> float:
    """Return the seconds that a stage may take: its share among those that are not over, of what is not kept back.

    The fits of the final score are kept back, so that the stages before cannot use up their time.

    Args:
        left: Seconds until the limit.
        stage: That begins.
        stages: All of them, in order.
        state: As it stands.
    """
    waiting = [one for one in stages if state.stage(one.name).status not in OVER]
    if stage.share == 0.0 or stage is waiting[-1]:
        return max(left, 0.0)
    fits = state.fits if state.fits > 1 else 0
    one_fit = SPARE * state.stage("fit").seconds
    most = min(MOST_OF_FINAL * (state.limit or left), left)  # of what is left it would melt from stage to stage
    if fits > USUAL_FOLDS and fits * one_fit > most:
        fits = USUAL_FOLDS  # one round in place of several
    kept = min(fits * one_fit, most)
    shares = sum(one.share for one in waiting[:-1])
    return max(left - kept, 0.0) * stage.share / shares


def too_short(stage: Stage, seconds: float, state: Workflow) -> str:
    """Return why a stage has no time; empty where it has."""
    needed = stage.least * state.stage("fit").seconds
    if seconds >= needed:
        return ""
    return f"no time: it needs about {show_seconds(needed)}, and its share is {show_seconds(seconds)}"


def expected_left(stages: Sequence[Stage], state: Workflow, now: float = 0.0) -> float:
    """Return the seconds that the stages that are not over are expected to take; 0 while no fit was timed.

    Args:
        stages: All of them.
        state: As it stands.
        now: Seconds that the running stage has taken.
    """
    one_fit = state.stage("fit").seconds
    waiting = [one for one in stages if state.stage(one.name).status not in OVER]
    return max(one_fit * sum(one.expected(state) for one in waiting) - now, 0.0) if one_fit else 0.0
