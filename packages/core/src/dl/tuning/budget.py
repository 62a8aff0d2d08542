"""How long a study lasts: a number of trials, a time, or both."""

from __future__ import annotations

import re

from dl.errors import BadOption
from dl.options import short_value
from dl.tuning.study import Budget

USUAL_TRIALS = 20
_TIME = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)


def read_budget(trials: int | None, time: str) -> Budget:
    """Return the budget that was asked for; 20 trials if none was.

    Raises:
        BadOption: For fewer trials than one, or a time that does not parse.
    """
    if trials is not None and trials < 1:
        raise BadOption(f"--trials {trials}: expected a whole number, at least 1")
    seconds = parse_time(time) if time else 0.0
    return Budget(trials or (0 if seconds else USUAL_TRIALS), seconds)


def parse_time(text: str) -> float:
    """Return the seconds of a time such as ``20m``, ``1h30m`` or ``90s``.

    Raises:
        BadOption: If it is none, or no time at all.
    """
    found = _TIME.fullmatch(text.strip())
    hours, minutes, seconds = (int(part or 0) for part in found.groups()) if found else (0, 0, 0)
    total = 3600 * hours + 60 * minutes + seconds
    if not total:
        raise BadOption(f"--time {short_value(text)!r}: expected a time such as 20m, 1h30m or 90s")
    return float(total)


def show_budget(budget: Budget) -> str:
    """Describe a budget: ``20 trials``, ``1h30m``, ``20 trials or 1h30m``."""
    parts = [f"{budget.trials:,} trial{'s' * (budget.trials != 1)}"] if budget.trials else []
    if budget.seconds:
        minutes, seconds = divmod(int(budget.seconds), 60)
        hours, minutes = divmod(minutes, 60)
        shown = zip((hours, minutes, seconds), "hms", strict=True)
        parts.append("".join(f"{count}{unit}" for count, unit in shown if count))
    return " or ".join(parts)
