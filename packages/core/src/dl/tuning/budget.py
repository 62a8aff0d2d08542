"""How long a study lasts: a number of trials, a time, or both."""

from __future__ import annotations

from dl.errors import BadOption
from dl.limits import parse_time
from dl.tuning.study import Budget

USUAL_TRIALS = 20


def read_budget(trials: int | None, time: str) -> Budget:
    """Return the budget that was asked for; 20 trials if none was.

    Raises:
        BadOption: For fewer trials than one, or a time that does not parse.
    """
    if trials is not None and trials < 1:
        raise BadOption(f"--trials {trials}: expected a whole number, at least 1")
    seconds = parse_time(time) if time else 0.0
    return Budget(trials or (0 if seconds else USUAL_TRIALS), seconds)


def show_budget(budget: Budget) -> str:
    """Describe a budget: ``20 trials``, ``1h30m``, ``20 trials or 1h30m``."""
    parts = [f"{budget.trials:,} trial{'s' * (budget.trials != 1)}"] if budget.trials else []
    if budget.seconds:
        minutes, seconds = divmod(int(budget.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        shown = zip((hours, minutes, seconds), "hms", strict=True)
        parts.append("".join(f"{count}{unit}" for count, unit in shown if count))
    return " or ".join(parts)
