"""Findings: what a guard or a check has to say, with its evidence and the next command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

SEVERITIES = ("issue", "tip", "note")  # most pressing first


@dataclass(frozen=True)
class Finding:
    """One thing worth saying about a run.

    Args:
        code: Stable and never reused, like ``data-duplicates-across-split``.
        severity: ``issue`` (the result is not what it seems), ``tip`` (could be better) or ``note``.
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
        """Return what is written as JSON."""
        return asdict(self)
