"""The door of all curves."""

import pytest

from dl.errors import BadOption


def test_what_is_no_curve_is_refused_with_those_that_are(blobs, study, runs):
    with pytest.raises(BadOption, match="over=date: expected data, capacity, lr; did you mean 'data'"):
        study("curve", blobs(), over="date")
    assert not runs.exists()
