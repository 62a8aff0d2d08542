"""What a statistic returns in place of a result that the data cannot carry."""

from dataclasses import dataclass


@dataclass(frozen=True)
class NotComputable:
    """No result, and why; the reason completes the sentence "not computable, because ..."."""

    reason: str

    def __str__(self) -> str:
        return f"not computable, because {self.reason}"
