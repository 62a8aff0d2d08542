"""Rows of several targets: none for a single one; tests/core/training/test_heads.py has a fit of two."""

from dl.plugins.loading import load_plugins
from dl_reports.facts import Facts
from dl_reports.heads import head_rows
from dl_reports.read import read


def test_a_single_target_has_no_rows(simulated):
    assert head_rows(Facts(read(simulated()), load_plugins())) == ()
