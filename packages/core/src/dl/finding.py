"""Findings of guards and checks, with their evidence and the next command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("issue", "tip", "note")  # most pressing first
DISTRUST = (  # while one of these is an issue, no score is to be praised
    "data-duplicates-across-split",
    "data-near-duplicates",
    "data-groups-in-sight",
    "data-target-in-disguise",
    "data-row-counter",
    "data-dates-mixed",
)


@dataclass(frozen=True)
class Finding:
    """One finding about a run.

    Args:
        code: Stable and never reused, like ``data-duplicates-across-split``.
        severity: ``issue`` (the result is misleading), ``tip`` (could be better) or ``note``.
        message: One sentence with the numbers in it.
        evidence: The numbers by name, for machines.
        next: The exact next command, or an empty string.
    """

    code: str
    severity: str
    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)  # Any: numbers, lists of numbers, names
    next: str = ""

    def as_dict(self) -> dict[str, Any]:  # Any: JSON
        """Return the JSON value."""
        return asdict(self)
