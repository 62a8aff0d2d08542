"""Checks: each tests the `Facts` of a run for one thing, and returns findings of one code or why it cannot.

A check is a function ``(facts) -> list[Finding] | NotComputable``. Those of dl are registered through the same hook as
those of third parties. Codes are grouped - ``fit-`` the fit, ``data-`` examples and labels, ``health-`` the
optimization - and never reused.
"""
