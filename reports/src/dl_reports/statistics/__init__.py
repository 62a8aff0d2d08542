"""Statistics: pure functions on arrays of what a fit kept, each with the error bar it deserves.

Arrays of a fit are (T, n): a row per epoch, a column per example; epochs count from 0.
A function returns its result, or `NotComputable` with the reason, never a number it cannot stand for.
"""

from dl_reports.statistics.not_computable import NotComputable

__all__ = ["NotComputable"]
