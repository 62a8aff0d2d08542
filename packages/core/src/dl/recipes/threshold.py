"""Rules for a threshold: the probability from which on a task answers yes.

0.3                      a number
auto                     f1 where the task ranks or retrieves and there are rows enough, else 0.5
f1, balanced-accuracy    the greatest
recall:0.95              the greatest precision with at least this recall
precision:0.9            the greatest recall with at least this precision
"""

from __future__ import annotations

from dataclasses import dataclass

from dl.errors import BadOption, nearest
from dl.options import short_value

AUTO, FIXED = "auto", "fixed"
F1, BALANCED, RECALL, PRECISION = "f1", "balanced-accuracy", "recall", "precision"
WITH_SHARE = (RECALL, PRECISION)
FORMS = f"a number between 0 and 1, {AUTO}, {F1}, {BALANCED}, {RECALL}:0.95 or {PRECISION}:0.9"


@dataclass(frozen=True)
class ThresholdRule:
    """How a threshold is chosen.

    Args:
        kind: ``auto``, ``fixed``, or the metric to tune.
        value: The threshold itself, or the least recall or precision.
    """

    kind: str
    value: float = 0.5

    def __str__(self) -> str:
        if self.kind == FIXED:
            return f"{self.value:g}"
        return f"{self.kind}:{self.value:g}" if self.kind in WITH_SHARE else self.kind

    @property
    def is_named(self) -> bool:
        """Whether the user named a metric to tune."""
        return self.kind not in (AUTO, FIXED)


def parse_threshold(text: str) -> ThresholdRule:
    """Parse a rule as it is typed.

    Raises:
        BadOption: If it is none, or a share is out of range.
    """
    kind, colon, share = text.partition(":")
    if not colon and (number := _number(kind)) is not None:
        if not 0 < number < 1:
            raise BadOption(f"threshold={short_value(text)}: a probability lies between 0 and 1")
        return ThresholdRule(FIXED, number)
    if kind in WITH_SHARE:
        least = _number(share)
        if least is None or not 0 < least <= 1:
            raise BadOption(f"threshold={short_value(text)}: expected a {kind} above 0 and at most 1, as {kind}:0.9")
        return ThresholdRule(kind, least)
    if kind in (AUTO, F1, BALANCED) and not colon:
        return ThresholdRule(kind)
    hint = nearest(kind, (AUTO, F1, BALANCED, *WITH_SHARE))
    raise BadOption(f"threshold={short_value(text)}: expected {FORMS}{hint}")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
