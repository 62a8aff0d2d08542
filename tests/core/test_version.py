"""The version: one for all members, as their distributions have it."""

from importlib.metadata import version

import pytest

import dl
from dl.plugins.discovery import OWN
from dl.version import VERSION


@pytest.mark.parametrize("member", sorted(OWN))
def test_every_member_has_the_version_of_dl(member):
    assert version(member) == VERSION == dl.__version__
