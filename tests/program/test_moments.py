"""Faults in trackers, around detached fits and on one of two devices, at moments drawn at random."""

import pytest

from benchmarks import moments


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A folder with a table, and the rows of a fit of it without a tracker."""
    folder = tmp_path_factory.mktemp("moments")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DL_CACHE", str(folder / "cache"))
        yield folder, moments.prepare(folder)


@pytest.mark.check
@pytest.mark.parametrize(("group", "number"), [("trackers", 0), ("detached", 0), ("ranks", 0)])
def test_a_fit_ends_with_its_result_and_leaves_nothing_behind(group, number, home):
    folder, wanted = home
    what, faults = moments.one(folder, group, number, wanted, seed=7)
    assert faults == [], what


@pytest.mark.slow
@pytest.mark.parametrize("group", moments.GROUPS)
def test_so_it_does_at_every_moment(group, home):
    folder, wanted = home
    found = {number: moments.one(folder, group, number, wanted, seed=8) for number in range(12)}
    assert {number: one for number, one in found.items() if one[1]} == {}
