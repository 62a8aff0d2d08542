"""The result of a statistic that the data do not support."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NotComputable:
    """No result, and why; the reason completes the sentence "not computable, because ..."."""

    reason: str

    def __str__(self) -> str:
        return f"not computable, because {self.reason}"
