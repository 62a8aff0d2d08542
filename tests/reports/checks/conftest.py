"""What the tests of the checks share: facts of a simulated fit, and the one finding of a check."""

import pytest

from dl_reports.facts import Facts
from dl_reports.read import read


@pytest.fixture
def facts(simulated, plugins):
    """Facts of a simulated fit."""
    return lambda **fit: Facts(read(simulated(**fit)), plugins)


@pytest.fixture
def finding(facts):
    """The one finding of a check on a simulated fit; None where it finds nothing."""

    def find(check, **fit):
        found = check(facts(**fit))
        assert isinstance(found, list) and len(found) <= 1, found
        return found[0] if found else None

    return find
