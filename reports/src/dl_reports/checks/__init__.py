"""Checks: each asks one question of a run's `Facts` and answers with findings of one code, or why it cannot.

A check is a function ``(facts) -> list[Finding] | NotComputable``. Ours are registered through the same hook as a third
party's. Codes are grouped - ``fit-`` how the learning went, ``data-`` what it learnt from, ``health-`` whether training
worked - and never reused.
"""
