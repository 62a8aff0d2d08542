"""Statistics: pure functions on the arrays that a fit keeps, each with an interval or a test.

Arrays of a fit are (T, n): a row per epoch, a column per example; epochs count from 0.
A function returns its result, or `NotComputable` with the reason, never a number without support.
"""

from dl_reports.statistics.not_computable import NotComputable

__all__ = ["NotComputable"]
